// The head backwards: chunks of scores are computed again and pulled back at once.

import Optimizers
import VectorKernels

extension StatisticsHead {
  /// Adds the gradient by the stream to `gradient`, and those by the head's weights to `gradients`.
  ///
  /// - Shapes: `gradient` `[rows, d]`; `cotangents`, one for each prediction.
  func pullBack(
    _ cotangents: [RowCotangents], _ kept: Activations, into gradient: Matrix<Float>,
    to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    let (workspace, layout) = (pass.workspace, pass.layout)
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let slope = workspace.matrix(kept.stream.rows, kept.stream.columns, of: Float.self)
    clear(slope.buffer)
    let weightGradient = Matrix(
      gradients.buffer(for: map.weight.name), rows: vocabularyCount, columns: slope.columns)
    for rows in Self.pieces(of: slope.rows, size: Self.blockRows) {
      let (normed, target) = (kept.normed.rows(rows), slope.rows(rows))
      forEachChunk(normed, workspace) { scores, columns in
        statisticsCotangent(
          scores: scores, firstColumn: columns.lowerBound, targets: Array(layout.targets[rows]),
          finished: Array(kept.finished[rows]), cotangents: Array(cotangents[rows]),
          vocabularyCount: vocabularyCount, into: scores)
        let inner = workspace.mark
        defer { workspace.release(to: inner) }
        let upstream = pass.operand(scores)
        Operand.multiply(
          upstream, transposed: true, by: normed, into: weightGradient.rows(columns), accumulating: true)
        Operand.multiply(upstream, by: map.operand.rows(columns), into: target, accumulating: true)
      }
    }
    rootMeanSquareNormGradient(
      upstream: slope, x: kept.stream, weight: norm.values, inverses: kept.inverses, into: slope,
      weightGradient: gradients.buffer(for: norm.name))
    scatterAddRows(slope, layout.sources, to: gradient)
  }
}

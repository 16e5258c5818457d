// The head backwards: chunks of scores, kept or computed again, are pulled back at once.

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
    let lap = PhaseClock.lap(.head)
    defer { lap.end() }
    let (workspace, layout) = (pass.workspace, pass.layout)
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let (rows, width) = (kept.stream.rows, kept.stream.columns)
    let sum: Matrix<Float> = workspace.matrix(rows, width)
    let slopes: Matrix<Scalar> = workspace.operand(rows, Self.chunksPerRound * widest)
    let target = isTrained ? gradients.target(for: [name]) : nil
    let keepsScores = !kept.scores.isEmpty
    forEachRound(workspace, directions: keepsScores ? 1 : 2) { round in
      let backward = round.backward(0)
      let forward = keepsScores ? [] : round.forward(1)
      let other = kept.comparison?.scores.round(round.chunks.indices)
      forEachBlock(of: rows) { rows, room in
        let normed = kept.normed.rows(rows)
        for (place, columns) in round.columns.enumerated() {
          let scores =
            keepsScores
            ? kept.scores[round.chunks.startIndex + place].rows(rows)
            : room.block(0..<rows.count, 0..<columns.count)
          let first = columns.lowerBound - round.all.lowerBound
          let slope = slopes.block(rows, first..<first + columns.count)
          if !keepsScores {
            multiply(normed, by: forward[place], into: scores)
            if let cap { softCap(scores, cap: cap) }
          }
          statisticsCotangent(
            scores: scores, firstColumn: columns.lowerBound, targets: layout.targets[rows],
            finished: kept.finished[rows], cotangents: cotangents[rows], vocabularyCount: vocabularyCount,
            into: slope)
          if let other {
            kept.comparison?.addSlopes(other, rows, chunk: place, cotangents, to: slope)
          }
          if let cap { softCapGradient(slope, capped: scores, cap: cap) }
          multiply(
            slope, by: backward[place], into: sum.rows(rows), accumulating: columns.lowerBound > 0)
        }
      }
      if let target {
        let all = Matrix(target.values, rows: vocabularyCount, columns: width).rows(round.all)
        multiply(
          slopes.block(0..<rows, 0..<round.all.count), transposed: true, by: kept.normed, into: all,
          accumulating: target.isBegun, slopePrecision)
      }
    }
    let byStream: Matrix<Float> = workspace.matrix(rows, width)
    norm.pullBack(
      sum, at: kept.stream, kept.measures, into: byStream, accumulating: false, isTrained: isTrained,
      to: gradients)
    scatterAddRows(byStream, layout.sources, to: gradient)
  }
}

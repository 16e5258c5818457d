// From the stream to what losses need, in chunks of the vocabulary: all scores at once are never held.

import Optimizers
import VectorKernels

/// The last norm, the product with the vocabulary's rows, and the statistics of every prediction.
struct StatisticsHead: Sendable {
  let norm: Parameter
  /// `[V, d]`: the embedding itself where the two are tied.
  let map: LinearMap
  let epsilon: Float

  /// Columns of scores held at a time. Fixed, so that a row's bits do not depend on the batch.
  var chunkColumns = 4096
  /// Rows of scores held at a time.
  static let blockRows = 2048

  /// What the backward pass needs.
  struct Activations {
    /// The stream at the rows that predict.
    let stream: Matrix<Float>
    let normed: Operand
    let inverses: FloatBuffer
    /// The statistics of every prediction, in the layout's order.
    let finished: [RowStatistics.Finished]
  }

  /// How many tokens can be predicted, `V`.
  var vocabularyCount: Int { map.weight.shape[0] }

  /// Scores every prediction.
  ///
  /// - Shapes: `stream` `[rows, d]`.
  func apply(_ stream: Matrix<Float>, _ pass: PassContext) -> Activations {
    let (workspace, layout) = (pass.workspace, pass.layout)
    let picked = workspace.matrix(layout.sources.count, stream.columns, of: Float.self)
    gatherRows(of: stream, layout.sources, into: picked)
    let normed = workspace.matrix(picked.rows, picked.columns, of: Float.self)
    let inverses = workspace.buffer(picked.rows, of: Float.self)
    rootMeanSquareNorm(x: picked, weight: norm.values, epsilon: epsilon, into: normed, inverses: inverses)
    let operand = pass.operand(normed)

    var finished: [RowStatistics.Finished] = []
    for rows in Self.pieces(of: picked.rows, size: Self.blockRows) {
      var state = RowStatistics(rows: rows.count)
      let targets = Array(layout.targets[rows])
      forEachChunk(operand.rows(rows), workspace) { scores, columns in
        accumulateStatistics(scores: scores, firstColumn: columns.lowerBound, targets: targets, into: &state)
      }
      for (row, target) in targets.enumerated() {
        finished.append(state.finished(row: row, target: target, vocabularyCount: vocabularyCount))
      }
    }
    return Activations(stream: picked, normed: operand, inverses: inverses, finished: finished)
  }

  /// Computes the scores of `rows` chunk by chunk; each is gone when `body` returns.
  func forEachChunk(_ rows: Operand, _ workspace: Workspace, _ body: (Matrix<Float>, Range<Int>) -> Void) {
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let vocabulary = map.operand
    let room = workspace.buffer(rows.plain.rows * min(chunkColumns, vocabularyCount), of: Float.self)
    for columns in Self.pieces(of: vocabularyCount, size: chunkColumns) {
      let count = rows.plain.rows * columns.count
      let scores = Matrix(room.window(0..<count), rows: rows.plain.rows, columns: columns.count)
      Operand.multiply(rows, transposed: false, by: vocabulary.rows(columns), transposed: true, into: scores)
      body(scores, columns)
    }
  }

  /// `0..<count` in pieces of `size`, the last one shorter.
  static func pieces(of count: Int, size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }
}

// From the stream to what losses need, in chunks of the vocabulary: all scores at once are never held.

import Optimizers
import VectorKernels

/// The last norm, the product with the vocabulary's rows, and the statistics of every prediction.
struct StatisticsHead<Scalar: ActivationScalar>: Sendable {
  let norm: Norm
  /// `[V, d]`, in chunks of rows: the embedding itself where the two are tied.
  var chunks: [LinearMap<Scalar>]
  let name: ParameterName
  let isTrained: Bool
  let vocabularyCount: Int
  /// What scores stay below in size; nil for no limit.
  let cap: Float?
  /// What products take of numbers.
  let precision: ProductPrecision
  /// What they take of the gradient by scores: in bfloat16 each number by itself, since nearly all of a row is far smaller
  /// than what stands at the target and the few likeliest tokens.
  let slopePrecision: ProductPrecision

  /// Columns of scores that a thread holds at a time, and rows: they stay in its cache.
  ///
  /// Columns are fixed, so that a row's bits do not depend on the batch.
  static var chunkColumns: Int { 512 }
  static var blockRows: Int { 256 }
  /// Chunks whose slopes are held at once on the way back.
  static var chunksPerRound: Int { 8 }

  /// What the backward pass needs.
  struct Activations {
    /// The stream at the rows that predict.
    let stream: Matrix<Float>
    let normed: Matrix<Scalar>
    let measures: Norm.Measures
    /// The statistics of every prediction, in the layout's order.
    let finished: [RowStatistics.Finished]
    /// What a reference comes to, where one is compared.
    var comparison: Comparison?
    /// The scores of every chunk, where they are kept instead of being computed again. Each `[predictions, chunk]`.
    var scores: [Matrix<Float>] = []
  }

  /// A head on the vocabulary's rows in `weights`.
  init(
    norm: Norm, _ weights: JoinedWeights, use: WeightUse, cap: Float?, _ precision: ProductPrecision,
    chunkColumns: Int? = nil
  ) {
    (self.norm, self.cap, self.precision, vocabularyCount) = (norm, cap, precision, weights.rows)
    (name, isTrained) = (weights.names[0], use == .trained)
    let slopes = Scalar.self == Float.self ? precision : precision.byNumber
    slopePrecision = slopes
    chunks = Self.pieces(of: weights.rows, size: chunkColumns ?? Self.chunkColumns).map {
      LinearMap(weights, rows: $0, use: use, precision, slopes: slopes)
    }
  }

  /// Scores every prediction; for the way back, all scores are kept where the pass has room for them.
  ///
  /// - Shapes: `stream` `[rows, d]`.
  func apply(_ stream: Matrix<Float>, forGradients: Bool, _ pass: PassContext) -> Activations {
    let lap = PhaseClock.lap(.head)
    defer { lap.end() }
    let (workspace, layout) = (pass.workspace, pass.layout)
    let picked: Matrix<Float> = workspace.matrix(layout.sources.count, stream.columns)
    gatherRows(of: stream, layout.sources, into: picked)
    let normed: Matrix<Scalar> = workspace.operand(picked.rows, picked.columns)
    let measures = Norm.Measures(rows: picked.rows, pass.configuration, workspace)
    norm.apply(picked, into: normed, measuring: measures)

    let keepsScores = forGradients && keepsScores(picked.rows, limit: pass.scoreLimit)
    let kept: [Matrix<Float>] =
      keepsScores ? chunks.map { workspace.matrix(picked.rows, $0.outputs) } : []
    let state = RowStatistics(rows: picked.rows)
    let compared = pass.request.compared.map { ComparedSums($0, rows: picked.rows) }
    forEachRound(workspace) { round in
      let weights = round.forward(0)
      let other = compared?.scores.round(round.chunks.indices)
      forEachBlock(of: picked.rows) { rows, room in
        for (place, columns) in round.columns.enumerated() {
          let scores =
            keepsScores
            ? kept[round.chunks.startIndex + place].rows(rows) : room.block(0..<rows.count, 0..<columns.count)
          multiply(normed.rows(rows), by: weights[place], into: scores)
          if let cap { softCap(scores, cap: cap) }
          accumulateStatistics(
            scores: scores, firstColumn: columns.lowerBound, targets: layout.targets[rows], into: state,
            firstRow: rows.lowerBound)
          if let other {
            compared?.add(
              scores, chunk: place, firstColumn: columns.lowerBound, other, rows, targets: layout.targets)
          }
        }
      }
    }
    let finished = layout.targets.enumerated().map { row, target in
      state.finished(row: row, target: target, vocabularyCount: vocabularyCount)
    }
    var found = Activations(stream: picked, normed: normed, measures: measures, finished: finished)
    found.comparison = compared?.comparison(
      finished, targets: layout.targets, vocabularyCount: vocabularyCount)
    found.scores = kept
    return found
  }

  /// Writes the scores of all tokens for one row of the stream.
  ///
  /// - Shapes: `stream` `[1, d]`, `scores` `[V]`.
  func score(_ stream: Matrix<Float>, into scores: FloatBuffer, _ pass: PassContext) {
    let workspace = pass.workspace
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let normed: Matrix<Scalar> = workspace.matrix(1, stream.columns)
    norm.apply(stream, into: normed, measuring: Norm.Measures(rows: 1, pass.configuration, workspace))
    var first = 0
    for chunk in chunks {
      let columns = first..<first + chunk.outputs
      chunk.applyExactly(normed, into: Matrix(scores.window(columns), rows: 1, columns: columns.count))
      first = columns.upperBound
    }
    if let cap { softCap(Matrix(scores, rows: 1, columns: scores.count), cap: cap) }
  }

  /// Some chunks that are worked on together.
  struct Round {
    let chunks: ArraySlice<LinearMap<Scalar>>
    /// Each chunk's columns of the scores.
    let columns: [Range<Int>]
    /// Room for laying out every chunk's weights, in each direction.
    let memory: [FloatBuffer]

    /// The columns of all chunks.
    var all: Range<Int> { columns[0].lowerBound..<columns[columns.count - 1].upperBound }

    /// The chunks' weights as right operands; `place` says which part of the memory they may take.
    func forward(_ place: Int) -> [PackedMatrix<Scalar>] {
      zip(chunks, memory[(place * chunks.count)...]).map { chunk, memory in chunk.forward { memory } }
    }

    /// The same for the way back.
    func backward(_ place: Int) -> [PackedMatrix<Scalar>] {
      zip(chunks, memory[(place * chunks.count)...]).map { chunk, memory in chunk.backward { memory } }
    }
  }

  /// Calls `body` for some chunks after others, in their order.
  func forEachRound(_ workspace: Workspace, directions: Int = 1, _ body: (Round) -> Void) {
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let size = layoutCount
    let memory = (0..<directions * Self.chunksPerRound).map { _ in workspace.buffer(size, of: Float.self) }
    var first = 0
    for range in Self.pieces(of: chunks.count, size: Self.chunksPerRound) {
      let columns = chunks[range].map { chunk in
        defer { first += chunk.outputs }
        return first..<first + chunk.outputs
      }
      body(Round(chunks: chunks[range], columns: columns, memory: memory))
    }
  }

  /// Calls `body` for blocks of rows, in parallel, each with room for a chunk's scores.
  ///
  /// Rows do not depend on each other, so their blocks may depend on the number of threads.
  func forEachBlock(of rows: Int, _ body: @Sendable (Range<Int>, Matrix<Float>) -> Void) {
    // Whole tiles of rows; every block reads the weights again.
    let blocks = loopPieces(
      (rows + 31) / 32, threads: KernelPool.shared.freeThreads, smallest: 4, largest: Self.blockRows / 32)
    KernelPool.shared.parallel(blocks.count) { index in
      let places = blocks[index].places
      let block = 32 * places.lowerBound..<min(rows, 32 * places.upperBound)
      withScratch(block.count * widest) { body(block, Matrix($0, rows: block.count, columns: widest)) }
    }
  }

  /// Columns of the widest chunk.
  var widest: Int { chunks.first?.outputs ?? 0 }

  /// Floats of memory that laying out a chunk takes in either direction.
  var layoutCount: Int { chunks.first?.layoutCount ?? 0 }

  /// `0..<count` in pieces of `size`, the last one shorter.
  static func pieces(of count: Int, size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }
}

// A reference's scores beside the policy's: the divergence of every prediction, and its part of the gradient.

import VectorKernels

/// What a forward pass sums up of a reference while it scores.
struct ComparedSums: Sendable {
  let scores: any ComparedScores
  private let statistics: RowStatistics
  private let divergences: DivergenceSums

  /// Nothing seen yet, for `rows` predictions.
  init(_ scores: any ComparedScores, rows: Int) {
    (self.scores, statistics, divergences) = (scores, RowStatistics(rows: rows), DivergenceSums(rows: rows))
  }

  /// Scores a chunk of some predictions with the reference and takes it in beside the policy's `scores`.
  func add(
    _ scores: Matrix<Float>, chunk place: Int, firstColumn: Int, _ round: any ComparedRound,
    _ rows: Range<Int>,
    targets: [Int32]
  ) {
    let its = Matrix<Float>(rows: scores.rows, columns: scores.columns)
    round.score(rows, chunk: place, into: its)
    accumulateStatistics(
      scores: its, firstColumn: firstColumn, targets: targets[rows], into: statistics,
      firstRow: rows.lowerBound)
    accumulateDivergence(scores: scores, reference: its, into: divergences, firstRow: rows.lowerBound)
  }

  /// The divergences, once every chunk has been added; `finished` are the policy's statistics.
  func comparison(_ finished: [RowStatistics.Finished], targets: [Int32], vocabularyCount: Int) -> Comparison
  {
    let its = targets.enumerated().map { row, target in
      statistics.finished(row: row, target: target, vocabularyCount: vocabularyCount)
    }
    return Comparison(
      scores: scores, finished: its, logSums: its.map(\.logSum),
      divergences: finished.indices.map {
        divergences.divergence(row: $0, logSum: finished[$0].logSum, referenceLogSum: its[$0].logSum)
      })
  }
}

/// A reference's scores beside the policy's, of every prediction.
struct Comparison {
  let scores: any ComparedScores
  /// The statistics of the reference's scores.
  let finished: [RowStatistics.Finished]
  /// `log Σ exp` of the reference's scores.
  let logSums: [Double]
  /// `KL(reference ‖ policy)`, in nats.
  let divergences: [Double]

  /// Adds the reference's part of the gradient by a chunk of some predictions' scores. `slopes`: `[rows, chunk]`.
  func addSlopes<Scalar: ActivationScalar>(
    _ round: any ComparedRound, _ rows: Range<Int>, chunk place: Int, _ cotangents: [RowCotangents],
    to slopes: Matrix<Scalar>
  ) {
    let its = Matrix<Float>(rows: slopes.rows, columns: slopes.columns)
    round.score(rows, chunk: place, into: its)
    addReferenceSlopes(reference: its, logSums: logSums[rows], cotangents: cotangents[rows], to: slopes)
  }
}

// What the head keeps of each row of scores instead of the scores: running sums, and their gradient.

import VectorKernelsInterface

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Running sums over the scores of each row, filled chunk by chunk of the vocabulary. Copies share the sums.
public struct RowStatistics: Sendable {
  let sums: AlignedBuffer<ScoreSums>
  let targetScores: FloatBuffer

  /// Nothing seen yet, for `rows` rows.
  public init(rows: Int) {
    sums = AlignedBuffer(count: rows)
    targetScores = FloatBuffer(count: rows)
    for row in 0..<rows { (sums[row], targetScores[row]) = (ScoreSums(), .nan) }
  }

  /// How many rows are counted.
  public var rows: Int { sums.count }

  /// What a row's distribution `p = softmax(s)` over `V` scores comes to.
  public struct Finished: Sendable, Equatable {
    /// `log Σ exp(s)`
    public var logSum: Double
    /// `log p[target]`, in nats; NaN where no chunk held the target.
    public var logProbability: Double
    /// `−Σ p log p`, in nats
    public var entropy: Double
    /// `log Σ p²`, in nats
    public var logCollision: Double
    /// `Σ s / V`
    public var meanScore: Double
    /// The first column with the largest score.
    public var argmax: Int
    /// Whether the target's score is the largest; on a tie, whether it comes first.
    public var isArgmax: Bool
  }

  /// Row `row`'s statistics, once every chunk has been accumulated.
  public func finished(row: Int, target: Int32, vocabularyCount: Int) -> Finished {
    let row = (sums: sums[row], target: Double(targetScores[row]))
    let logExponentials = Oracle.logarithm(row.sums.exponentials)
    let logSum = Double(row.sums.largest) + logExponentials
    return Finished(
      logSum: logSum,
      // Both differences are exact or nearly so; their sum keeps the digits that target − logSum loses.
      logProbability: (row.target - Double(row.sums.largest)) - logExponentials,
      entropy: max(0, logExponentials - row.sums.weightedScores / row.sums.exponentials),
      logCollision: Oracle.logarithm(row.sums.squares) - 2 * logExponentials,
      meanScore: row.sums.scores / Double(vocabularyCount),
      argmax: row.sums.argmax,
      isArgmax: row.sums.argmax == Int(target))
  }
}

/// Adds a chunk of some rows' scores, columns `firstColumn…` of the vocabulary, to `state`.
///
/// A target outside the chunk is left for another chunk; a negative one is never met. Threads may add to
/// different rows at once.
/// - Shapes: `scores` `[rows, chunk]`, `targets` `[rows]`: the rows of `state` from `firstRow` on.
public func accumulateStatistics(
  scores: Matrix<Float>, firstColumn: Int, targets: ArraySlice<Int32>, into state: RowStatistics,
  firstRow: Int = 0
) {
  precondition(
    targets.count == scores.rows && firstRow >= 0 && firstRow + scores.rows <= state.rows,
    "accumulateStatistics: \(scores.rows) rows and \(targets.count) targets from row \(firstRow) of \(state.rows)"
  )
  forEachRowRange(scores.rows, columns: scores.columns) { range in
    for i in range {
      let column = Int(targets[targets.startIndex + i]) - firstColumn
      if column >= 0 && column < scores.columns {
        state.targetScores.base[firstRow + i] = scores.row(i)[column]
      }
      activeKernels.accumulate(scores.row(i), firstColumn, scores.columns, &state.sums.base[firstRow + i])
    }
  }
}

/// The derivatives of an objective by one row's statistics.
public struct RowCotangents: Sendable, Equatable {
  public var logProbability: Double, entropy: Double, logCollision: Double, meanScore: Double
  /// By the divergence from a reference, `KL(q ‖ p)`.
  public var divergence: Double

  /// Those not named are 0.
  public init(
    logProbability: Double = 0, entropy: Double = 0, logCollision: Double = 0, meanScore: Double = 0,
    divergence: Double = 0
  ) {
    (self.logProbability, self.entropy, self.divergence) = (logProbability, entropy, divergence)
    (self.logCollision, self.meanScore) = (logCollision, meanScore)
  }
}

/// Writes the derivative of the objective by each score of a chunk.
///
/// With `p = softmax(s)`, `H` its entropy, `C = Σ p²` and `V` the size of the vocabulary,
///
///     ∂log p[t]/∂s = δ[t] − p      ∂H/∂s = −p·(log p + H)
///     ∂log C/∂s = 2·(p²/C − p)     ∂mean/∂s = 1/V
///
/// and `∂KL(q ‖ p)/∂s = p − q`, of which `q`'s part is added by ``addReferenceSlopes(reference:logSums:cotangents:to:)``.
///
/// - Shapes: `scores` and `out` `[rows, chunk]`, may be the same; `targets`, `finished`, `cotangents` `[rows]`.
public func statisticsCotangent<Scalar: ActivationScalar>(
  scores: Matrix<Float>, firstColumn: Int, targets: ArraySlice<Int32>,
  finished: ArraySlice<RowStatistics.Finished>, cotangents: ArraySlice<RowCotangents>, vocabularyCount: Int,
  into out: Matrix<Scalar>
) {
  requireEqualShapes(scores, out, "statisticsCotangent")
  precondition(
    targets.count == scores.rows && finished.count == scores.rows && cotangents.count == scores.rows,
    "statisticsCotangent: \(targets.count) targets, \(finished.count) statistics, \(cotangents.count) "
      + "cotangents for \(scores.rows) rows")
  forEachRowRange(scores.rows, columns: scores.columns) { range in
    for i in range {
      let target = targets[targets.startIndex + i]
      let (row, by) = (finished[finished.startIndex + i], cotangents[cotangents.startIndex + i])
      let collision = by.logCollision == 0 ? 0 : 2 * by.logCollision / Oracle.exponential(row.logCollision)
      let slopes = ScoreSlopes(
        logSum: Float(row.logSum),
        probability: Float(
          by.divergence - by.logProbability - by.entropy * row.entropy - 2 * by.logCollision),
        entropy: Float(-by.entropy), collision: Float(collision),
        constant: Float(by.meanScore / Double(vocabularyCount)))
      let column = Int(target) - firstColumn
      guard column >= 0 && column < scores.columns else {
        activeKernels.cotangent(scores.row(i), slopes, out.scalars(i), scores.columns)
        continue
      }
      // The target's own term is added before anything is rounded.
      let score = scores.row(i)[column]
      activeKernels.cotangent(scores.row(i), slopes, out.scalars(i), scores.columns)
      var slope: Float = 0
      withUnsafeMutablePointer(to: &slope) { slope in
        withUnsafePointer(to: score) {
          activeKernels.cotangent($0, slopes, MutableScalars(slope, isBrainFloat: false), 1)
        }
      }
      out.set(slope + Float(by.logProbability), i, column)
    }
  }
}

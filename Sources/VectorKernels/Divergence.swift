// How far rows of one model's scores are from another's, chunk by chunk of the vocabulary, and the gradient.

import VectorKernelsInterface

/// One row's running sums, relative to the largest score of the reference so far.
struct DivergenceSum: BitwiseCopyable {
  var largest: Float
  /// `Σ exp(r − largest)`
  var exponentials: Double
  /// `Σ exp(r − largest)·(r − s)`
  var differences: Double
}

/// Running sums towards `KL(softmax(r) ‖ softmax(s))` of each row, filled chunk by chunk. Copies share the sums.
///
///     KL = Σ q (r − s) − log Σ exp(r) + log Σ exp(s),   q = softmax(r)
public struct DivergenceSums: Sendable {
  let sums: AlignedBuffer<DivergenceSum>

  /// Nothing seen yet, for `rows` rows.
  public init(rows: Int) {
    sums = AlignedBuffer(count: rows)
    for row in 0..<rows { sums[row] = DivergenceSum(largest: -.infinity, exponentials: 0, differences: 0) }
  }

  /// Row `row`'s divergence in nats, once every chunk has been accumulated; never negative.
  ///
  /// - Parameters: `logSum` and `referenceLogSum` are `log Σ exp` of the two rows of scores; where the rows are
  ///   equal to the bit, so are these, and the divergence is 0.
  public func divergence(row: Int, logSum: Double, referenceLogSum: Double) -> Double {
    max(0, sums[row].differences / sums[row].exponentials - referenceLogSum + logSum)
  }
}

/// Adds a chunk of some rows' scores to `state`.
///
/// - Shapes: `scores` `s` and `reference` `r` `[rows, chunk]`: the rows of `state` from `firstRow` on.
public func accumulateDivergence(
  scores: Matrix<Float>, reference: Matrix<Float>, into state: DivergenceSums, firstRow: Int = 0
) {
  requireEqualShapes(scores, reference, "accumulateDivergence")
  precondition(
    firstRow >= 0 && firstRow + scores.rows <= state.sums.count,
    "accumulateDivergence: \(scores.rows) rows from row \(firstRow) of \(state.sums.count)")
  let count = scores.columns
  forEachRowRange(scores.rows, columns: 2 * count) { range in
    let (shares, gaps) = (FloatBuffer(count: count), FloatBuffer(count: count))
    for i in range {
      let (mine, its) = (scores.row(i), reference.row(i))
      var sum = state.sums.base[firstRow + i]
      var largest = sum.largest
      for j in 0..<count { largest = max(largest, its[j]) }
      guard largest > -.infinity else { continue }
      for j in 0..<count {
        shares.base[j] = its[j] - largest
        // Scores that are masked out on both sides are no difference.
        gaps.base[j] = its[j] == mine[j] ? 0 : its[j] - mine[j]
      }
      activeKernels.exponential(shares.base, shares.base, count)
      let scale = sum.exponentials == 0 ? 0 : Oracle.exponential(Double(sum.largest) - Double(largest))
      sum.exponentials = sum.exponentials * scale + activeKernels.sum(shares.base, count)
      sum.differences = sum.differences * scale + activeKernels.dot(shares.base, gaps.base, count)
      sum.largest = largest
      state.sums.base[firstRow + i] = sum
    }
  }
}

/// Takes `weight · q` off each row of slopes, `q = softmax(r)`: the reference's part of the divergence's gradient.
///
/// With `p = softmax(s)`, `∂KL/∂s = p − q`; what `p` contributes is ``RowCotangents/divergence``.
/// - Shapes: `reference` `r` and `slopes` `[rows, chunk]`, `logSums` (`log Σ exp(r)`) and `cotangents` `[rows]`.
public func addReferenceSlopes<Scalar: ActivationScalar>(
  reference: Matrix<Float>, logSums: ArraySlice<Double>, cotangents: ArraySlice<RowCotangents>,
  to slopes: Matrix<Scalar>
) {
  requireEqualShapes(reference, slopes, "addReferenceSlopes")
  precondition(
    logSums.count == slopes.rows && cotangents.count == slopes.rows,
    "addReferenceSlopes: \(logSums.count) sums and \(cotangents.count) cotangents for \(slopes.rows) rows")
  let count = slopes.columns
  forEachRowRange(slopes.rows, columns: count) { range in
    let shares = FloatBuffer(count: count)
    for i in range {
      let weight = cotangents[cotangents.startIndex + i].divergence
      guard weight != 0 else { continue }
      let (its, logSum) = (reference.row(i), Float(logSums[logSums.startIndex + i]))
      for j in 0..<count { shares.base[j] = its[j] - logSum }
      activeKernels.exponential(shares.base, shares.base, count)
      activeKernels.scale(shares.base, Float(-weight), count)
      activeKernels.add(shares.base, slopes.scalars(i), count)
    }
  }
}

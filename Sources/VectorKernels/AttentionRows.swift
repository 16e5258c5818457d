// Rows of attention scores: weights, gradients and the mixture's scale, stored as activations are.

import VectorKernelsInterface

extension AlignedBuffer<Float> {
  /// The same memory, to be overwritten with scalars of another type.
  public func reused<Other: ActivationScalar>(as type: Other.Type = Other.self) -> AlignedBuffer<Other> {
    AlignedBuffer<Other>(
      allocation, byteOffset: UnsafeMutableRawPointer(base) - allocation.base,
      count: count * MemoryLayout<Float>.stride / MemoryLayout<Other>.stride)
  }
}

extension Matrix<Float> {
  /// The same rows in the same memory, to be overwritten with scalars that are no wider.
  fileprivate func reused<Narrow: ActivationScalar>(as type: Narrow.Type) -> Matrix<Narrow> {
    Matrix<Narrow>(
      buffer.reused(as: type), rows: rows, columns: columns,
      rowStride: rowStride * (MemoryLayout<Float>.stride / MemoryLayout<Narrow>.stride))
  }
}

/// Replaces rows of scores by attention weights that still lack a common factor, in the same memory.
///
///     e_ij = exp(scale·(s_ij − max_j s_ij)),   inverse_i = 1 / Σ_j e_ij
///
/// Row `i` sees its first `visible + i mod period` columns; the others become 0. Serial: attention runs many
/// blocks at once. A row's weights do not depend on how many hidden columns stand behind the visible ones.
/// - Shapes: `scores` `[rows, columns]`, `inverses` `[rows]`.
/// - Precondition: `columns` is a multiple of 16 and no row sees more than them.
public func attentionWeights<Scalar: ActivationScalar>(
  _ scores: Matrix<Float>, scale: Float, visible: Int, period: Int, as type: Scalar.Type = Scalar.self,
  inverses: FloatBuffer
) -> Matrix<Scalar> {
  requireAttentionRows(scores, visible, period, "attentionWeights")
  precondition(
    inverses.count >= scores.rows, "attentionWeights: \(inverses.count) factors for \(scores.rows) rows")
  let weights = scores.reused(as: type)
  let brainFloats = weights as? Matrix<UInt16>
  for i in 0..<scores.rows {
    let (row, seen) = (scores.row(i), visible + i % period)
    if let brainFloats {
      inverses.base[i] = activeKernels.exponentiate(
        row, scale, seen, scores.columns, into: brainFloats.row(i))
    } else {
      inverses.base[i] = activeKernels.exponentiate(row, scale, seen, scores.columns, into: row)
    }
  }
  return weights
}

/// Replaces rows of scores by attention weights, and rows of slopes by gradients, each in the same memory.
///
///     p = softmax(scale·s),   gradient = scale·p·(slope − Σ p·slope)
///
/// - Shapes: `scores` and `slopes` `[rows, columns]`; see `attentionWeights`.
/// - Precondition: as of `attentionWeights`.
public func attentionGradients<Scalar: ActivationScalar>(
  _ scores: Matrix<Float>, slopes: Matrix<Float>, scale: Float, visible: Int, period: Int,
  as type: Scalar.Type = Scalar.self
) -> (weights: Matrix<Scalar>, gradients: Matrix<Scalar>) {
  requireAttentionRows(scores, visible, period, "attentionGradients")
  requireEqualShapes(scores, slopes, "attentionGradients")
  let (weights, gradients) = (scores.reused(as: type), slopes.reused(as: type))
  let (brainWeights, brainGradients) = (weights as? Matrix<UInt16>, gradients as? Matrix<UInt16>)
  for i in 0..<scores.rows {
    let (row, slope, seen) = (scores.row(i), slopes.row(i), visible + i % period)
    if let weights = brainWeights, let gradients = brainGradients {
      activeKernels.softmaxGradient(
        row, slope, scale, seen, scores.columns, shares: weights.row(i), gradient: gradients.row(i))
    } else {
      activeKernels.softmaxGradient(row, slope, scale, seen, scores.columns, shares: row, gradient: slope)
    }
  }
  return (weights, gradients)
}

private func requireAttentionRows(
  _ scores: Matrix<Float>, _ visible: Int, _ period: Int, _ operation: StaticString
) {
  precondition(
    scores.columns % 16 == 0 && visible >= 1 && period >= 1
      && visible + min(period, max(1, scores.rows)) - 1 <= scores.columns,
    "\(operation): rows see \(visible) columns and up to \(period - 1) more of \(scores.columns)")
}

/// Writes row `i` of `x`, times `factors[i]`, to row `i` of `y`.
public func scaleRows<Scalar: ActivationScalar>(
  _ x: Matrix<Float>, by factors: FloatBuffer, into y: Matrix<Scalar>
) {
  precondition(
    x.rows == y.rows && x.columns == y.columns && factors.count >= x.rows,
    "scaleRows: \(x.rows) × \(x.columns) by \(factors.count) factors into \(y.rows) × \(y.columns)")
  if let y = y as? Matrix<UInt16> {
    for i in 0..<x.rows { activeKernels.scaled(x.row(i), factors.base[i], x.columns, into: y.row(i)) }
  } else if let y = y as? Matrix<Float> {
    for i in 0..<x.rows { activeKernels.scaled(x.row(i), factors.base[i], x.columns, into: y.row(i)) }
  }
}

/// Writes `factor·x`, rounded to what `Scalar` holds, to `y`, on the calling thread.
public func storeRows<Scalar: ActivationScalar>(
  _ x: Matrix<Float>, times factor: Float = 1, into y: Matrix<Scalar>
) {
  precondition(
    x.rows == y.rows && x.columns == y.columns,
    "storeRows: \(x.rows) × \(x.columns) into \(y.rows) × \(y.columns)")
  if let y = y as? Matrix<UInt16> {
    for i in 0..<x.rows { activeKernels.scaled(x.row(i), factor, x.columns, into: y.row(i)) }
  } else if let y = y as? Matrix<Float> {
    for i in 0..<x.rows { activeKernels.scaled(x.row(i), factor, x.columns, into: y.row(i)) }
  }
}

/// Adds `x` to `y`, row by row, on the calling thread.
public func addRows(_ x: Matrix<Float>, to y: Matrix<Float>) {
  requireEqualShapes(x, y, "addRows")
  for i in 0..<x.rows { activeKernels.add(x.row(i), y.row(i), x.columns) }
}

/// Writes zeros, row by row, on the calling thread.
public func clearRows<Scalar: ActivationScalar>(_ x: Matrix<Scalar>) {
  for i in 0..<x.rows {
    UnsafeMutableRawPointer(x.row(i)).initializeMemory(
      as: UInt8.self, repeating: 0, count: x.columns * MemoryLayout<Scalar>.stride)
  }
}

/// Copies `x` to `y`, row by row, on the calling thread.
public func copyRows<Scalar: BitwiseCopyable>(_ x: Matrix<Scalar>, into y: Matrix<Scalar>) {
  precondition(
    x.rows == y.rows && x.columns == y.columns,
    "copyRows: \(x.rows) × \(x.columns) into \(y.rows) × \(y.columns)")
  for i in 0..<x.rows { y.row(i).update(from: x.row(i), count: x.columns) }
}

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
/// Row `i` sees its first `visible + i mod period` columns, but only the last `window` of them; the others become 0.
/// Serial: attention runs many blocks at once. A row's weights do not depend on how many hidden columns stand behind
/// the visible ones.
/// - Shapes: `scores` `[rows, columns]`, `inverses` `[rows]`.
/// - Precondition: `columns` is a multiple of 16 and no row sees more than them; where there is a window, rows are at
///   least 16 further apart than they are wide.
public func attentionWeights<Scalar: ActivationScalar>(
  _ scores: Matrix<Float>, scale: Float, visible: Int, period: Int, window: Int? = nil,
  as type: Scalar.Type = Scalar.self, inverses: FloatBuffer
) -> Matrix<Scalar> {
  requireAttentionRows(scores, visible, period, window, "attentionWeights")
  precondition(
    inverses.count >= scores.rows, "attentionWeights: \(inverses.count) factors for \(scores.rows) rows")
  let weights = scores.reused(as: type)
  for i in 0..<scores.rows {
    let (first, seen, columns) = visibleColumns(visible + i % period, window, scores.columns)
    let row = scores.row(i) + first
    if let words = weights.brainFloats(i, from: first) {
      inverses.base[i] = activeKernels.exponentiate(row, scale, seen, columns, into: words)
    } else {
      inverses.base[i] = activeKernels.exponentiate(row, scale, seen, columns, into: row)
    }
    if first > 0 { clearRows(weights.block(i..<i + 1, 0..<first)) }
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
  _ scores: Matrix<Float>, slopes: Matrix<Float>, scale: Float, visible: Int, period: Int, window: Int? = nil,
  as type: Scalar.Type = Scalar.self
) -> (weights: Matrix<Scalar>, gradients: Matrix<Scalar>) {
  requireAttentionRows(scores, visible, period, window, "attentionGradients")
  requireEqualShapes(scores, slopes, "attentionGradients")
  let (weights, gradients) = (scores.reused(as: type), slopes.reused(as: type))
  for i in 0..<scores.rows {
    let (first, seen, columns) = visibleColumns(visible + i % period, window, scores.columns)
    let (row, slope) = (scores.row(i) + first, slopes.row(i) + first)
    if let shares = weights.brainFloats(i, from: first), let words = gradients.brainFloats(i, from: first) {
      activeKernels.softmaxGradient(row, slope, scale, seen, columns, shares: shares, gradient: words)
    } else {
      activeKernels.softmaxGradient(row, slope, scale, seen, columns, shares: row, gradient: slope)
    }
    if first > 0 {
      clearRows(weights.block(i..<i + 1, 0..<first))
      clearRows(gradients.block(i..<i + 1, 0..<first))
    }
  }
  return (weights, gradients)
}

/// The first column that a row sees, how many it sees from there on, and how many are written from there on: in
/// whole vectors, of which the last may reach into the space between two rows.
private func visibleColumns(_ visible: Int, _ window: Int?, _ columns: Int) -> (Int, Int, Int) {
  guard let window, visible > window else { return (0, visible, columns) }
  let first = visible - window
  return (first, window, (columns - first + 15) / 16 * 16)
}

private func requireAttentionRows(
  _ scores: Matrix<Float>, _ visible: Int, _ period: Int, _ window: Int?, _ operation: StaticString
) {
  precondition(
    scores.columns % 16 == 0 && visible >= 1 && period >= 1
      && visible + min(period, max(1, scores.rows)) - 1 <= scores.columns,
    "\(operation): rows see \(visible) columns and up to \(period - 1) more of \(scores.columns)")
  precondition(
    window.map { $0 >= 1 && scores.rowStride >= scores.columns + 16 } ?? true,
    "\(operation): a window of \(window ?? 0), rows \(scores.rowStride) apart")
}

/// Writes row `i` of `x`, times `factors[i]`, to row `i` of `y`.
public func scaleRows<Scalar: ActivationScalar>(
  _ x: Matrix<Float>, by factors: FloatBuffer, into y: Matrix<Scalar>
) {
  precondition(
    x.rows == y.rows && x.columns == y.columns && factors.count >= x.rows,
    "scaleRows: \(x.rows) × \(x.columns) by \(factors.count) factors into \(y.rows) × \(y.columns)")
  for i in 0..<x.rows { storeRow(i, of: x, times: factors.base[i], into: y) }
}

/// Writes `factor·x`, rounded to what `Scalar` holds, to `y`, on the calling thread.
public func storeRows<Scalar: ActivationScalar>(
  _ x: Matrix<Float>, times factor: Float = 1, into y: Matrix<Scalar>
) {
  precondition(
    x.rows == y.rows && x.columns == y.columns,
    "storeRows: \(x.rows) × \(x.columns) into \(y.rows) × \(y.columns)")
  for i in 0..<x.rows { storeRow(i, of: x, times: factor, into: y) }
}

@inline(__always)
private func storeRow<Scalar: ActivationScalar>(
  _ row: Int, of x: Matrix<Float>, times factor: Float, into y: Matrix<Scalar>
) {
  if let words = y.brainFloats(row) {
    activeKernels.scaled(x.row(row), factor, x.columns, into: words)
  } else {
    let numbers = UnsafeMutableRawPointer(y.row(row)).assumingMemoryBound(to: Float.self)
    activeKernels.scaled(x.row(row), factor, x.columns, into: numbers)
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
  for i in 0..<x.rows {
    UnsafeMutableRawPointer(y.row(i)).copyMemory(
      from: x.row(i), byteCount: x.columns * MemoryLayout<Scalar>.stride)
  }
}

// Row-wise kernels: look-up and its gradient, norms, rotary positions and gates.

import VectorKernelsInterface

extension Matrix {
  /// The address of row `row`; the caller keeps it within bounds.
  @inline(__always)
  func row(_ row: Int) -> UnsafeMutablePointer<Scalar> { buffer.base + row * rowStride }
}

/// Calls `body` with consecutive ranges of rows that hold enough elements each to be worth a thread.
func forEachRowRange(_ rows: Int, columns: Int, _ body: @Sendable (Range<Int>) -> Void) {
  let step = max(1, blockLength / 2 / max(1, columns))
  let pieces = (rows + step - 1) / step
  if pieces <= 1 { return body(0..<rows) }
  KernelPool.shared.parallel(pieces) { body($0 * step..<min(rows, ($0 + 1) * step)) }
}

/// Traps unless two matrices are of one shape.
func requireEqualShapes(_ a: Matrix<Float>, _ b: Matrix<Float>, _ operation: StaticString) {
  precondition(
    a.rows == b.rows && a.columns == b.columns,
    "\(operation): \(a.rows) × \(a.columns) and \(b.rows) × \(b.columns)")
}

/// Copies row `ids[i]` of `table` to row `i` of `rows`.
public func gatherRows(of table: Matrix<Float>, _ ids: [Int32], into rows: Matrix<Float>) {
  requireRows(rows, ids, table, "gatherRows")
  forEachRowRange(ids.count, columns: rows.columns) { range in
    for i in range { rows.row(i).update(from: table.row(Int(ids[i])), count: rows.columns) }
  }
}

/// Adds row `i` of `rows` to row `ids[i]` of `table`, in the order of `i`.
public func scatterAddRows(_ rows: Matrix<Float>, _ ids: [Int32], to table: Matrix<Float>) {
  requireRows(rows, ids, table, "scatterAddRows")
  for i in 0..<ids.count { activeKernels.add(rows.row(i), table.row(Int(ids[i])), rows.columns) }
}

private func requireRows(
  _ rows: Matrix<Float>, _ ids: [Int32], _ table: Matrix<Float>, _ operation: StaticString
) {
  precondition(
    rows.rows == ids.count && rows.columns == table.columns,
    "\(operation): \(ids.count) rows of \(table.columns), got \(rows.rows) of \(rows.columns)")
  for id in ids {
    precondition(id >= 0 && id < table.rows, "\(operation): row \(id) of \(table.rows)")
  }
}

/// Writes `weight·x/√(mean(x²) + ε)`, row by row, and the factors `1/√(…)` that the gradient needs.
///
/// - Shapes: `x` and `y` are `[rows, d]`, `weight` `[d]`, `inverses` `[rows]`; `y` may be `x`.
public func rootMeanSquareNorm(
  x: Matrix<Float>, weight: FloatBuffer, epsilon: Float, into y: Matrix<Float>, inverses: FloatBuffer
) {
  requireEqualShapes(x, y, "rootMeanSquareNorm")
  requireNorm(x, weight, inverses, "rootMeanSquareNorm")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      inverses.base[i] = activeKernels.normalize(x.row(i), weight.base, epsilon, y.row(i), x.columns)
    }
  }
}

/// Writes, or adds to `dx`, the gradient by `x`; adds the gradient by `weight` to `weightGradient`.
///
/// - Shapes: as in `rootMeanSquareNorm`; `upstream` and `dx` are `[rows, d]` and may be the same.
public func rootMeanSquareNormGradient(
  upstream: Matrix<Float>, x: Matrix<Float>, weight: FloatBuffer, inverses: FloatBuffer,
  into dx: Matrix<Float>, accumulating: Bool = false, weightGradient: FloatBuffer?
) {
  requireEqualShapes(upstream, x, "rootMeanSquareNormGradient")
  requireEqualShapes(dx, x, "rootMeanSquareNormGradient")
  requireNorm(x, weight, inverses, "rootMeanSquareNormGradient")
  if let weightGradient {
    precondition(
      weightGradient.count == x.columns,
      "rootMeanSquareNormGradient: \(weightGradient.count) weights for \(x.columns) columns")
    // Split by columns, so that every weight's sum runs over the rows in their order.
    let width = 64
    KernelPool.shared.parallel((x.columns + width - 1) / width) { piece in
      let start = piece * width
      let count = min(width, x.columns - start)
      for i in 0..<x.rows {
        activeKernels.addScaledProduct(
          upstream.row(i) + start, x.row(i) + start, inverses.base[i], weightGradient.base + start, count)
      }
    }
  }
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      activeKernels.normalizeGradient(
        upstream.row(i), x.row(i), weight.base, inverses.base[i], dx.row(i), accumulating, x.columns)
    }
  }
}

private func requireNorm(
  _ x: Matrix<Float>, _ weight: FloatBuffer, _ inverses: FloatBuffer, _ operation: StaticString
) {
  precondition(
    weight.count == x.columns && inverses.count == x.rows,
    "\(operation): \(weight.count) weights and \(inverses.count) factors for \(x.rows) × \(x.columns)")
}

/// Turns pairs of columns by their token's angles, in place; `inverse` turns them back (the gradient).
///
/// Column `i` of a head pairs with column `i + headWidth/2`, as in the Llama family.
/// - Shapes: `x` `[tokens, heads·headWidth]`; row `t` of `cosines` and `sines` `[tokens, headWidth/2]` is token `t`'s.
public func rotate(
  x: Matrix<Float>, headWidth: Int, cosines: Matrix<Float>, sines: Matrix<Float>, inverse: Bool = false
) {
  precondition(
    headWidth > 0 && headWidth % 2 == 0 && x.columns % headWidth == 0,
    "rotate: heads of \(headWidth) in \(x.columns) columns")
  requireEqualShapes(cosines, sines, "rotate")
  precondition(
    cosines.rows == x.rows && cosines.columns == headWidth / 2,
    "rotate: angles \(cosines.rows) × \(cosines.columns) for \(x.rows) tokens, heads of \(headWidth)")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for t in range {
      activeKernels.rotate(
        x.row(t), x.columns / headWidth, headWidth, cosines.row(t), sines.row(t), inverse)
    }
  }
}

/// Writes `gate·σ(gate)·up`; `out` may be either operand.
public func gatedSiLU(gate: FloatBuffer, up: FloatBuffer, into out: FloatBuffer) {
  requireEqualCounts(gate, up, "gatedSiLU")
  requireEqualCounts(gate, out, "gatedSiLU")
  forEachBlock(of: gate.count) {
    activeKernels.gatedSiLU(gate.base + $0, up.base + $0, out.base + $0, $1)
  }
}

/// Writes the gradients of `gatedSiLU` by both operands; each may overwrite an input.
public func gatedSiLUGradient(
  upstream: FloatBuffer, gate: FloatBuffer, up: FloatBuffer, gateGradient: FloatBuffer,
  upGradient: FloatBuffer
) {
  for other in [gate, up, gateGradient, upGradient] {
    requireEqualCounts(upstream, other, "gatedSiLUGradient")
  }
  forEachBlock(of: gate.count) {
    activeKernels.gatedSiLUGradient(
      upstream.base + $0, gate.base + $0, up.base + $0, gateGradient.base + $0, upGradient.base + $0, $1)
  }
}

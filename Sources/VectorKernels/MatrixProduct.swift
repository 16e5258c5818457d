// Matrix products: every element of the result is one sum over k, in the order of k.

/// Writes `a·b` into `c`, or adds it; either operand may be given transposed.
///
/// An element's bits depend on its row of `a` and its column of `b` alone, not on threads or on other rows.
/// - Shapes: `a` `[m, k]` (transposed: `[k, m]`), `b` `[k, n]` (transposed: `[n, k]`), `c` `[m, n]`, apart from both.
public func multiply(
  _ a: Matrix<Float>, transposed aTransposed: Bool, by b: Matrix<Float>,
  transposed bTransposed: Bool = false, into c: Matrix<Float>, accumulating: Bool = false,
  _ precision: ProductPrecision = .full
) {
  activeMachine.multiply(
    a, transposed: aTransposed, by: b, transposed: bTransposed, into: .plain(c), accumulating: accumulating,
    precision.forTerms(aTransposed ? a.rows : a.columns))
}

/// Writes `a·b` of bfloat16 matrices into `c`, or adds it, summing in single precision.
///
/// - Shapes: as for single-precision operands.
public func multiply(
  _ a: Matrix<UInt16>, transposed aTransposed: Bool, by b: Matrix<UInt16>,
  transposed bTransposed: Bool = false, into c: Matrix<Float>, accumulating: Bool = false,
  _ precision: ProductPrecision = .full
) {
  activeMachine.multiply(
    a, transposed: aTransposed, by: b, transposed: bTransposed, into: .plain(c), accumulating: accumulating,
    precision.forTerms(aTransposed ? a.rows : a.columns, isBrainFloat: true))
}

/// Writes `a·b` into `c`, or adds it; `b` may be given transposed.
public func multiply(
  _ a: Matrix<Float>, by b: Matrix<Float>, transposed: Bool = false, into c: Matrix<Float>,
  accumulating: Bool = false
) {
  multiply(a, transposed: false, by: b, transposed: transposed, into: c, accumulating: accumulating)
}

/// Writes `a·b` into `c`, or adds it: the same bits as with `b` not packed.
public func multiply(
  _ a: Matrix<Float>, transposed: Bool = false, by b: PackedMatrix<Float>, into c: Matrix<Float>,
  accumulating: Bool = false
) {
  b.layout.multiply(
    a, transposed: transposed, into: .plain(c), accumulating: accumulating, b.precision.left)
}

/// Writes `a·b` of bfloat16 matrices into `c`, or adds it; `b` may be given transposed.
public func multiply(
  _ a: Matrix<UInt16>, by b: Matrix<UInt16>, transposed: Bool = false, into c: Matrix<Float>,
  accumulating: Bool = false
) {
  multiply(a, transposed: false, by: b, transposed: transposed, into: c, accumulating: accumulating)
}

/// Writes `a·b` of bfloat16 matrices into `c`, or adds it: the same bits as with `b` not packed.
public func multiply(
  _ a: Matrix<UInt16>, transposed: Bool = false, by b: PackedMatrix<UInt16>, into c: Matrix<Float>,
  accumulating: Bool = false
) {
  b.layout.multiply(a, transposed: transposed, into: .plain(c), accumulating: accumulating)
}

/// Writes `a·b` of bfloat16 matrices into `c`, rounding each single-precision sum to the nearest bfloat16.
///
/// - Shapes: as for single-precision operands.
public func multiply(
  _ a: Matrix<UInt16>, transposed aTransposed: Bool = false, by b: Matrix<UInt16>,
  transposed bTransposed: Bool = false, into c: Matrix<UInt16>, _ precision: ProductPrecision = .full
) {
  activeMachine.multiply(
    a, transposed: aTransposed, by: b, transposed: bTransposed, into: .rounded(c), accumulating: false,
    precision.forTerms(aTransposed ? a.rows : a.columns, isBrainFloat: true))
}

/// Writes `a·b` of bfloat16 matrices into `c`, rounded: the same bits as with `b` not packed.
public func multiply(
  _ a: Matrix<UInt16>, transposed: Bool = false, by b: PackedMatrix<UInt16>, into c: Matrix<UInt16>
) {
  b.layout.multiply(a, transposed: transposed, into: .rounded(c), accumulating: false)
}

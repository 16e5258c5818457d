// Matrix products: every element of the result is one sum over k, in the order of k.

/// Writes `a·b` into `c`, or adds it; either operand may be given transposed.
///
/// An element's bits depend on its row of `a` and its column of `b` alone, not on threads or on other rows.
/// - Shapes: `a` `[m, k]` (transposed: `[k, m]`), `b` `[k, n]` (transposed: `[n, k]`), `c` `[m, n]`, apart from both.
public func multiply(
  _ a: Matrix<Float>, transposed aTransposed: Bool = false, by b: Matrix<Float>,
  transposed bTransposed: Bool = false, into c: Matrix<Float>, accumulating: Bool = false
) {
  let k = productDepth(a, aTransposed, b, bTransposed, c)
  scalarProduct(
    m: c.rows, n: c.columns, k: k, a: { a.element($0, $1, aTransposed) },
    b: { b.element($0, $1, bTransposed) }, into: c, accumulating: accumulating)
}

/// Writes `a·b` of bfloat16 matrices into `c`, or adds it, summing in single precision.
///
/// - Shapes: as for single-precision operands.
public func multiply(
  _ a: Matrix<UInt16>, transposed aTransposed: Bool = false, by b: Matrix<UInt16>,
  transposed bTransposed: Bool = false, into c: Matrix<Float>, accumulating: Bool = false
) {
  let k = productDepth(a, aTransposed, b, bTransposed, c)
  func widened(_ x: UInt16) -> Float { Float(bitPattern: UInt32(x) << 16) }
  scalarProduct(
    m: c.rows, n: c.columns, k: k, a: { widened(a.element($0, $1, aTransposed)) },
    b: { widened(b.element($0, $1, bTransposed)) }, into: c, accumulating: accumulating)
}

/// The right operand of many products, laid out once.
public struct PackedMatrix<Scalar: BitwiseCopyable>: Sendable {
  let matrix: Matrix<Scalar>
  let isTransposed: Bool
  /// The operand's shape as it enters the product.
  public let rows: Int, columns: Int

  /// Lays out `b`, or its transpose; later changes to `b` do not show.
  public init(_ b: Matrix<Scalar>, transposed: Bool = false) {
    let copy = Matrix<Scalar>(AlignedBuffer(count: b.rows * b.columns), rows: b.rows, columns: b.columns)
    for row in 0..<b.rows { copy.row(row).update(from: b.row(row), count: b.columns) }
    (matrix, isTransposed) = (copy, transposed)
    (rows, columns) = transposed ? (b.columns, b.rows) : (b.rows, b.columns)
  }
}

/// Writes `a·b` into `c`, or adds it: the same bits as with `b` not packed.
public func multiply(
  _ a: Matrix<Float>, transposed: Bool = false, by b: PackedMatrix<Float>, into c: Matrix<Float>,
  accumulating: Bool = false
) {
  multiply(
    a, transposed: transposed, by: b.matrix, transposed: b.isTransposed, into: c, accumulating: accumulating)
}

/// Writes `a·b` of bfloat16 matrices into `c`, or adds it: the same bits as with `b` not packed.
public func multiply(
  _ a: Matrix<UInt16>, transposed: Bool = false, by b: PackedMatrix<UInt16>, into c: Matrix<Float>,
  accumulating: Bool = false
) {
  multiply(
    a, transposed: transposed, by: b.matrix, transposed: b.isTransposed, into: c, accumulating: accumulating)
}

extension Matrix {
  @inline(__always)
  func element(_ row: Int, _ column: Int, _ transposed: Bool) -> Scalar {
    transposed ? self.row(column)[row] : self.row(row)[column]
  }
}

/// `k` of a product, once its operands are known to fit together.
func productDepth<S>(
  _ a: Matrix<S>, _ aTransposed: Bool, _ b: Matrix<S>, _ bTransposed: Bool, _ c: Matrix<Float>
) -> Int {
  let (m, k) = aTransposed ? (a.columns, a.rows) : (a.rows, a.columns)
  let (depth, n) = bTransposed ? (b.columns, b.rows) : (b.rows, b.columns)
  precondition(
    k == depth && m == c.rows && n == c.columns,
    "multiply: [\(m), \(k)] by [\(depth), \(n)] into [\(c.rows), \(c.columns)]")
  return k
}

/// The oracle of the products: three plain loops.
@inline(__always)
func scalarProduct(
  m: Int, n: Int, k: Int, a: (Int, Int) -> Float, b: (Int, Int) -> Float, into c: Matrix<Float>,
  accumulating: Bool
) {
  for row in 0..<m {
    for column in 0..<n {
      var sum = accumulating ? c.row(row)[column] : 0
      for l in 0..<k { sum += a(row, l) * b(l, column) }
      c.row(row)[column] = sum
    }
  }
}

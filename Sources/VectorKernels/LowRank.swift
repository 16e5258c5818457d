// What low-rank adapters add to rows of activations: products of small depth, and dropout.

import VectorKernelsInterface

/// Which elements of some rows are left out.
public struct RowDropout: Sendable {
  /// The share that is left out.
  public let probability: Double
  /// A row's key and a column's number decide about their element.
  public let keys: [UInt64]

  /// Leaves out a share of each row.
  ///
  /// - Precondition: `probability` is in `0..<1`.
  public init(probability: Double, keys: [UInt64]) {
    precondition((0..<1).contains(probability), "RowDropout: probability \(probability)")
    (self.probability, self.keys) = (probability, keys)
  }
}

/// Writes `x` with the elements that `dropout` leaves out as 0, and the others divided by the share that is kept.
///
/// - Shapes: `x` and `y` `[rows, d]`, a key for each row; `y` may be `x`.
public func dropRows<Scalar: ActivationScalar>(
  _ x: Matrix<Scalar>, _ dropout: RowDropout, into y: Matrix<Scalar>
) {
  precondition(
    x.rows == y.rows && x.columns == y.columns && dropout.keys.count == x.rows,
    "dropRows: \(x.rows) × \(x.columns) with \(dropout.keys.count) keys into \(y.rows) × \(y.columns)")
  let probability = Float(dropout.probability)
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      activeKernels.drop(x.scalars(i), dropout.keys[i], probability, y.scalars(i), x.columns)
    }
  }
}

/// Adds `a·b` to `y`, rounding each sum once; `dropping` leaves out elements of the product.
///
/// Meant for products of small depth, whose single-precision result would be large: it is made a few rows at a
/// time, in the cache.
/// - Shapes: `a` `[m, k]`, `b` `[k, n]`, `y` `[m, n]`; a key for each row.
public func addProduct<Scalar: ActivationScalar>(
  _ a: Matrix<Scalar>, by b: PackedMatrix<Scalar>, to y: Matrix<Scalar>, dropping: RowDropout? = nil
) {
  precondition(
    a.columns == b.rows && a.rows == y.rows && b.columns == y.columns,
    "addProduct: [\(a.rows), \(a.columns)] by [\(b.rows), \(b.columns)] to [\(y.rows), \(y.columns)]")
  if dropping == nil, let y = y as? Matrix<Float> {
    return Scalar.multiply(a, transposed: false, by: b, into: y, accumulating: true)
  }
  // Whole tiles, and 256 KB of sums at most.
  let height = max(32, (1 << 16) / max(1, y.columns) / 32 * 32)
  KernelPool.shared.parallel((y.rows + height - 1) / height) { piece in
    let rows = piece * height..<min(y.rows, (piece + 1) * height)
    withScratch(rows.count * y.columns) { memory in
      let product = Matrix(
        memory.window(0..<rows.count * y.columns), rows: rows.count, columns: y.columns)
      Scalar.multiply(a.rows(rows), transposed: false, by: b, into: product, accumulating: false)
      for (i, row) in rows.enumerated() {
        if let dropping {
          activeKernels.drop(
            product.scalars(i), dropping.keys[row], Float(dropping.probability), product.scalars(i), y.columns
          )
        }
        activeKernels.add(product.row(i), y.scalars(row), y.columns)
      }
    }
  }
}

// One row added to every row of a matrix, and its gradient; copies and zeros.

import VectorKernelsInterface

/// Adds `bias` to every row of `rows`.
///
/// - Shapes: `bias` `[columns]`, `rows` `[rows, columns]`.
public func addBias<Scalar: ActivationScalar>(_ bias: FloatBuffer, to rows: Matrix<Scalar>) {
  precondition(bias.count == rows.columns, "addBias: \(bias.count) scalars to \(rows.columns) columns")
  forEachRowRange(rows.rows, columns: rows.columns) { range in
    for i in range { activeKernels.add(bias.base, rows.scalars(i), rows.columns) }
  }
}

/// Adds the sum of all rows to `sum`, row by row in their order: the gradient of `addBias` by the bias.
///
/// - Shapes: `rows` `[rows, columns]`, `sum` `[columns]`.
public func addRowSum<Scalar: ActivationScalar>(of rows: Matrix<Scalar>, to sum: FloatBuffer) {
  precondition(sum.count == rows.columns, "addRowSum: \(rows.columns) columns to \(sum.count) scalars")
  let width = 128
  KernelPool.shared.parallel((rows.columns + width - 1) / width) { piece in
    let first = piece * width
    let count = min(width, rows.columns - first)
    let part = Matrix(rows.buffer, rows: rows.rows, columns: rows.columns, rowStride: rows.rowStride)
      .block(0..<rows.rows, first..<first + count)
    for i in 0..<part.rows { activeKernels.add(part.scalars(i), sum.base + first, count) }
  }
}

/// Writes zeros.
public func clear(_ buffer: FloatBuffer) {
  forEachBlock(of: buffer.count) { (buffer.base + $0).update(repeating: 0, count: $1) }
}

/// Copies `x` to `y`.
public func copy<Scalar: BitwiseCopyable>(_ x: AlignedBuffer<Scalar>, into y: AlignedBuffer<Scalar>) {
  precondition(x.count == y.count, "copy: \(x.count) scalars into \(y.count)")
  forEachBlock(of: x.count) { (y.base + $0).update(from: x.base + $0, count: $1) }
}

/// Copies `x` to `y`, row by row.
///
/// - Shapes: both `[rows, columns]`.
public func copy<Scalar: BitwiseCopyable>(_ x: Matrix<Scalar>, into y: Matrix<Scalar>) {
  requireEqualShapes(x, y, "copy")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range { y.row(i).update(from: x.row(i), count: x.columns) }
  }
}

/// Adds `constant` to every scalar.
public func addConstant(_ constant: Float, to buffer: FloatBuffer) {
  for i in 0..<buffer.count { buffer.base[i] += constant }
}

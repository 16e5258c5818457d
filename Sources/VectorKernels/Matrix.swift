// A rectangular window onto a buffer: what matrix products and row-wise kernels take.

/// `rows × columns` scalars in row-major order, consecutive rows `rowStride` scalars apart.
public struct Matrix<Scalar: BitwiseCopyable>: @unchecked Sendable {  // see Allocation
  /// The scalars it looks at.
  public let buffer: AlignedBuffer<Scalar>
  public let rows: Int, columns: Int, rowStride: Int

  /// `buffer` seen as `rows × columns`.
  public init(_ buffer: AlignedBuffer<Scalar>, rows: Int, columns: Int, rowStride: Int? = nil) {
    let step = rowStride ?? columns
    precondition(
      rows == 0 || (step >= columns && (rows - 1) * step + columns <= buffer.count),
      "Matrix: \(rows) × \(columns), rows \(step) apart, in \(buffer.count) scalars")
    (self.buffer, self.rows, self.columns, self.rowStride) = (buffer, rows, columns, step)
  }

  /// Zeros.
  public init(rows: Int, columns: Int) {
    self.init(AlignedBuffer(count: rows * columns), rows: rows, columns: columns)
  }

  /// Some rows, without copying.
  public func rows(_ range: Range<Int>) -> Matrix {
    block(range, 0..<columns)
  }

  /// Some rows and columns, without copying.
  public func block(_ rowRange: Range<Int>, _ columnRange: Range<Int>) -> Matrix {
    precondition(
      rowRange.upperBound <= rows && columnRange.upperBound <= columns,
      "Matrix: block \(rowRange) × \(columnRange) of \(rows) × \(columns)")
    guard !rowRange.isEmpty else {
      return Matrix(buffer.window(0..<0), rows: 0, columns: columnRange.count, rowStride: rowStride)
    }
    let start = rowRange.lowerBound * rowStride + columnRange.lowerBound
    let end = (rowRange.upperBound - 1) * rowStride + columnRange.upperBound
    return Matrix(
      buffer.window(start..<end), rows: rowRange.count, columns: columnRange.count, rowStride: rowStride)
  }

  /// One scalar.
  @inlinable public subscript(row: Int, column: Int) -> Scalar {
    get { buffer[row * rowStride + column] }
    nonmutating set { buffer[row * rowStride + column] = newValue }
  }
}

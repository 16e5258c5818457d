// The memory of one attention task, dealt out from front to back; a copy deals the rest anew for every block.

import VectorKernels

/// Scratch memory that is taken in 64-byte pieces.
struct AttentionRoom {
  private let memory: FloatBuffer
  private var used = 0

  /// Deals out `memory`.
  init(_ memory: FloatBuffer) { self.memory = memory }

  /// How many floats `count` scalars take.
  static func floatCount<Scalar>(_ count: Int, _ type: Scalar.Type) -> Int {
    (count * MemoryLayout<Scalar>.stride + 63) / 64 * 16
  }

  /// How far apart rows of scores stand: whole cache lines and an odd one, so that rows of a power of two do not
  /// fall on each other in the cache.
  static func scoreStride(_ columns: Int) -> Int { (columns + 31) / 32 * 32 + 16 }

  /// `count` floats of any value.
  mutating func floats(_ count: Int) -> FloatBuffer {
    let start = used
    used += (count + 15) / 16 * 16
    return memory.window(start..<start + count)
  }

  /// A matrix of any values.
  mutating func matrix<Scalar: ActivationScalar>(_ rows: Int, _ columns: Int) -> Matrix<Scalar> {
    let buffer = floats(Self.floatCount(rows * columns, Scalar.self)).reused(as: Scalar.self)
    return Matrix(buffer, rows: rows, columns: columns)
  }

  /// Room for scores.
  mutating func scores(_ rows: Int, _ columns: Int) -> Matrix<Float> {
    let step = Self.scoreStride(columns)
    return Matrix(floats(rows * step), rows: rows, columns: columns, rowStride: step)
  }

  /// `b`, or its transpose, laid out as a right operand.
  mutating func packed<Scalar: ActivationScalar>(
    _ b: Matrix<Scalar>, transposed: Bool = false, _ precision: ProductPrecision
  ) -> PackedMatrix<Scalar> {
    let (rows, columns) = transposed ? (b.columns, b.rows) : (b.rows, b.columns)
    let count = PackedMatrix<Scalar>.floatCount(rows: rows, columns: columns, precision)
    return PackedMatrix(b, transposed: transposed, precision, in: floats(count))
  }

  /// Some rows of several heads, one head below the other.
  mutating func stack<Scalar: ActivationScalar>(
    _ x: Heads<Scalar>, _ rows: Range<Int>, _ heads: Range<Int>
  ) -> Matrix<Scalar> {
    let stacked: Matrix<Scalar> = matrix(heads.count * rows.count, x.width)
    for (place, head) in heads.enumerated() {
      copyRows(x.block(rows, head), into: stacked.rows(place * rows.count..<(place + 1) * rows.count))
    }
    return stacked
  }
}

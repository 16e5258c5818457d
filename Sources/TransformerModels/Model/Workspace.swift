// Memory for activations: taken like a stack, kept between steps, so that a step allocates nothing new.

import VectorKernels

/// A stack of buffers in a few large allocations that are made once and reused.
///
/// What it hands out holds whatever was there before.
final class Workspace {
  private var slabs: [Allocation] = []
  private var slab = 0
  private var offset = 0
  /// The most that was ever taken of the first piece, in bytes.
  private(set) var peak = 0

  /// A point to which the stack can be taken back.
  struct Mark {
    fileprivate let slab: Int, offset: Int
  }

  /// Where the stack ends now.
  var mark: Mark { Mark(slab: slab, offset: offset) }

  /// Gives back everything taken since `mark`.
  func release(to mark: Mark) { (slab, offset) = (mark.slab, mark.offset) }

  /// How many pieces of memory it holds.
  var pieceCount: Int { slabs.count }

  /// Everything it holds, in bytes.
  var byteCount: Int { slabs.reduce(0) { $0 + $1.byteCount } }

  /// Makes room for `byteCount` bytes in one piece, unless there is as much.
  ///
  /// - Precondition: nothing is taken.
  func reserve(_ byteCount: Int) {
    precondition(slab == 0 && offset == 0, "Workspace: more room is asked for while some is taken")
    guard byteCount > self.byteCount else { return }
    slabs = []
    peak = 0
    slabs = [Allocation(byteCount: byteCount)]
  }

  /// What `counts` buffers of scalars take.
  static func byteCount<Scalar: BitwiseCopyable>(of _: Scalar.Type, _ counts: [Int]) -> Int {
    counts.reduce(0) { $0 + ($1 * MemoryLayout<Scalar>.stride + 63) / 64 * 64 }
  }

  /// `count` scalars, 64-byte aligned, of any value.
  func buffer<Scalar: BitwiseCopyable>(_ count: Int, of type: Scalar.Type = Scalar.self) -> AlignedBuffer<
    Scalar
  > {
    let needed = Self.byteCount(of: Scalar.self, [count])
    while slab < slabs.count, offset + needed > slabs[slab].byteCount { (slab, offset) = (slab + 1, 0) }
    if slab == slabs.count {
      // As large as everything before it: a handful of slabs, whatever the batch.
      slabs.append(Allocation(byteCount: max(needed, min(max(byteCount, 1 << 20), 1 << 28))))
    }
    defer {
      offset += needed
      if slab == 0 { peak = max(peak, offset) }
    }
    return AlignedBuffer(slabs[slab], byteOffset: offset, count: count)
  }

  /// A matrix of any values.
  func matrix<Scalar: BitwiseCopyable>(
    _ rows: Int, _ columns: Int, of type: Scalar.Type = Scalar.self
  ) -> Matrix<Scalar> {
    Matrix(buffer(rows * columns), rows: rows, columns: columns)
  }

  /// A matrix of any values for the left side of a product: its rows stand `operandStride` apart.
  func operand<Scalar: BitwiseCopyable>(
    _ rows: Int, _ columns: Int, of type: Scalar.Type = Scalar.self
  ) -> Matrix<Scalar> {
    let stride = Self.operandStride(columns, of: Scalar.self)
    return Matrix(buffer(rows * stride), rows: rows, columns: columns, rowStride: stride)
  }

  /// Bytes that `operand` takes.
  static func operandByteCount<Scalar: BitwiseCopyable>(
    of type: Scalar.Type, _ rows: Int, _ columns: Int
  ) -> Int {
    byteCount(of: type, [rows * operandStride(columns, of: type)])
  }

  /// How far apart rows stand that products may read where they are, in bfloat16: not a multiple of 2 KB, or they
  /// would push each other out of the cache.
  static func operandStride<Scalar: BitwiseCopyable>(_ columns: Int, of _: Scalar.Type) -> Int {
    Scalar.self == UInt16.self && columns % 1024 == 0 ? columns + 32 : columns
  }
}

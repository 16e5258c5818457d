// Where the memory of tensors comes from, and a meter that says how much of it a computation took.

import Synchronization
import VectorKernels

/// Counts the bytes that tensors allocate.
///
/// Counts every storage an operation makes, in the forward walk and in the backward one, and every array that
/// numbers are read into or taken from; freeing takes nothing off, so the count is an upper bound of the peak.
public final class TensorMeter: Sendable {
  @TaskLocal static var current: TensorMeter?
  private let bytes = Atomic<Int>(0)

  private init() {}

  /// What `body` returns, and the bytes that tensors allocated on its behalf.
  public static func measuring<Result>(_ body: () -> Result) -> (result: Result, byteCount: Int) {
    let meter = TensorMeter()
    let result = $current.withValue(meter, operation: body)
    return (result, meter.bytes.load(ordering: .relaxed))
  }

  /// Adds the memory of `count` scalars to the meter in force, where there is one.
  static func note<Scalar>(_ count: Int, _ scalar: Scalar.Type) {
    current?.bytes.add(count * MemoryLayout<Scalar>.stride, ordering: .relaxed)
  }
}

extension AlignedBuffer {
  /// `count` zeros for a tensor.
  static func zeros(_ count: Int) -> AlignedBuffer {
    TensorMeter.note(count, Scalar.self)
    return AlignedBuffer(count: count)
  }

  /// `count` scalars for a tensor, of no particular value until they are written.
  static func unwritten(_ count: Int) -> AlignedBuffer {
    TensorMeter.note(count, Scalar.self)
    let byteCount = count * MemoryLayout<Scalar>.stride
    let memory = Allocation(
      adopting: SpareMemory.take(byteCount), byteCount: byteCount,
      release: { SpareMemory.giveBack($0, $1) })
    return AlignedBuffer(memory, byteOffset: 0, count: count)
  }
}

/// Large pieces of memory that tensors gave back, kept for the next ones of their size.
///
/// Fresh pages have to be cleared by the system, which takes longer than what a loss computes on them.
private enum SpareMemory {
  private struct Piece: @unchecked Sendable {  // nobody else's while it is spare
    let base: UnsafeMutableRawPointer
    let byteCount: Int
  }

  private static let pieces = Mutex<[Piece]>([])
  /// Smaller pieces are not worth keeping: the allocator does.
  private static let smallest = 1 << 20
  /// What is kept at most, in bytes and pieces.
  private static let most = (bytes: 1 << 27, pieces: 8)

  /// At least `byteCount` bytes, 64-byte aligned.
  static func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let spare =
      byteCount < smallest
      ? nil
      : pieces.withLock { pieces -> Piece? in
        pieces.lastIndex { $0.byteCount == byteCount }.map { pieces.remove(at: $0) }
      }
    return spare?.base ?? .allocate(byteCount: max(64, byteCount), alignment: 64)
  }

  static func giveBack(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
    guard byteCount >= smallest else { return base.deallocate() }
    let piece = Piece(base: base, byteCount: byteCount)
    // The oldest make room.
    let dropped = pieces.withLock { pieces -> [Piece] in
      pieces.append(piece)
      var count = 0
      while pieces.count - count > most.pieces
        || pieces[count...].reduce(0, { $0 + $1.byteCount }) > most.bytes
      { count += 1 }
      defer { pieces.removeFirst(count) }
      return Array(pieces[..<count])
    }
    for piece in dropped { piece.base.deallocate() }
  }
}

/// Calls `body` for consecutive ranges that make up `0..<count`, on all cores where the work is worth it.
///
/// - Parameter cost: how many scalars one index stands for.
@inline(__always)
func forEachRange(of count: Int, cost: Int = 1, _ body: @Sendable (Range<Int>) -> Void) {
  let length = max(1, (1 << 15) / max(1, cost))
  guard count > length else { return body(0..<count) }
  KernelPool.shared.parallel((count + length - 1) / length) { block in
    body((block * length)..<min(count, (block + 1) * length))
  }
}

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

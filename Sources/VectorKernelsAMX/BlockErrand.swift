// What each block of sums leaves to do while others are multiplied: its memory is fetched before, its sums rounded after.

import ProcessorFeatures
import VectorKernelsInterface

/// What goes on beside the products of a block of 32 × 32 sums: the next one's memory is asked for, the last one's sums are
/// rounded, and another errand is run.
struct BlockErrand<Other: TileErrand>: TileErrand {
  var other: Other
  /// Rows of each of the two that one tick does: a divisor of 32.
  private let rowsPerTick: Int
  /// Where the next block goes: a line, or two, in each row.
  private var next: UnsafeMutableRawPointer
  private let nextStride: Int, hasTwoLines: Bool
  private var nextRows = 0
  /// Sums in rows of 32, and where they go.
  private var sums: MutableFloats
  private var rounded: UnsafeMutablePointer<UInt16>
  private let roundedStride: Int
  private var roundedRows = 0

  init(_ other: Other, _ c: TileSums, ticksPerBlock: Int, _ spare: MutableFloats) {
    self.other = other
    var rows = 1
    while rows < 32, rows * ticksPerBlock < 32 { rows *= 2 }
    rowsPerTick = rows
    hasTwoLines = c.rounded == nil
    next = UnsafeMutableRawPointer(c.base)
    nextStride = hasTwoLines ? 4 * c.stride : 2 * c.roundedStride
    (sums, rounded) = (spare, UnsafeMutableRawPointer(spare).assumingMemoryBound(to: UInt16.self))
    roundedStride = c.roundedStride
  }

  @inline(__always)
  mutating func tick() {
    if nextRows > 0 {
      for _ in 0..<rowsPerTick {
        processor_prefetch_write(next)
        if hasTwoLines { processor_prefetch_write(next + 64) }
        next += nextStride
      }
      nextRows -= rowsPerTick
    }
    if roundedRows > 0 {
      for _ in 0..<rowsPerTick { roundRow() }
      roundedRows -= rowsPerTick
    }
    other.tick()
  }

  /// From now on, asks for 32 rows from here on.
  @inline(__always)
  mutating func fetch(_ block: UnsafeMutableRawPointer) { (next, nextRows) = (block, 32) }

  /// From now on, rounds 32 × 32 sums; none are left from before.
  @inline(__always)
  mutating func round(_ block: MutableFloats, into target: UnsafeMutablePointer<UInt16>) {
    (sums, rounded, roundedRows) = (block, target, 32)
  }

  @inline(__always)
  private mutating func roundRow() {
    let raw = UnsafeRawPointer(sums)
    let words = processor_round_to_bfloat16(raw.load(as: Numbers.self), (raw + 64).load(as: Numbers.self))
    UnsafeMutableRawPointer(rounded).storeBytes(of: words, as: Words.self)
    sums += 32
    rounded += roundedStride
  }

  /// Rounds what is left.
  @inline(__always)
  mutating func finishRounding() {
    while roundedRows > 0 {
      roundRow()
      roundedRows -= 1
    }
  }

  mutating func finish() {
    finishRounding()
    other.finish()
  }
}

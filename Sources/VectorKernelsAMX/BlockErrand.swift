// What each block of sums leaves to do while others are multiplied: its memory is fetched before, its sums rounded after.

import ProcessorFeatures
import VectorKernelsInterface

/// What goes on beside the products of a block of 32 × 32 sums: the next one's memory is asked for, the last one's sums are
/// rounded, and another errand is run.
enum BlockErrand<Other: TileErrand>: TileErrand {
  /// Rows to be asked for: the next line or two of each, how far apart, and how many are left.
  typealias Fetching = (line: UnsafeMutableRawPointer, strideBytes: Int, hasTwoLines: Bool, left: Int)
  /// Sums in rows of 32 to be rounded, where they go, and how many rows are left.
  typealias Rounding = (sums: MutableFloats, target: UnsafeMutablePointer<UInt16>, stride: Int, left: Int)
  /// The other errand, rows of each of the two that one tick does (a divisor of 32), and those rows.
  typealias State = (other: Other.State, rowsPerTick: Int, fetching: Fetching, rounding: Rounding)

  /// The start: nothing to ask for and nothing to round.
  @inline(__always)
  static func start(
    _ other: Other.State, _ c: TileSums, ticksPerBlock: Int, _ spare: MutableFloats
  ) -> State {
    var rows = 1
    while rows < 32, rows * ticksPerBlock < 32 { rows *= 2 }
    let raw = UnsafeMutableRawPointer(spare)
    let isPlain = c.rounded == nil
    return (
      other, rows, (raw, isPlain ? 4 * c.stride : 2 * c.roundedStride, isPlain, 0),
      (spare, raw.assumingMemoryBound(to: UInt16.self), c.roundedStride, 0)
    )
  }

  @inline(__always)
  static func tick(_ state: inout State) {
    if state.fetching.left > 0 {
      for _ in 0..<state.rowsPerTick {
        processor_prefetch_write(state.fetching.line)
        if state.fetching.hasTwoLines { processor_prefetch_write(state.fetching.line + 64) }
        state.fetching.line += state.fetching.strideBytes
      }
      state.fetching.left -= state.rowsPerTick
    }
    if state.rounding.left > 0 {
      for _ in 0..<state.rowsPerTick { roundRow(&state.rounding) }
    }
    Other.tick(&state.other)
  }

  /// From now on, asks for 32 rows from here on.
  @inline(__always)
  static func fetch(_ block: UnsafeMutableRawPointer, _ state: inout State) {
    (state.fetching.line, state.fetching.left) = (block, 32)
  }

  /// From now on, rounds 32 × 32 sums; none are left from before.
  @inline(__always)
  static func round(_ sums: MutableFloats, into target: UnsafeMutablePointer<UInt16>, _ state: inout State) {
    (state.rounding.sums, state.rounding.target, state.rounding.left) = (sums, target, 32)
  }

  @inline(__always)
  private static func roundRow(_ rounding: inout Rounding) {
    writeRounded(rounding.sums, rounding.target, 32)
    rounding.sums += 32
    rounding.target += rounding.stride
    rounding.left -= 1
  }

  /// Rounds what is left.
  @inline(__always)
  static func finishRounding(_ state: inout State) {
    while state.rounding.left > 0 { roundRow(&state.rounding) }
  }

  @inline(__always)
  static func finish(_ state: inout State) {
    finishRounding(&state)
    Other.finish(&state.other)
  }
}

/// Rounds the first `count` of 32 sums to bfloat16.
@inline(__always)
func writeRounded(_ sums: MutableFloats, _ target: UnsafeMutablePointer<UInt16>, _ count: Int) {
  let raw = UnsafeRawPointer(sums)
  let words = processor_round_to_bfloat16(raw.load(as: Numbers.self), (raw + 64).load(as: Numbers.self))
  if count == 32 {
    UnsafeMutableRawPointer(target).storeBytes(of: words, as: Words.self)
  } else {
    let shorts = unsafeBitCast(words, to: SIMD32<UInt16>.self)
    for index in 0..<count { target[index] = shorts[index] }
  }
}

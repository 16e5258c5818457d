// Lays out operands in tiles, rounding or splitting single precision on the way.

import ProcessorFeatures
public import VectorKernelsInterface

/// Sixteen numbers.
typealias Numbers = SIMD16<Float>
/// Sixteen words: two bfloat16 numbers each, the earlier depth in the lower half.
typealias Words = SIMD16<UInt32>

/// Numbers that a tile is made of, read as the bits of single-precision ones.
protocol TileNumbers {
  associatedtype Scalar: BitwiseCopyable & ExpressibleByIntegerLiteral
  /// How many bfloat16 numbers stand for one.
  static var parts: Int { get }
  /// Writes a line of 32 numbers that follow each other in depth; parts lie `partBytes` apart.
  static func writeDeep(_ source: UnsafePointer<Scalar>, _ line: UnsafeMutableRawPointer, _ partBytes: Int)
  /// Writes a line of 16 pairs, of which the halves follow each other in depth.
  static func writePairs(
    _ early: UnsafePointer<Scalar>, _ late: UnsafePointer<Scalar>, _ line: UnsafeMutableRawPointer,
    _ partBytes: Int)
}

extension UnsafePointer {
  /// The vector that starts here.
  @inline(__always)
  fileprivate func load<V>(_: V.Type) -> V { UnsafeRawPointer(self).loadUnaligned(as: V.self) }
}

extension UnsafeMutableRawPointer {
  @inline(__always)
  fileprivate func put(_ words: Words) { storeBytes(of: words, as: Words.self) }
}

/// bfloat16 numbers.
enum BrainFloatNumbers: TileNumbers {
  @inline(__always) static var parts: Int { 1 }
  @inline(__always)
  static func writeDeep(_ source: UnsafePointer<UInt16>, _ line: UnsafeMutableRawPointer, _ partBytes: Int) {
    line.put(source.load(Words.self))
  }
  @inline(__always)
  static func writePairs(
    _ early: UnsafePointer<UInt16>, _ late: UnsafePointer<UInt16>, _ line: UnsafeMutableRawPointer,
    _ partBytes: Int
  ) {
    let low = processor_widen_words(early.load(SIMD16<UInt16>.self))
    line.put(low | (processor_widen_words(late.load(SIMD16<UInt16>.self)) &<< 16))
  }
}

/// Single-precision numbers, rounded to bfloat16.
enum RoundedNumbers: TileNumbers {
  @inline(__always) static var parts: Int { 1 }
  @inline(__always)
  static func writeDeep(_ source: UnsafePointer<Float>, _ line: UnsafeMutableRawPointer, _ partBytes: Int) {
    line.put(processor_round_to_bfloat16(source.load(Numbers.self), (source + 16).load(Numbers.self)))
  }
  @inline(__always)
  static func writePairs(
    _ early: UnsafePointer<Float>, _ late: UnsafePointer<Float>, _ line: UnsafeMutableRawPointer,
    _ partBytes: Int
  ) {
    line.put(roundedPairs(early.load(Numbers.self), late.load(Numbers.self)))
  }
}

/// Pairs of numbers rounded to bfloat16: side by side, then brought together.
@inline(__always)
private func roundedPairs(_ early: Numbers, _ late: Numbers) -> Words {
  let shorts = unsafeBitCast(processor_round_to_bfloat16(early, late), to: SIMD32<UInt16>.self)
  return processor_widen_words(shorts.lowHalf) | (processor_widen_words(shorts.highHalf) &<< 16)
}

/// The nearest numbers of eight bits, as the upper halves of their words; ties go away from 0.
@inline(__always)
private func nearest(_ x: Numbers) -> Words {
  (unsafeBitCast(x, to: Words.self) &+ 0x8000) & 0xffff_0000
}

/// The nearest number of eight bits, in the upper half of its word, and the rest, which is exact.
///
/// Numbers that would round to infinity are cut off instead. Of infinity and NaN the rest is not finite.
@inline(__always)
private func firstPart(_ x: Numbers) -> (high: Words, rest: Numbers) {
  let high = nearest(processor_clamp(x, 0x1.fep127))
  return (high, x - unsafeBitCast(high, to: Numbers.self))
}

/// Single-precision numbers to 16 bits, as the sum of two bfloat16 ones.
enum TwoPartNumbers: TileNumbers {
  @inline(__always) static var parts: Int { 2 }

  @inline(__always)
  static func writeDeep(_ source: UnsafePointer<Float>, _ line: UnsafeMutableRawPointer, _ partBytes: Int) {
    let (a, b) = (firstPart(source.load(Numbers.self)), firstPart((source + 16).load(Numbers.self)))
    line.put(processor_upper_halves(a.high, b.high))
    (line + partBytes).put(processor_round_to_bfloat16(a.rest, b.rest))
  }
  @inline(__always)
  static func writePairs(
    _ early: UnsafePointer<Float>, _ late: UnsafePointer<Float>, _ line: UnsafeMutableRawPointer,
    _ partBytes: Int
  ) {
    let (a, b) = (firstPart(early.load(Numbers.self)), firstPart(late.load(Numbers.self)))
    line.put(a.high &>> 16 | b.high)
    (line + partBytes).put(roundedPairs(a.rest, b.rest))
  }
}

/// Single-precision numbers as the exact sum of three bfloat16 ones.
enum ThreePartNumbers: TileNumbers {
  typealias Three = (high: Words, middle: Words, low: Words)

  @inline(__always) static var parts: Int { 3 }

  /// The parts, each in the upper half of its word; the lower half of the last one is 0 too.
  ///
  /// Rests of eight-bit roundings are exact, and eight bits are left after the second. Of infinity and NaN at
  /// least the last part is NaN.
  @inline(__always)
  private static func split(_ x: Numbers) -> Three {
    let (high, rest) = firstPart(x)
    let middle = nearest(rest)
    let low = unsafeBitCast(rest - unsafeBitCast(middle, to: Numbers.self), to: Words.self)
    return (high, middle, low)
  }

  @inline(__always)
  static func writeDeep(_ source: UnsafePointer<Float>, _ line: UnsafeMutableRawPointer, _ partBytes: Int) {
    let (a, b) = (split(source.load(Numbers.self)), split((source + 16).load(Numbers.self)))
    line.put(processor_upper_halves(a.high, b.high))
    (line + partBytes).put(processor_upper_halves(a.middle, b.middle))
    (line + 2 * partBytes).put(processor_upper_halves(a.low, b.low))
  }
  @inline(__always)
  static func writePairs(
    _ early: UnsafePointer<Float>, _ late: UnsafePointer<Float>, _ line: UnsafeMutableRawPointer,
    _ partBytes: Int
  ) {
    let (a, b) = (split(early.load(Numbers.self)), split(late.load(Numbers.self)))
    line.put(a.high &>> 16 | b.high)
    (line + partBytes).put(a.middle &>> 16 | b.middle)
    (line + 2 * partBytes).put(a.low &>> 16 | b.low & 0xffff_0000)
  }
}

/// Four rows of a tile of 16 × 16 words, turned: what were its columns 4q to 4q + 3.
typealias QuarterTile = (Numbers, Numbers, Numbers, Numbers)

/// A quarter of a tile, turned.
@inline(__always)
func turnedQuarter(_ tile: UnsafeRawPointer, _ quarter: Int) -> QuarterTile {
  // Four words of four rows that lie four rows apart.
  @inline(__always) func words(_ row: Int) -> Numbers {
    @inline(__always) func part(_ index: Int) -> SIMD4<Float> {
      (tile + 64 * (row + 4 * index) + 16 * quarter).loadUnaligned(as: SIMD4<Float>.self)
    }
    return processor_join_quarters(part(0), part(1), part(2), part(3))
  }
  let (a, b) = (words(0), words(1))
  let (c, d) = (words(2), words(3))
  let (ab, cd) = (processor_pair_low(a, b), processor_pair_low(c, d))
  let (ef, gh) = (processor_pair_high(a, b), processor_pair_high(c, d))
  return (
    processor_pair_low_doubles(ab, cd), processor_pair_high_doubles(ab, cd),
    processor_pair_low_doubles(ef, gh), processor_pair_high_doubles(ef, gh)
  )
}

/// Writes a quarter where it belongs.
@inline(__always)
func putQuarter(_ rows: QuarterTile, _ quarter: Int, _ tile: UnsafeMutableRawPointer) {
  (tile + 256 * quarter).storeBytes(of: rows.0, as: Numbers.self)
  (tile + 256 * quarter + 64).storeBytes(of: rows.1, as: Numbers.self)
  (tile + 256 * quarter + 128).storeBytes(of: rows.2, as: Numbers.self)
  (tile + 256 * quarter + 192).storeBytes(of: rows.3, as: Numbers.self)
}

/// Turns the 16 × 16 words of a tile.
@inline(__always)
func turn(_ tile: UnsafeMutableRawPointer) {
  let (first, second) = (turnedQuarter(tile, 0), turnedQuarter(tile, 1))
  let (third, fourth) = (turnedQuarter(tile, 2), turnedQuarter(tile, 3))
  putQuarter(first, 0, tile)
  putQuarter(second, 1, tile)
  putQuarter(third, 2, tile)
  putQuarter(fourth, 3, tile)
}

/// One whole tile of each part, 2 KB apart.
@inline(__always)
private func packTile<N: TileNumbers>(
  _: N.Type, _ source: UnsafePointer<N.Scalar>, _ outerStride: Int, _ depthStride: Int, _ isRight: Bool,
  _ tile: UnsafeMutableRawPointer
) {
  if depthStride == 1 {
    for line in 0..<16 { N.writeDeep(source + line * outerStride, tile + 64 * line, 2048) }
  } else {
    for line in 0..<16 {
      let early = source + 2 * line * depthStride
      if N.parts > 1 {
        // The next step's lines, which are too far apart for the processor to foresee.
        processor_prefetch(early + 32 * depthStride)
        processor_prefetch(early + 33 * depthStride)
      }
      N.writePairs(early, early + depthStride, tile + 64 * line, 2048)
    }
  }
  if (depthStride == 1) == isRight {
    for part in 0..<N.parts { turn(tile + 2048 * part) }
  }
}

/// A tile of which only `outer × depth` numbers exist: the same from a copy filled up with zeros.
@inline(never)
private func packPartialTile<N: TileNumbers>(
  _ numbers: N.Type, _ source: UnsafePointer<N.Scalar>, _ outerStride: Int, _ depthStride: Int,
  _ outer: Int, _ depth: Int, _ isRight: Bool, _ tile: UnsafeMutableRawPointer
) {
  withUnsafeTemporaryAllocation(of: N.Scalar.self, capacity: 512) { copy in
    copy.initialize(repeating: 0)
    guard let base = copy.baseAddress else { return }
    for index in 0..<outer {
      for level in 0..<depth { base[32 * index + level] = source[index * outerStride + level * depthStride] }
    }
    packTile(numbers, UnsafePointer(base), 32, 1, isRight, tile)
  }
}

/// Rows of the left operand that are contiguous in depth, in the order in which they are written.
private func packRows<N: TileNumbers>(
  _ numbers: N.Type, _ source: UnsafePointer<N.Scalar>, _ outerStride: Int, _ outer: Int, _ depth: Int,
  _ panels: UnsafeMutableRawPointer, _ panelBytes: Int
) {
  withUnsafeTemporaryAllocation(of: N.Scalar.self, capacity: 32) { rest in
    rest.initialize(repeating: 0)
    guard let tail = rest.baseAddress else { return }
    for panel in 0..<(outer + 31) / 32 {
      let rows = min(32, outer - 32 * panel)
      var step = panels + panel * panelBytes
      for level in stride(from: 0, to: depth, by: 32) {
        let levels = min(32, depth - level)
        let corner = source + 32 * panel * outerStride + level
        for index in 0..<32 {
          if levels == 32 && index < rows {
            N.writeDeep(corner + index * outerStride, step + 64 * index, 2048)
          } else {
            for offset in 0..<32 {
              tail[offset] = index < rows && offset < levels ? corner[index * outerStride + offset] : 0
            }
            N.writeDeep(tail, step + 64 * index, 2048)
          }
        }
        step += 2048 * N.parts
      }
    }
  }
}

/// Packs part of an operand.
func pack<N: TileNumbers>(_ numbers: N.Type, _ job: TilePacking) {
  let source = job.source.assumingMemoryBound(to: N.Scalar.self)
  let (outerStride, depthStride, isRight) = (job.outerStride, job.depthStride, job.isRight)
  let (outer, depth, panels, panelBytes) = (job.outer, job.depth, job.panels, job.panelBytes)
  if depthStride == 1 && !isRight {
    packRows(numbers, source, outerStride, outer, depth, panels, panelBytes)
    return
  }
  // Lines that are far apart in memory are read once, for all panels.
  let panelCount = (outer + 31) / 32
  let perPass = depthStride == 1 ? 1 : panelCount
  for pass in stride(from: 0, to: panelCount, by: perPass) {
    for level in stride(from: 0, to: depth, by: 32) {
      for panel in pass..<pass + perPass {
        let step = panels + panel * panelBytes + level / 32 * 2048 * N.parts
        for half in 0..<2 {
          let first = 32 * panel + 16 * half
          let (rows, levels) = (min(16, max(0, outer - first)), min(32, depth - level))
          let from = source + min(first, outer - 1) * outerStride + level * depthStride
          if rows == 16 && levels == 32 {
            packTile(numbers, from, outerStride, depthStride, isRight, step + 1024 * half)
          } else {
            packPartialTile(
              numbers, from, outerStride, depthStride, rows, levels, isRight, step + 1024 * half)
          }
        }
      }
    }
  }
}

extension TileKernels {
  public static func pack(_ job: TilePacking) {
    switch job.format {
    case .brainFloat: VectorKernelsAMX.pack(BrainFloatNumbers.self, job)
    case .rounded: VectorKernelsAMX.pack(RoundedNumbers.self, job)
    case .twoParts: VectorKernelsAMX.pack(TwoPartNumbers.self, job)
    case .threeParts: VectorKernelsAMX.pack(ThreePartNumbers.self, job)
    case .digits: packDigits(job)
    }
  }
}

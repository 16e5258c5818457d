// Conversions between 32-bit and 16-bit floating point, by their bits.

import ProcessorFeatures
public import VectorKernelsInterface

/// Sixteen 16-bit patterns.
private typealias Shorts = SIMD16<UInt16>

/// y = f(x) for bit patterns of 16 and 32 bits.
@inline(__always)
private func widen(
  _ x: UnsafePointer<UInt16>, _ y: MutableFloats, _ n: Int, _ function: (Words) -> Words
) {
  forEachRun(n) {
    let words = function(processor_widen_words((x + $0).load(Shorts.self)))
    (y + $0).store(unsafeBitCast(words, to: Lanes.self))
  } _: {
    var narrow = Shorts.zero
    for index in 0..<$1 { narrow[index] = x[$0 + index] }
    storePart(unsafeBitCast(function(processor_widen_words(narrow)), to: Lanes.self), y + $0, $1)
  }
}

/// y = the lower halves of f(x)
@inline(__always)
private func narrow(
  _ x: Floats, _ y: UnsafeMutablePointer<UInt16>, _ n: Int, _ function: (Words) -> Words
) {
  forEachRun(n) {
    let words = function(unsafeBitCast((x + $0).load(Lanes.self), to: Words.self))
    UnsafeMutableRawPointer(y + $0).storeBytes(of: processor_narrow_words(words), as: Shorts.self)
  } _: {
    let words = function(unsafeBitCast(loadPart(x + $0, $1, 0), to: Words.self))
    let shorts = processor_narrow_words(words)
    for index in 0..<$1 { y[$0 + index] = shorts[index] }
  }
}

/// The bfloat16 nearest to each number, in the lower half of its word; ties go to even, NaN stays NaN.
@inline(__always)
func roundedWords(_ bits: Words) -> Words {
  let upper = bits &>> 16
  let rounded = (bits &+ 0x7fff &+ (upper & 1)) &>> 16
  // Comparing words would go lane by lane; of numbers, only NaN differs from itself.
  let numbers = unsafeBitCast(bits, to: Lanes.self)
  return rounded.replacing(with: upper | 0x40, where: numbers .!= numbers)
}

/// Sixteen numbers rounded to bfloat16, ties to even; NaN stays NaN, and what is below the normal numbers becomes 0
/// where the processor rounds.
@inline(__always)
func brainFloats(_ x: Lanes) -> SIMD16<UInt16> {
  #if BF16DOT
    processor_round_bfloat16(x)
  #else
    processor_narrow_words(roundedWords(unsafeBitCast(x, to: Words.self)))
  #endif
}

extension Kernels {
  public static func fromBrainFloat(_ x: UnsafePointer<UInt16>, _ y: MutableFloats, _ n: Int) {
    widen(x, y, n) { $0 &<< 16 }
  }

  public static func toBrainFloat(_ x: Floats, _ y: UnsafeMutablePointer<UInt16>, _ n: Int) {
    narrow(x, y, n, roundedWords)
  }

  public static func fromHalf(_ x: UnsafePointer<UInt16>, _ y: MutableFloats, _ n: Int) {
    widen(x, y, n) { bits in
      let magnitude = bits & 0x7fff
      let moved = magnitude &<< 13
      // The exponent's bias differs by 112; multiplying also puts subnormal numbers right.
      let scaled = unsafeBitCast(moved, to: Lanes.self) * 0x1p112
      let value = unsafeBitCast(scaled, to: Words.self)
        .replacing(with: moved | 0x7f80_0000, where: magnitude .>= 0x7c00)
      return value | ((bits & 0x8000) &<< 16)
    }
  }

  public static func toHalf(_ x: Floats, _ y: UnsafeMutablePointer<UInt16>, _ n: Int) {
    narrow(x, y, n) { bits in
      let magnitude = bits & 0x7fff_ffff
      let normal = (magnitude &- 0x3800_0000 &+ 0xfff &+ ((magnitude &>> 13) & 1)) &>> 13
      // Below 2⁻¹⁴ halves are multiples of 2⁻²⁴, to which adding ½ rounds.
      let small = unsafeBitCast(unsafeBitCast(magnitude, to: Lanes.self) + 0.5, to: Words.self) & 0x7ff
      var result = normal.replacing(with: small, where: magnitude .< 0x3880_0000)
      result.replace(with: 0x7c00, where: magnitude .>= 0x477f_f000)
      let nan = ((magnitude &>> 13) & 0x3ff) | 0x7e00
      result.replace(with: nan, where: magnitude .> 0x7f80_0000)
      return result | ((bits &>> 16) & 0x8000)
    }
  }
}

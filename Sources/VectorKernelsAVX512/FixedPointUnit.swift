// The unit that a row's integers are multiples of, and how numbers become such.

import ProcessorFeatures
import VectorKernelsInterface

/// Sixteen words of two bfloat16 numbers, or of two integers.
typealias ShortPairs = SIMD16<UInt32>
/// Thirty-two bfloat16 numbers.
typealias Shorts32 = SIMD32<UInt16>

/// What a row's numbers are multiplied by, and what for.
struct IntegerUnit {
  /// The power of two that makes integers of numbers.
  var scale: Float
  /// The exponent of what they are multiples of.
  var exponent: Float
  /// How much second digits are needed.
  var need: Float

  /// Of a row with this largest magnitude, in single precision's bits, and this sum of magnitudes at its exponent.
  @inline(__always)
  init(largest bits: UInt32, sum: Int32, depth: Int) {
    guard bits < Float.infinity.bitPattern else {
      // Nothing that the row gives is finite.
      (scale, exponent, need) = (0, .nan, 0)
      return
    }
    let (exponent, sum) = (IntegerPanel.exponent(largest: bits), Int(sum))
    let largest = Int(Float(bitPattern: bits) * exactPower(exponent))
    let less = IntegerPanel.bitsLess(largest: largest, sum: sum)
    (scale, self.exponent) = (exactPower(exponent - less), Float(less - exponent))
    need = IntegerPanel.need(largest: largest, sum: sum, count: depth, bitsLess: less)
  }
}

/// 2 to a power from -126 to 127.
@inline(__always)
func exactPower(_ exponent: Int) -> Float { Float(bitPattern: UInt32(exponent + 127) << 23) }

/// Added to a number below 2²², it leaves the nearest integer in the lower bits.
let integerRounder = Float(3 << 22)

/// The bits of the nearest integers above those of `integerRounder`.
@inline(__always)
func integerBits(_ x: Lanes, _ scale: Lanes) -> ShortPairs {
  unsafeBitCast(fused(x, scale, Lanes(repeating: integerRounder)), to: ShortPairs.self)
}

/// The numbers in lower halves.
@inline(__always)
func lowerNumbers(_ words: ShortPairs) -> Lanes { unsafeBitCast(words &<< 16, to: Lanes.self) }

/// The numbers in upper halves.
@inline(__always)
func upperNumbers(_ words: ShortPairs) -> Lanes { unsafeBitCast(words & 0xffff_0000, to: Lanes.self) }

/// Thirty-two numbers without signs.
@inline(__always)
func magnitudes(_ words: ShortPairs) -> Shorts32 { unsafeBitCast(words & 0x7fff_7fff, to: Shorts32.self) }

/// What a row is multiplied by while magnitudes are summed up; 0 if a number is not finite.
@inline(__always)
func measuringScale(_ bits: UInt32) -> Float {
  bits < Float.infinity.bitPattern ? exactPower(IntegerPanel.exponent(largest: bits)) : 0
}

/// The integers of two numbers, or what they leave in units of second digits, as halves of words.
@inline(__always)
func integerWords(_ lower: Lanes, _ upper: Lanes, _ scale: Lanes, isSecond: Bool) -> ShortPairs {
  @inline(__always) func digits(_ x: Lanes) -> ShortPairs {
    let first = integerBits(x, scale)
    guard isSecond else { return first }
    let rest = x * scale - (unsafeBitCast(first, to: Lanes.self) - integerRounder)
    return integerBits(rest, Lanes(repeating: Float(1 << IntegerPanel.secondBits)))
  }
  return (digits(upper) &<< 16) | (digits(lower) & 0xffff)
}

/// Writes what exchanging adds to a row's sums.
func settlePanel(_ panel: MutableFloats, _ words: Int, _ width: Int) {
  typealias Words = SIMD8<Int32>
  let (third, numbers) = (words / 3, panel + IntegerPanel.headCount(width))
  let (step, next) = (4 * width, 4 * third * width)
  for row in stride(from: 0, to: width, by: 8) {
    var crossed = Words.zero
    var place = UnsafeRawPointer(numbers + row)
    for _ in 0..<third {
      let (first, second) = (
        place.loadUnaligned(as: Words.self), (place + next).loadUnaligned(as: Words.self)
      )
      crossed = processor_dot_shorts8(crossed, first, second)
      place += step
    }
    UnsafeMutableRawPointer(panel + row).storeBytes(of: crossed, as: Words.self)
  }
}

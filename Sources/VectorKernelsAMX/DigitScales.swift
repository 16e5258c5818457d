// What the numbers of a row or column have in common when they become digits: how large they are, and how spread.

import ProcessorFeatures
import VectorKernelsInterface

/// What is known of some numbers: the bits of the largest magnitude, the sum of the logarithms of all but 0 in sixteenths of an
/// octave, and how many those are.
///
/// All of it is whole numbers, which come to the same in any order: a scale does not depend on how an operand lies in memory.
typealias DigitCensus<Whole> = (largest: Whole, logarithms: Whole, count: Whole)

/// Sixteen of no numbers.
@inline(__always)
var noNumbers: DigitCensus<Words> { (Words(repeating: 0), Words(repeating: 0), Words(repeating: 0)) }

/// Takes 16 numbers, each in a place of its own.
@inline(__always)
func count(_ x: Numbers, _ census: inout DigitCensus<Words>) {
  let bits = unsafeBitCast(x, to: Words.self) & 0x7fff_ffff
  census.largest = processor_larger_words(census.largest, bits)
  let logarithm = bits &>> 19
  census.logarithms &+= logarithm
  census.count &+= processor_ones(logarithm)
}

/// Takes one number.
@inline(__always)
func count(_ x: Float, _ census: inout DigitCensus<UInt32>) {
  let bits = x.bitPattern & 0x7fff_ffff
  census.largest = max(census.largest, bits)
  census.logarithms &+= bits >> 19
  if bits >> 19 != 0 { census.count &+= 1 }
}

/// What is known of all sixteen places together.
@inline(__always)
func reduced(_ census: DigitCensus<Words>) -> DigitCensus<UInt32> {
  (
    processor_largest_word(census.largest), processor_sum_words(census.logarithms),
    processor_sum_words(census.count)
  )
}

/// What is known of one of sixteen places.
@inline(__always)
func place(_ index: Int, of census: DigitCensus<Words>) -> DigitCensus<UInt32> {
  (census.largest[index], census.logarithms[index], census.count[index])
}

/// The census of a whole row; what lies `stride` numbers on is asked for meanwhile.
@inline(__always)
func census(_ source: UnsafePointer<Float>, _ depth: Int, _ stride: Int) -> DigitCensus<UInt32> {
  var sixteen = noNumbers
  for level in Swift.stride(from: 0, to: depth - 15, by: 16) {
    processor_prefetch_first(source + level + stride)
    count(UnsafeRawPointer(source + level).loadUnaligned(as: Numbers.self), &sixteen)
  }
  var all = reduced(sixteen)
  for level in depth & ~15..<depth { count(source[level], &all) }
  return all
}

/// What makes digits of the numbers of a panel's rows or columns: a factor that makes whole numbers of them, and which digits
/// are kept.
typealias DigitRules = (factors: MutableFloats, masks: UnsafeMutablePointer<UInt32>)

/// Rules of a panel, in room for 64 words.
@inline(__always)
func digitRules(_ room: MutableFloats) -> DigitRules {
  (room, UnsafeMutableRawPointer(room + 32).assumingMemoryBound(to: UInt32.self))
}

/// The same from a row or column on.
@inline(__always)
func digitRules(_ rules: DigitRules, from place: Int) -> DigitRules {
  (rules.factors + place, rules.masks + place)
}

/// The largest magnitude that digits are of, as a whole number: the first digit reaches 127, the others some 127.
private let largestWhole: Float = 0x7f7f_0000

/// Writes down a row or column in a panel's head, and what makes digits of it; see `DigitTiles.allowance`.
///
/// Of infinity and NaN the scale is NaN.
@inline(__always)
func note(
  _ place: Int, _ census: DigitCensus<UInt32>, _ allowance: Float, _ head: MutableFloats, _ rules: DigitRules
) {
  (rules.factors[place], rules.masks[place]) = (0, 0)
  let largest = Float(bitPattern: census.largest)
  guard largest.isFinite else {
    head[place] = .nan
    return
  }
  guard largest >= .leastNormalMagnitude else { return }
  // What is smaller shares a scale that still has a factor.
  let top = max(largest, DigitTiles.smallestTop)
  head[place] = top * (0x1p30 / largestWhole)
  let spread =
    largest < top
    ? DigitTiles.greatestSpread
    : Float(census.largest >> 19) - Float(census.logarithms) / Float(census.count) - allowance
  head[32 + place] = spread
  head[64] = max(head[64], spread)
  rules.factors[place] = largestWhole / top
  if spread > DigitTiles.threeDigits {
    head[65] = 1
    rules.masks[place] = 0xffff_ffff
  } else {
    rules.masks[place] = 0xffff_ff00
  }
}

/// Whether any of a panel's fourth digits is multiplied.
@inline(__always)
func hasFourthDigits(_ head: Floats) -> Bool { head[65] > 0 }

/// How many digits of a panel need be written.
@inline(__always)
func digitCount(_ head: MutableFloats) -> Int { hasFourthDigits(head) ? 4 : 3 }

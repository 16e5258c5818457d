// How much of single-precision numbers takes part in products.

import VectorKernelsInterface

/// How many bits of a single-precision number's significand take part in a product.
public enum Significand: Sendable {
  /// All 24 down to 2⁻²⁴ of the row's or column's largest number, and to 2⁻³² where numbers are far apart.
  case scaled
  /// All 24.
  case full
  /// 16, as two bfloat16 numbers.
  case sixteenBits
  /// 8, as the nearest bfloat16 number.
  case eightBits
  /// The same in units that a row or column shares; of far smaller numbers what the others let count.
  case scaledEightBits

  /// What such a number becomes in tiles.
  var format: TileFormat {
    switch self {
    case .scaled: .digits
    case .full: .threeParts
    case .sixteenBits: .twoParts
    case .eightBits, .scaledEightBits: .rounded
    }
  }
}

/// How much of operands takes part in a product. Of single precision everything does, by scales or not, unless there are tiles.
public struct ProductPrecision: Sendable {
  let left: Significand, right: Significand

  /// Sums at least as accurate as chains of fused multiply-adds, at less cost than ``full``: on tiles, from 512 terms on, six to
  /// ten products of bytes, each at half the cost of bfloat16's, and where additions have units of their own, from 289 terms
  /// on, by Winograd's inner products. Shorter sums are as ``full`` makes them.
  ///
  /// bfloat16's long sums, from 192 terms on where additions have such units, are exact ones of integers of 14 bits or two of
  /// them, and lose a fraction of what rounding to bfloat16 has lost.
  ///
  /// An element depends on all numbers of its row and its column, with 0 beside them or not.
  public static let scaled = ProductPrecision(left: .scaled, right: .scaled)
  /// Every bit of every number by itself: six products of bfloat16 numbers for one.
  public static let full = ProductPrecision(left: .full, right: .full)
  /// 16 bits of every number: three products for one, each with an error below 2⁻¹⁶ of itself.
  public static let sixteenBits = ProductPrecision(left: .sixteenBits, right: .sixteenBits)

  /// The same where the right operand holds nothing but bfloat16 numbers: half the products or two thirds of them, for
  /// the same bits.
  public var byBrainFloats: ProductPrecision { ProductPrecision(left: left, right: .eightBits) }
  /// The same where an element must not depend on numbers that 0 stands beside, as those of later tokens.
  public var byNumber: ProductPrecision {
    left == .scaled ? ProductPrecision(left: .full, right: right == .scaled ? .full : right) : self
  }
  /// What is taken for sums of so many terms: few are summed more accurately number by number, and many share scales on both
  /// sides.
  func forTerms(
    _ depth: Int, isBrainFloat: Bool = false, _ machine: ProductMachine = activeMachine
  ) -> ProductPrecision {
    left == .scaled && depth >= machine.fewestScaledTerms(isBrainFloat: isBrainFloat) ? .scaled : byNumber
  }
}

/// Whether bfloat16 could hold every number of `x` as it is.
public func holdsBrainFloats(_ x: FloatBuffer) -> Bool {
  let block = 1 << 16
  for first in stride(from: 0, to: x.count, by: block) {
    var bits: UInt32 = 0
    for i in first..<min(x.count, first + block) { bits |= x.base[i].bitPattern }
    if bits & 0xffff != 0 { return false }
  }
  return true
}

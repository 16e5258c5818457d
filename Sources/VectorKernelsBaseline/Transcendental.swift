// Exponential, logarithm and their relatives on sixteen numbers: polynomials after reducing the range.

import VectorKernelsInterface

/// Adding and subtracting it rounds a number below 2²² to an integer, to be found in the lowest bits.
private let roundingShift: Float = 12_582_912

/// Where `share` becomes 0: the exponential is still a normal number, which processors multiply fast.
private let lowestExponent: Float = -87

/// Functions of sixteen numbers.
enum Curves {
  /// e^x in two parts, a number between ½ and 2 and a power of two, whose exponent is in the lowest bits.
  ///
  /// Transparent, like the rest of the exponential: calls would cost more than what they do, and the compiler
  /// inlines `always` only as far as it sees fit.
  /// - Parameter shift: `roundingShift` and what is to be added to the exponent.
  @_transparent
  private static func exponentialParts(_ x: Lanes, _ shift: Float) -> (number: Lanes, exponent: Lanes) {
    let shifted = fused(x, Lanes(repeating: 1.442_695_04), Lanes(repeating: shift))
    let n = shifted - shift
    // ln 2 in two parts, the first of so few bits that n times it is exact.
    var r = fused(n, Lanes(repeating: -0.693_359_375), x)
    r = fused(n, Lanes(repeating: 2.121_944_400_5e-4), r)
    var p = Lanes(repeating: 1.987_569_15e-4)
    p = fused(p, r, Lanes(repeating: 1.398_199_950_7e-3))
    p = fused(p, r, Lanes(repeating: 8.333_451_907_3e-3))
    p = fused(p, r, Lanes(repeating: 4.166_579_589_4e-2))
    p = fused(p, r, Lanes(repeating: 1.666_666_545_9e-1))
    p = fused(p, r, Lanes(repeating: 5.000_000_120_1e-1))
    return (fused(p, r * r, r) + 1, shifted)
  }

  /// e^x within 1 ulp; over- and underflows as it should.
  @inline(__always)
  static func exponential(_ input: Lanes) -> Lanes {
    var x = input
    x.replace(with: 89, where: x .> 89)
    x.replace(with: -104, where: x .< -104)
    let (p, shifted) = exponentialParts(x, roundingShift)
    // 2ⁿ as two factors, so that neither overflows nor underflows before the product does.
    let exponent = unsafeBitCast(shifted, to: Integers.self) &- Int32(bitPattern: roundingShift.bitPattern)
    let half = exponent &>> 1
    return p * powerOfTwo(half) * powerOfTwo(exponent &- half)
  }

  /// e^x within 1 ulp for |x| < 88, where neither it nor its exponent's bits overflow; NaN for NaN.
  @_transparent
  private static func moderateExponential(_ x: Lanes) -> Lanes {
    // With the exponent's bias added, the lowest bits are those of 2ⁿ.
    let (p, shifted) = exponentialParts(x, roundingShift + 127)
    return p * unsafeBitCast(unsafeBitCast(shifted, to: Words.self) &<< 23, to: Lanes.self)
  }

  /// `x`, or −87 where it is less.
  ///
  /// `share` is 0 from there on; the number itself stays finite, so that no 0·(−∞) gets into sums.
  @_transparent
  static func raised(_ x: Lanes) -> Lanes { x.replacing(with: lowestExponent, where: x .< lowestExponent) }

  /// e^x of a number that was `raised` and is below 88, within 1 ulp; 0 where it had to be.
  @_transparent
  static func share(_ x: Lanes) -> Lanes {
    moderateExponential(x).replacing(with: 0, where: x .<= lowestExponent)
  }

  /// 1/(1 + e⁻ˣ) within 3 ulp where |x| ≤ 87; beyond, what it is there.
  @_transparent
  static func gate(_ x: Lanes) -> Lanes {
    let y = raised(x)
    return 1 / (moderateExponential(-y.replacing(with: -lowestExponent, where: y .> -lowestExponent)) + 1)
  }

  /// 2ⁿ for −126 ≤ n ≤ 127
  @inline(__always)
  private static func powerOfTwo(_ n: Integers) -> Lanes {
    unsafeBitCast((n &+ 127) &<< 23, to: Lanes.self)
  }

  /// log(1 + f) + k·log 2 for √½ − 1 ≤ f ≤ √2 − 1
  @inline(__always)
  private static func logarithm(onePlus f: Lanes, _ k: Lanes) -> Lanes {
    let s = f / (f + 2)
    let z = s * s
    let w = z * z
    let even = w * fused(w, Lanes(repeating: 0.242_790_788), Lanes(repeating: 0.400_009_722))
    let odd = z * fused(w, Lanes(repeating: 0.284_987_867), Lanes(repeating: 0.666_666_627))
    let halfSquare = f * f * 0.5
    let small = fused(k, Lanes(repeating: 9.058_000_6e-6), s * (halfSquare + even + odd))
    return fused(k, Lanes(repeating: 0.693_138_123), f - (halfSquare - small))
  }

  /// log x within 1 ulp; −∞ at 0, NaN below.
  @inline(__always)
  static func logarithm(_ input: Lanes) -> Lanes {
    let isTiny = input .< Float.leastNormalMagnitude
    let x = input.replacing(with: input * 0x1p25, where: isTiny)
    let bits = unsafeBitCast(x, to: Integers.self) &+ (0x3f80_0000 - 0x3f35_04f3)
    let exponent = (bits &>> 23) &- 127
    let mantissa = unsafeBitCast((bits & 0x7f_ffff) &+ 0x3f35_04f3, to: Lanes.self)
    // Integers below 2²² become floating point in the lowest bits of the shift.
    let asBits = exponent &+ Int32(bitPattern: roundingShift.bitPattern)
    var k = unsafeBitCast(asBits, to: Lanes.self) - roundingShift
    k.replace(with: k - 25, where: isTiny)
    var result = logarithm(onePlus: mantissa - 1, k)
    result.replace(with: -.infinity, where: input .== 0)
    result.replace(with: .nan, where: input .< 0)
    // Infinity and NaN stay themselves.
    result.replace(with: input, where: input .== .infinity .| (input .!= input))
    return result
  }

  /// −|x|
  @inline(__always)
  private static func negativeMagnitude(_ x: Lanes) -> Lanes {
    unsafeBitCast(unsafeBitCast(x, to: Words.self) | 0x8000_0000, to: Lanes.self)
  }

  /// 1/(1 + e⁻ˣ), by the exponential that cannot overflow.
  @inline(__always)
  static func sigmoid(_ x: Lanes) -> Lanes {
    let e = exponential(negativeMagnitude(x))
    return Lanes(repeating: 1).replacing(with: e, where: x .< 0) / (e + 1)
  }

  /// log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|)
  @inline(__always)
  static func softplus(_ x: Lanes) -> Lanes {
    let u = exponential(negativeMagnitude(x))
    // Above √2 − 1, 1 + u is halved: 1 + (u − 1)/2.
    let isLarge = u .> 0.414_213_56
    let f = u.replacing(with: (u - 1) * 0.5, where: isLarge)
    let k = Lanes.zero.replacing(with: 1, where: isLarge)
    return x.replacing(with: 0, where: x .< 0) + logarithm(onePlus: f, k)
  }

  /// tanh x: a polynomial near 0, 1 − 2/(e²ˣ + 1) elsewhere.
  @inline(__always)
  static func hyperbolicTangent(_ x: Lanes) -> Lanes {
    let square = x * x
    var p = Lanes(repeating: -5.704_988_727_45e-3)
    p = fused(p, square, Lanes(repeating: 2.063_908_879_54e-2))
    p = fused(p, square, Lanes(repeating: -5.373_971_555_31e-2))
    p = fused(p, square, Lanes(repeating: 1.333_144_220_36e-1))
    p = fused(p, square, Lanes(repeating: -3.333_328_194_22e-1))
    let magnitude = -negativeMagnitude(x)
    let near = fused(p * square, magnitude, magnitude)
    let far = 1 - 2 / (exponential(magnitude + magnitude) + 1)
    let either = far.replacing(with: near, where: magnitude .< 0.625)
    let sign = unsafeBitCast(x, to: Words.self) & 0x8000_0000
    return unsafeBitCast(unsafeBitCast(either, to: Words.self) | sign, to: Lanes.self)
  }
}

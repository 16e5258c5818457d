// A small generator whose stream is a function of its seed alone, on every machine.

/// SplitMix64 (Steele, Lea and Flood, 2014): one addition and three mixing steps a number.
///
/// Fast, seeded by any 64-bit number, and good enough for shuffles, dropout and fixtures; not for secrets.
public struct SplitMix: RandomNumberGenerator, Sendable, Hashable, Codable {
  private var state: UInt64

  /// The stream that belongs to `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// A number in `[0, 1)`, from 53 random bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number from the standard normal distribution (Box and Muller; one of the pair is thrown away).
  public mutating func normal() -> Double {
    let radius = (-2 * Elementary.log(1 - uniform())).squareRoot()
    return radius * Elementary.cos(2 * Double.pi * uniform())
  }
}

// Dice that replay: a small generator whose stream is a function of its seed alone.

/// SplitMix64. Losses get theirs from ``LossContext/generator(row:)``.
///
/// - Source: Steele, Lea and Flood, 2014, "Fast splittable pseudorandom number generators", Figure 17.
public struct LossGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the stream that belongs to `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

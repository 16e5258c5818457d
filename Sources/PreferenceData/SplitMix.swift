// The one source of chance in the data layer: a counter hashed, the same on every platform.

/// Steele, Lea and Flood's SplitMix64.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  /// A stream of its own for every pair of `seed` and `stream`.
  init(seed: UInt64, stream: UInt64 = 0) {
    state = seed
    let first = next()
    state = first ^ (stream &* 0xD1B5_4A32_D192_ED03)
  }

  /// A generator in the middle of its stream.
  init(state: UInt64) { self.state = state }

  /// The next 64 bits.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number below `bound`, without bias.
  mutating func next(below bound: Int) -> Int {
    let bound = UInt64(bound)
    let limit = UInt64.max - UInt64.max % bound
    while true {
      let bits = next()
      if bits < limit { return Int(bits % bound) }
    }
  }

  /// `0..<count` in an order of its own, every order equally likely.
  mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    // The library's shuffle may change with its version, and with it the order of resumed runs.
    for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, next(below: i + 1)) }
    return order
  }
}

// Reproducible normally distributed numbers: the same seed gives the same weights on every machine.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Writes independent numbers of mean 0 and the given standard deviation (Box and Muller's transform of
/// SplitMix64's numbers; each pair of elements is a function of `seed` and its place alone).
public func fillNormal(_ buffer: FloatBuffer, deviation: Double, seed: UInt64) {
  let pairs = (buffer.count + 1) / 2
  let piece = 1 << 14
  KernelPool.shared.parallel((pairs + piece - 1) / piece) { place in
    for pair in place * piece..<min(pairs, (place + 1) * piece) {
      let first = uniform(seed, UInt64(2 * pair))
      let second = uniform(seed, UInt64(2 * pair + 1))
      let radius = deviation * (-2 * log(1 - first)).squareRoot()
      buffer.base[2 * pair] = Float(radius * cos(2 * .pi * second))
      if 2 * pair + 1 < buffer.count { buffer.base[2 * pair + 1] = Float(radius * sin(2 * .pi * second)) }
    }
  }
}

/// The `index`-th number in `0..<1` of the stream that `seed` names.
func uniform(_ seed: UInt64, _ index: UInt64) -> Double {
  var z = seed &+ (index &+ 1) &* 0x9E37_79B9_7F4A_7C15
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
}

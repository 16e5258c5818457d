// What is done to all weights at once: following others, and proof that nobody touched them.

import VectorKernels

extension Parameters {
  /// Moves every weight towards its namesake: `w ← share · other + (1 − share) · w`.
  ///
  /// - Precondition: `others` has a weight of the same shape for every one of these.
  public func move(towards others: Parameters, by share: Float) {
    for mine in self {
      guard let other = others[mine.name], other.shape == mine.shape else {
        preconditionFailure("Parameters.move: no '\(mine.name)' of shape \(mine.shape) to move towards")
      }
      for i in 0..<mine.values.count {
        mine.values[i] = share * other.values[i] + (1 - share) * mine.values[i]
      }
    }
  }

  /// A hash of every name, shape and bit: equal weights have equal fingerprints, in every process.
  ///
  /// FNV-1a over 64-bit words, so that weights that must not move can be checked before and after.
  public var fingerprint: UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func take(_ word: UInt64) { hash = (hash ^ word) &* 0x100_0000_01B3 }
    for parameter in self {
      for byte in parameter.name.description.utf8 { take(UInt64(byte)) }
      for extent in parameter.shape { take(UInt64(extent)) }
      for i in 0..<parameter.values.count { take(UInt64(parameter.values[i].bitPattern)) }
    }
    return hash
  }
}

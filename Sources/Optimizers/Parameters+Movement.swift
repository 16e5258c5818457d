// What is done to all weights at once: following others, and proof that nobody touched them.

import VectorKernels

extension Parameters {
  /// Moves the weights that `others` name towards theirs: `w ← share · other + (1 − share) · w`.
  ///
  /// - Precondition: every one of `others` has a namesake of the same shape here.
  public func move(towards others: Parameters, by share: Float) {
    for other in others {
      guard let mine = self[other.name], other.shape == mine.shape else {
        preconditionFailure("Parameters.move: no '\(other.name)' of shape \(other.shape) to move")
      }
      blend(other.values, into: mine.values, weight: share)
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

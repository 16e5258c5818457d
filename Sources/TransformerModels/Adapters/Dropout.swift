// Which inputs of which row are left out: a function of seed, step, token and layer, and of nothing else.

import VectorKernels

/// The dropout of one pass.
///
/// Micro-batches, threads and resuming leave it as it is. A prompt's rows are left out alike for all its
/// completions, which share them.
struct DropoutPass: Sendable {
  /// The share that is left out.
  let probability: Double
  /// What each row's numbers are drawn by.
  let keys: [UInt64]

  /// Draws for `step` of the stream that `seed` names.
  init(probability: Double, seed: UInt64, step: Int, _ layout: RaggedLayout) {
    let stream = mixed(seed &+ mixed(UInt64(bitPattern: Int64(step))))
    self.probability = probability
    keys = layout.identities.map { mixed($0 ^ stream) }
  }

  /// What is left out of one layer's input.
  func rows(layer: Int) -> RowDropout {
    let layer = mixed(UInt64(layer) &+ 1)
    return RowDropout(probability: probability, keys: keys.map { mixed($0 ^ layer) })
  }
}

/// A number in which every bit depends on every bit of `x` (the finisher of SplitMix64).
func mixed(_ x: UInt64) -> UInt64 {
  var z = x &+ 0x9E37_79B9_7F4A_7C15
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}

// How rotary frequencies are stretched for contexts longer than the model was first trained on.

import VectorKernels

/// A rule that turns the plain frequencies of rotary positions into the model's own.
public enum RotaryScaling: Sendable, Hashable {
  /// The plain frequencies.
  case none
  /// Llama 3.1's rule: slow planes turn `factor` times slower, fast ones as before, a ramp in between.
  case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalPositions: Int)

  /// The frequencies of a head's `width/2` planes, in radians per position.
  func frequencies(base: Double, width: Int) -> [Float] {
    let plain = rotaryFrequencies(base: base, width: width)
    guard case .llama3(let factor, let low, let high, let positions) = self else { return plain }
    let length = Float(positions)
    let (slowest, fastest) = (length / Float(low), length / Float(high))
    return plain.map { frequency in
      let wavelength = 2 * Float.pi / frequency
      if wavelength > slowest { return frequency / Float(factor) }
      if wavelength < fastest { return frequency }
      let share = (length / wavelength - Float(low)) / Float(high - low)
      return (1 - share) * frequency / Float(factor) + share * frequency
    }
  }
}

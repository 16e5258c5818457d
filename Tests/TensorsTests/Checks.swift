// What the tests of this module share: seeded numbers and central differences in double precision.

import Tensors

/// Double-precision numbers in `range`, a function of the seed.
func numbers(_ shape: [Int], in range: ClosedRange<Double> = -2...2, seed: UInt64 = 1) -> Tensor {
  var generator = SplitMix(seed: seed)
  let scalars = (0..<shape.reduce(1, *)).map { _ in
    range.lowerBound + (range.upperBound - range.lowerBound) * generator.uniform()
  }
  return Tensor(scalars, shape: shape)
}

/// The largest difference between the gradient of `f` and central differences, relative to 1 or the gradient.
///
/// The differences are of fourth order: a step of 3·10⁻⁴ leaves both rounding and truncation below 10⁻⁹.
/// The objective is `f`'s result weighted by fixed numbers, so that no two places can stand in for each other.
func worstGradientError(_ inputs: [Tensor], step: Double = 3e-4, _ f: ([Tensor]) -> Tensor) -> Double {
  func objective(_ inputs: [Tensor]) -> Tensor {
    let y = f(inputs)
    return (y * numbers(y.shape, in: 0.5...1.5, seed: 99)).sum()
  }
  let leaves = inputs.map { $0.tracked() }
  let analytic = gradients(of: objective(leaves), at: leaves)
  var worst = 0.0
  for (k, input) in inputs.enumerated() {
    let origin = input.scalars
    for i in origin.indices {
      func nudged(_ distance: Double) -> Double {
        var scalars = origin
        scalars[i] += distance
        var moved = inputs
        moved[k] = Tensor(scalars, shape: input.shape)
        return objective(moved).item
      }
      let (near, far) = (nudged(step) - nudged(-step), nudged(2 * step) - nudged(-2 * step))
      let numeric = (8 * near - far) / (12 * step)
      let error = Swift.abs(numeric - analytic[k].scalars[i]) / max(1, Swift.abs(numeric))
      worst = error.isNaN ? .infinity : max(worst, error)
    }
  }
  return worst
}

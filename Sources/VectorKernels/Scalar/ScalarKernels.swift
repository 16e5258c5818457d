// The scalar twins: plain loops, one element at a time, that every instruction set is tested against.

package import VectorKernelsInterface

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The oracle: plain loops, transcendental functions in double precision.
package enum ScalarKernels: ElementKernels {
  @inline(__always)
  private static func map(_ x: Floats, _ y: MutableFloats, _ n: Int, _ function: (Double) -> Double) {
    for i in 0..<n { y[i] = Float(function(Double(x[i]))) }
  }

  package static func exponential(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    map(x, y, n) { Oracle.exponential($0) }
  }

  package static func logarithm(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    map(x, y, n) { Oracle.logarithm($0) }
  }

  package static func hyperbolicTangent(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    map(x, y, n) { Oracle.hyperbolicTangent($0) }
  }

  package static func sigmoid(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    map(x, y, n) { Oracle.sigmoid($0) }
  }

  package static func softplus(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    map(x, y, n) { Oracle.softplus($0) }
  }

  package static func reciprocalSquareRoot(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    map(x, y, n) { 1 / $0.squareRoot() }
  }

  package static func add(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    for i in 0..<n { y[i] += x[i] }
  }

  package static func addScaled(_ x: Floats, _ s: Float, _ y: MutableFloats, _ n: Int) {
    for i in 0..<n { y[i] += s * x[i] }
  }

  package static func scale(_ y: MutableFloats, _ s: Float, _ n: Int) {
    for i in 0..<n { y[i] *= s }
  }

  package static func multiply(_ x: Floats, _ y: Floats, _ z: MutableFloats, _ n: Int) {
    for i in 0..<n { z[i] = x[i] * y[i] }
  }

  package static func blend(_ x: Floats, _ y: MutableFloats, _ weight: Float, _ n: Int) {
    let rest = 1 - weight
    for i in 0..<n { y[i] = weight * x[i] + rest * y[i] }
  }

  @inline(__always)
  private static func sixteenSums(_ n: Int, _ term: (Int) -> Double) -> Double {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 16) { sums in
      sums.initialize(repeating: 0)
      for i in 0..<n { sums[i % 16] += term(i) }
      for width in [8, 4, 2, 1] {
        for i in 0..<width { sums[i] += sums[i + width] }
      }
      return sums[0]
    }
  }

  package static func sum(_ x: Floats, _ n: Int) -> Double {
    sixteenSums(n) { Double(x[$0]) }
  }

  package static func dot(_ x: Floats, _ y: Floats, _ n: Int) -> Double {
    // The product of two single-precision numbers is exact in double precision.
    sixteenSums(n) { Double(x[$0]) * Double(y[$0]) }
  }

  package static func isFinite(_ x: Floats, _ n: Int) -> Bool {
    for i in 0..<n where !x[i].isFinite { return false }
    return true
  }

  package static func adamw(
    _ values: MutableFloats, _ gradient: Floats, _ first: MutableFloats, _ second: MutableFloats,
    _ factors: AdamWFactors, _ n: Int
  ) {
    for i in 0..<n {
      var value = values[i] * factors.shrink
      // torch.lerp blends from the nearer end.
      let (old, new) = (first[i], gradient[i] * factors.gradientScale)
      let difference = new - old
      let blended =
        factors.firstBlend < 0.5
        ? old.addingProduct(factors.firstBlend, difference)
        : new.addingProduct(factors.firstBlend - 1, difference)
      let kept = second[i] * factors.secondKeep
      let squared = kept + factors.secondBlend * new * new
      let denominator = squared.squareRoot() / factors.secondCorrection + factors.epsilon
      value += factors.step * blended / denominator
      (values[i], first[i], second[i]) = (value, blended, squared)
    }
  }
}

/// Double-precision functions, named so that they do not collide with this module's own.
package enum Oracle {
  package static func exponential(_ x: Double) -> Double { exp(x) }
  package static func logarithm(_ x: Double) -> Double { log(x) }
  package static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
  /// 1/(1 + e⁻ˣ), without overflow on either side.
  package static func sigmoid(_ x: Double) -> Double {
    x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
  }
  /// The share of the normal distribution below `x`.
  package static func normalDistribution(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
  /// log(1 + eˣ), without overflow.
  package static func softplus(_ x: Double) -> Double {
    x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))
  }
}

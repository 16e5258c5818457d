// Element-wise functions against double precision over the whole range of single precision.

import Testing
import VectorKernelsInterface

@testable import VectorKernels

/// A function under test, its oracle and how far apart they may be.
struct Curve: CustomTestStringConvertible {
  let testDescription: String
  let kernel: @Sendable (any ElementKernels.Type, FloatBuffer) -> FloatBuffer
  let oracle: @Sendable (Double) -> Double
  /// In units in the last place of the result.
  let bound: Double

  init(
    _ name: String, bound: Double, _ oracle: @escaping @Sendable (Double) -> Double,
    _ kernel:
      @escaping @Sendable (any ElementKernels.Type, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int)
      -> Void
  ) {
    (testDescription, self.bound, self.oracle) = (name, bound, oracle)
    self.kernel = { set, x in
      let y = FloatBuffer(count: x.count)
      kernel(set, x.base, y.base, x.count)
      return y
    }
  }
}

@Sendable private func inverseRoot(_ x: Double) -> Double { 1 / x.squareRoot() }

private let curves = [
  Curve("exp", bound: 1.5, Oracle.exponential) { $0.exponential($1, $2, $3) },
  Curve("log", bound: 1.5, Oracle.logarithm) { $0.logarithm($1, $2, $3) },
  Curve("tanh", bound: 2.5, Oracle.hyperbolicTangent) { $0.hyperbolicTangent($1, $2, $3) },
  Curve("sigmoid", bound: 3, Oracle.sigmoid) { $0.sigmoid($1, $2, $3) },
  Curve("softplus", bound: 3, Oracle.softplus) { $0.softplus($1, $2, $3) },
  Curve("reciprocal square root", bound: 1.5, inverseRoot) {
    $0.reciprocalSquareRoot($1, $2, $3)
  },
]

/// Numbers of every exponent and sign, those that are special, and many near the middle of things.
private let samples: FloatBuffer = {
  var x = stride(from: UInt32(0), to: UInt32.max - 40_000, by: 40_009).map { Float(bitPattern: $0) }
  let special: [Float] = [
    0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
    .leastNormalMagnitude,
    -.leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1, -1, 88.7228, 88.72284,
    -87.4,
    -103.9, -104, 0.625, -0.625, 0.6249999, 1.0000001, 0.99999994, 0.70710677, 0.7071068, 16_777_216,
  ]
  x += special
  x += (0..<60_000).map { Float($0 - 30_000) * 0.003_517 }
  return FloatBuffer(x)
}()

/// The largest error in units in the last place, or infinity where special values differ.
private func worstError(_ x: FloatBuffer, _ y: FloatBuffer, _ oracle: (Double) -> Double) -> (Double, Float) {
  var worst = (0.0, Float.zero)
  for i in 0..<x.count {
    let (expected, result) = (oracle(Double(x[i])), y[i])
    let rounded = Float(expected)
    if rounded.isNaN && result.isNaN || rounded == result { continue }
    let step = Double(max(rounded.magnitude.ulp, .leastNonzeroMagnitude))
    let error = (Double(result) - expected).magnitude / step
    if !(error <= worst.0) { worst = (error.isNaN ? .infinity : error, x[i]) }
  }
  return worst
}

@Suite struct TranscendentalTests {
  @Test(arguments: InstructionSet.supported, curves)
  func `stays within its bound everywhere`(_ set: InstructionSet, _ curve: Curve) {
    let (error, at) = worstError(samples, curve.kernel(set.kernels, samples), curve.oracle)
    #expect(error <= curve.bound, "\(error) units in the last place at \(at)")
  }

  @Test(arguments: InstructionSet.supported, curves)
  func `a number's result does not depend on its neighbours`(_ set: InstructionSet, _ curve: Curve) {
    let whole = curve.kernel(set.kernels, samples)
    for (start, count) in [(0, 1), (3, 15), (107_349, 17), (109_000, 31)] {
      let part = curve.kernel(set.kernels, samples.window(start..<start + count))
      let bits = part.scalars.map(\.bitPattern)
      #expect(bits == whole.window(start..<start + count).scalars.map(\.bitPattern))
    }
  }

  @Test(arguments: InstructionSet.supported)
  func `zeros keep their sign`(_ set: InstructionSet) {
    let y = FloatBuffer([0, -0.0])
    set.kernels.hyperbolicTangent(y.base, y.base, 2)
    #expect(y.scalars.map(\.bitPattern) == [0, 0x8000_0000])
  }
}

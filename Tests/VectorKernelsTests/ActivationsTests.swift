// Kernels on activations, in both types: every instruction set against the scalar twin, and against first principles.

import Testing
import VectorKernelsInterface

@testable import VectorKernels

private let widths = [1, 5, 16, 24, 64, 577]

/// Activations in one of the two types.
struct Activations {
  let isBrainFloat: Bool
  let floats: FloatBuffer
  let brainFloats: BrainFloatBuffer

  init(_ floats: FloatBuffer, isBrainFloat: Bool) {
    self.isBrainFloat = isBrainFloat
    brainFloats = BrainFloatBuffer(count: floats.count)
    convert(floats, into: brainFloats)
    self.floats = FloatBuffer(floats.scalars)
  }

  var base: UnsafeMutableRawPointer {
    isBrainFloat ? UnsafeMutableRawPointer(brainFloats.base) : UnsafeMutableRawPointer(floats.base)
  }
  var read: Scalars { Scalars(base, isBrainFloat: isBrainFloat) }
  var write: MutableScalars { MutableScalars(base, isBrainFloat: isBrainFloat) }

  /// What is stored now.
  var numbers: FloatBuffer {
    guard isBrainFloat else { return floats }
    let result = FloatBuffer(count: floats.count)
    convert(brainFloats, into: result)
    return result
  }
}

/// What a kernel writes.
private struct Results {
  let activations: [Activations]
  let floats: FloatBuffer

  subscript(index: Int) -> MutableScalars { activations[index].write }
}

@Suite struct ActivationsTests {
  @Test(arguments: InstructionSet.supported, widths)
  func `kernels agree with the twin`(_ set: InstructionSet, _ n: Int) {
    for isBrainFloat in [false, true] { compareAll(set, n, isBrainFloat) }
  }

  private func compareAll(_ set: InstructionSet, _ n: Int, _ isBrainFloat: Bool) {
    var noise = Noise(UInt64(n))
    let (x, y, z) = (noise.buffer(n), noise.buffer(n), noise.buffer(n))
    let (a, b) = (Activations(y, isBrainFloat: isBrainFloat), Activations(z, isBrainFloat: isBrainFloat))
    // A result may lie on the other side of a rounding border: one place of bfloat16.
    let tolerance: Float = isBrainFloat ? 0x1p-7 : 0x1p-20
    func compare(_ outputs: Int = 1, _ kernel: (any (ActivationKernels & BlockKernels).Type, Results) -> Void)
    {
      let start = noise.buffer(n)
      func run(_ kernels: any (ActivationKernels & BlockKernels).Type) -> Results {
        let results = Results(
          activations: (0..<outputs).map { _ in Activations(start, isBrainFloat: isBrainFloat) },
          floats: FloatBuffer(start.scalars))
        kernel(kernels, results)
        return results
      }
      let (fast, twin) = (run(set.kernels), run(ScalarKernels.self))
      for (fast, twin) in zip(fast.activations, twin.activations) {
        #expect(agree(fast.numbers, twin.numbers, within: tolerance))
      }
      #expect(agree(fast.floats, twin.floats, within: 0x1p-20))
    }
    let spare = FloatBuffer(z.scalars)
    compare { $1.floats[0] = $0.normalize(x.base, y.base, 1e-5, $1[0], n) }
    compare { _ = $0.addAndNormalize(x.base, z.base, $1.floats.base, y.base, 1e-5, $1[0], n) }
    compare { $0.normalize(x.base, y.base, by: 1.3, $1[0], n) }
    for accumulating in [false, true] {
      compare(0) {
        $0.normalizeGradient(a.read, x.base, z.base, 1.3, $1.floats.base, accumulating, spare.base, n)
      }
    }
    compare(0) { $0.normalizeGradient(a.read, x.base, z.base, 1.3, spare.base, false, $1.floats.base, n) }
    compare { $0.gated(.silu, a.read, b.read, $1[0], n) }
    compare(3) { $0.gatedGradient(.silu, $1[0], a.read, b.read, $1[1], $1[2], n) }
    compare(0) { $0.add(a.read, $1.floats.base, n) }
    compare { $0.add(x.base, $1[0], n) }
    let slopes = ScoreSlopes(logSum: 1.5, probability: -0.3, entropy: 0.7, collision: 1.1, constant: 0.01)
    compare { $0.cotangent(x.base, slopes, $1[0], n) }
    guard n % 4 == 0 else { return }
    for (heads, inverse) in [(1, false), (2, true), (4, false)] where n / heads % 2 == 0 {
      compare { $0.rotate($1[0], heads, n / heads, n / heads, x.base, y.base, inverse) }
      compare { $0.rotate($1[0], heads, n / heads, n / heads / 4 * 2, x.base, y.base, inverse) }
    }
  }

  @Test func `turning back undoes turning`() {
    var noise = Noise(2)
    let (x, angles) = (noise.buffer(3 * 48), noise.buffer(3 * 12))
    let start = x.scalars
    let tokens = Matrix(x, rows: 3, columns: 48)
    let cosines = Matrix(FloatBuffer(angles.scalars.map { $0.magnitude }), rows: 3, columns: 12)
    let sines = Matrix(
      FloatBuffer(angles.scalars.map { (1 - $0 * $0).squareRoot() }), rows: 3, columns: 12)
    rotate(x: tokens, headWidth: 24, cosines: cosines, sines: sines)
    // Column 0 pairs with column 12 of the same head.
    let first = start[0] * cosines[0, 0] - start[12] * sines[0, 0]
    #expect((x[0] - first).magnitude < 1e-6 && x.scalars != start)
    rotate(x: tokens, headWidth: 24, cosines: cosines, sines: sines, inverse: true)
    #expect(agree(x, FloatBuffer(start), within: 1e-6))
  }

  @Test func `the norm's gradient is that of differences`() {
    var noise = Noise(6)
    let (rows, n) = (3, 10)
    let (x, upstream) = (noise.buffer(rows * n), noise.buffer(rows * n))
    let weight = noise.buffer(n)
    func objective(_ x: FloatBuffer, _ weight: FloatBuffer) -> Double {
      var total = 0.0
      for row in 0..<rows {
        let squares = (0..<n).reduce(0.0) { $0 + Double(x[row * n + $1]) * Double(x[row * n + $1]) }
        let inverse = 1 / (squares / Double(n) + 1e-5).squareRoot()
        for i in 0..<n {
          total += Double(upstream[row * n + i]) * Double(weight[i]) * Double(x[row * n + i]) * inverse
        }
      }
      return total
    }
    let (y, inverses) = (Matrix<Float>(rows: rows, columns: n), FloatBuffer(count: rows))
    let input = Matrix(x, rows: rows, columns: n)
    rootMeanSquareNorm(x: input, weight: weight, epsilon: 1e-5, into: y, inverses: inverses)
    let (dx, dw) = (Matrix<Float>(rows: rows, columns: n), FloatBuffer(count: n))
    rootMeanSquareNormGradient(
      upstream: Matrix(upstream, rows: rows, columns: n), x: input, weight: weight, inverses: inverses,
      into: dx, weightGradient: dw)
    #expect((dot(upstream, y.buffer) - objective(x, weight)).magnitude < 1e-5)
    func slope(_ buffer: FloatBuffer, _ i: Int) -> Double {
      let kept = buffer[i]
      buffer[i] = kept + 0x1p-8
      let up = objective(x, weight)
      buffer[i] = kept - 0x1p-8
      let down = objective(x, weight)
      buffer[i] = kept
      return (up - down) * 0x1p7
    }
    for i in 0..<rows * n { #expect((slope(x, i) - Double(dx.buffer[i])).magnitude < 2e-3) }
    for i in 0..<n { #expect((slope(weight, i) - Double(dw[i])).magnitude < 1e-4) }
  }

  @Test func `adding and normalising is adding, then normalising`() {
    var noise = Noise(3)
    let (a, b) = (
      Matrix(noise.buffer(70 * 33), rows: 70, columns: 33),
      Matrix(noise.buffer(70 * 33), rows: 70, columns: 33)
    )
    let weight = noise.buffer(33)
    let (sum, normed) = (Matrix<Float>(rows: 70, columns: 33), Matrix<UInt16>(rows: 70, columns: 33))
    let inverses = FloatBuffer(count: 70)
    addAndNormalize(a, b, into: sum, weight: weight, epsilon: 1e-5, normed: normed, inverses: inverses)
    add(a.buffer, to: b.buffer)
    #expect(sum.buffer.scalars == b.buffer.scalars)
    let (twice, again) = (Matrix<UInt16>(rows: 70, columns: 33), FloatBuffer(count: 70))
    rootMeanSquareNorm(x: b, weight: weight, epsilon: 1e-5, into: twice, inverses: again)
    #expect(normed.buffer.scalars == twice.buffer.scalars && inverses.scalars == again.scalars)
    let known = Matrix<UInt16>(rows: 70, columns: 33)
    rootMeanSquareNorm(x: b, weight: weight, knownInverses: again, into: known)
    #expect(known.buffer.scalars == twice.buffer.scalars)
  }

  @Test func `biases are added to windows, and their gradients are sums of rows`() {
    var noise = Noise(4)
    let wide = Matrix(noise.buffer(9 * 300), rows: 9, columns: 300)
    let start = wide.buffer.scalars
    let window = wide.block(0..<9, 40..<240)
    let (bias, sum) = (noise.buffer(200), FloatBuffer(count: 200))
    addRowSum(of: window, to: sum)
    addBias(bias, to: window)
    for row in 0..<9 {
      for column in 0..<300 {
        let added = 40..<240 ~= column ? bias[column - 40] : 0
        #expect(wide[row, column] == start[row * 300 + column] + added)
      }
    }
    for column in 0..<200 {
      #expect(sum[column] == (0..<9).reduce(0) { $0 + start[$1 * 300 + 40 + column] })
    }
  }
}

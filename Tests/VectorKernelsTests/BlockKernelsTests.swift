// Layer norms, norms of heads, gates and soft caps: every instruction set against the scalar twin, and against
// first principles.

import Testing
import VectorKernelsInterface

@testable import VectorKernels

/// What kernels write.
private struct Written {
  let y: [Activations]
  let floats: [FloatBuffer]
}

@Suite struct BlockKernelsTests {
  static let kinds: [ActivationKind] = [.silu, .gelu, .geluTanh, .relu]

  @Test(arguments: InstructionSet.supported, [1, 5, 16, 24, 64, 577])
  func `kernels agree with the twin`(_ set: InstructionSet, _ n: Int) {
    for isBrainFloat in [false, true] { compareAll(set, n, isBrainFloat) }
  }

  private func compareAll(_ set: InstructionSet, _ n: Int, _ isBrainFloat: Bool) {
    var noise = Noise(UInt64(n) &+ 5)
    let (x, weight, bias) = (noise.buffer(n), noise.buffer(n), noise.buffer(n))
    let a = Activations(noise.buffer(n), isBrainFloat: isBrainFloat)
    let b = Activations(noise.buffer(n), isBrainFloat: isBrainFloat)
    let start = (0..<3).map { _ in noise.buffer(n) }
    let tolerance: Float = isBrainFloat ? 0x1p-7 : 0x1p-19
    func compare(
      _ kernel: (any BlockKernels.Type, Written) -> Void,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      func run(_ kernels: any BlockKernels.Type) -> Written {
        let written = Written(
          y: start.map { Activations($0, isBrainFloat: isBrainFloat) },
          floats: start.map { FloatBuffer($0.scalars) })
        kernel(kernels, written)
        return written
      }
      let (fast, twin) = (run(set.kernels), run(ScalarKernels.self))
      for (fast, twin) in zip(fast.y, twin.y) {
        #expect(agree(fast.numbers, twin.numbers, within: tolerance), sourceLocation: sourceLocation)
      }
      for (fast, twin) in zip(fast.floats, twin.floats) {
        #expect(agree(fast, twin, within: 0x1p-19), sourceLocation: sourceLocation)
      }
    }
    compare { kernels, found in
      let measured = kernels.layerNormalize(x.base, weight.base, bias.base, 1e-2, found.y[0].write, n)
      (found.floats[0][0], found.floats[1][0]) = (measured.mean, measured.factor)
    }
    compare { $0.layerNormalize(x.base, weight.base, bias.base, mean: 0.1, factor: 1.3, $1.y[0].write, n) }
    for accumulating in [false, true] {
      compare {
        $0.layerNormalizeGradient(
          a.read, x.base, weight.base, mean: 0.1, factor: 1.3, $1.floats[0].base, accumulating,
          $1.floats[1].base,
          $1.floats[2].base, n)
      }
    }
    compare { $1.floats[0][0] = $0.normalizeActivations(a.read, weight.base, 1e-2, $1.y[0].write, n) }
    compare {
      $0.normalizeActivationsGradient(b.read, a.read, weight.base, 0.7, $1.y[0].write, $1.floats[0].base, n)
    }
    for kind in Self.kinds {
      compare { $0.activate(kind, a.read, $1.y[0].write, n) }
      compare { $0.activateGradient(kind, $1.y[0].write, a.read, $1.y[1].write, n) }
      compare { $0.gated(kind, a.read, b.read, $1.y[0].write, n) }
      compare { $0.gatedGradient(kind, $1.y[0].write, a.read, b.read, $1.y[1].write, $1.y[2].write, n) }
    }
    compare { $0.softCap($1.floats[0].base, scale: 0.6, 1.7, n) }
    compare { $0.softCapGradient(x.base, scale: 0.6, 9, $1.y[0].write, n) }
  }

  @Test(arguments: InstructionSet.supported, kinds)
  func `functions are right from far left to far right`(_ set: InstructionSet, _ kind: ActivationKind) {
    let numbers = (-1200...1200).map { Float($0) / 100 } + [-90, -40, 40, 90, 1e4, -1e4]
    let x = Activations(FloatBuffer(numbers), isBrainFloat: false)
    let (value, slope) = (FloatBuffer(count: numbers.count), FloatBuffer(count: numbers.count))
    for i in 0..<value.count { value[i] = 1 }
    set.kernels.activateGradient(
      kind, MutableScalars(UnsafeMutableRawPointer(value.base), isBrainFloat: false), x.read,
      MutableScalars(UnsafeMutableRawPointer(slope.base), isBrainFloat: false), numbers.count)
    for (i, number) in numbers.enumerated() {
      let exact = kind.valueAndSlope(Double(number))
      let size = max(1, Double(number.magnitude))
      #expect(abs(Double(value[i]) - exact.value) < 3e-7 * size, "\(kind) of \(number)")
      #expect(abs(Double(slope[i]) - exact.slope) < 1e-6 * size, "\(kind)' of \(number)")
    }
  }

  @Test(arguments: kinds) func `slopes are those of differences`(_ kind: ActivationKind) {
    for x in stride(from: -4.05, through: 4, by: 0.1) {
      let (up, down) = (kind.valueAndSlope(x + 1e-5).value, kind.valueAndSlope(x - 1e-5).value)
      #expect(abs((up - down) / 2e-5 - kind.valueAndSlope(x).slope) < 1e-8)
    }
  }

  @Test func `the layer norm's gradient is that of differences`() {
    var noise = Noise(3)
    let (rows, n) = (70, 10)
    let (x, upstream) = (noise.buffer(rows * n), noise.buffer(rows * n))
    let (weight, bias) = (noise.buffer(n), noise.buffer(n))
    func objective() -> Double {
      (0..<rows).reduce(0.0) { total, row in
        let values = (0..<n).map { Double(x[row * n + $0]) }
        let mean = values.reduce(0, +) / Double(n)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
        return (0..<n).reduce(total) {
          let unit = (values[$1] - mean) / (variance + 1e-2).squareRoot()
          return $0 + Double(upstream[row * n + $1]) * (Double(weight[$1]) * unit + Double(bias[$1]))
        }
      }
    }
    let input = Matrix(x, rows: rows, columns: n)
    let y = Matrix<Float>(rows: rows, columns: n)
    let (means, factors) = (FloatBuffer(count: rows), FloatBuffer(count: rows))
    layerNorm(x: input, weight: weight, bias: bias, epsilon: 1e-2, into: y, means: means, factors: factors)
    #expect((dot(upstream, y.buffer) - objective()).magnitude < 1e-4)
    let again = Matrix<Float>(rows: rows, columns: n)
    layerNorm(x: input, weight: weight, bias: bias, knownMeans: means, factors: factors, into: again)
    #expect(again.buffer.scalars == y.buffer.scalars)
    let dx = Matrix<Float>(rows: rows, columns: n)
    let (dw, db) = (FloatBuffer(count: n), FloatBuffer(count: n))
    layerNormGradient(
      upstream: Matrix(upstream, rows: rows, columns: n), x: input, weight: weight, means: means,
      factors: factors, into: dx, weightGradient: dw, biasGradient: db)
    func slope(_ buffer: FloatBuffer, _ i: Int) -> Double {
      let kept = buffer[i]
      defer { buffer[i] = kept }
      buffer[i] = kept + 0x1p-8
      let up = objective()
      buffer[i] = kept - 0x1p-8
      return (up - objective()) * 0x1p7
    }
    for i in stride(from: 0, to: rows * n, by: 13) {
      #expect((slope(x, i) - Double(dx.buffer[i])).magnitude < 2e-3)
    }
    for i in 0..<n {
      #expect((slope(weight, i) - Double(dw[i])).magnitude < 1e-3)
      #expect((slope(bias, i) - Double(db[i])).magnitude < 1e-3)
    }
  }

  @Test func `a window hides what stands before it`() {
    var noise = Noise(8)
    let (rows, columns) = (20, 64)
    func scores() -> Matrix<Float> {
      Matrix(FloatBuffer(count: rows * 80), rows: rows, columns: columns, rowStride: 80)
    }
    let values = noise.buffer(rows * 80).scalars
    for window in [1, 5, 16, 17, 40] {
      let narrow = scores()
      for (i, x) in values.enumerated() { narrow.buffer[i] = x }
      let inverses = FloatBuffer(count: rows)
      let weights: Matrix<Float> = attentionWeights(
        narrow, scale: 1.5, visible: 30, period: 20, window: window, inverses: inverses)
      for row in 0..<rows {
        let seen = max(0, 30 + row - window)..<30 + row
        let exact = (0..<columns).map { column in
          seen.contains(column) ? Oracle.exponential(1.5 * Double(values[row * 80 + column])) : 0
        }
        let total = exact.reduce(0, +)
        for column in 0..<columns {
          let share = Double(weights[row, column] * inverses[row])
          #expect(abs(share - exact[column] / total) < 1e-6)
        }
      }
    }
  }

  @Test func `a sum may stand in the place of either operand`() {
    var noise = Noise(8)
    let (x, y) = (noise.buffer(40 * 900), noise.buffer(40 * 900))
    let expected = zip(x.scalars, y.scalars).map { $0 + $1 }
    func matrix(_ buffer: FloatBuffer) -> Matrix<Float> { Matrix(buffer, rows: 40, columns: 900) }
    for place in 0..<3 {
      let (a, b) = (matrix(FloatBuffer(x.scalars)), matrix(FloatBuffer(y.scalars)))
      let sum = [a, b, matrix(FloatBuffer(count: 40 * 900))][place]
      add(a, b, into: sum)
      #expect(sum.buffer.scalars == expected)
      if place != 0 { #expect(a.buffer.scalars == x.scalars) }
      if place != 1 { #expect(b.buffer.scalars == y.scalars) }
    }
  }

  @Test func `transposing moves every number`() {
    let x = Matrix(FloatBuffer((0..<70 * 41).map(Float.init)), rows: 70, columns: 41)
    let y = Matrix<Float>(rows: 41, columns: 70)
    transpose(x, into: y)
    for i in 0..<70 { for j in 0..<41 { #expect(y[j, i] == x[i, j]) } }
  }
}

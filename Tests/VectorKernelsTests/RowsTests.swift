// Row-wise kernels: every instruction set against the scalar twin, and the twin against first principles.

import Testing
import VectorKernelsInterface

@testable import VectorKernels

private let widths = [1, 5, 16, 24, 64, 577]

/// Whether all elements lie within `tolerance`, relative where they are larger than 1.
func agree(_ a: FloatBuffer, _ b: FloatBuffer, within tolerance: Float) -> Bool {
  zip(a.scalars, b.scalars).allSatisfy { ($0 - $1).magnitude <= tolerance * max(1, $1.magnitude) }
}

@Suite struct RowsTests {
  @Test(arguments: InstructionSet.supported, widths)
  func `rows agree with the twin`(_ set: InstructionSet, _ n: Int) {
    var noise = Noise(UInt64(n))
    let (x, y, z) = (noise.buffer(n), noise.buffer(n), noise.buffer(n))
    let tolerance: Float = 0x1p-20
    func compare(_ outputs: Int = 1, _ kernel: (any ElementKernels.Type, [FloatBuffer]) -> Void) {
      let start = noise.buffer(n).scalars
      let fast = (0..<outputs).map { _ in FloatBuffer(start) }
      let twin = (0..<outputs).map { _ in FloatBuffer(start) }
      kernel(set.kernels, fast)
      kernel(ScalarKernels.self, twin)
      for (a, b) in zip(fast, twin) { #expect(agree(a, b, within: tolerance)) }
    }
    compare { _ = $0.normalize(x.base, y.base, 1e-5, $1[0].base, n) }
    for accumulating in [false, true] {
      compare { $0.normalizeGradient(x.base, y.base, z.base, 1.3, $1[0].base, accumulating, n) }
    }
    compare { $0.gatedSiLU(x.base, y.base, $1[0].base, n) }
    compare(2) { $0.gatedSiLUGradient(x.base, y.base, z.base, $1[0].base, $1[1].base, n) }
    if n % 4 == 0 {
      for (heads, inverse) in [(1, false), (2, true), (4, false)] where n / heads % 2 == 0 {
        compare { $0.rotate($1[0].base, heads, n / heads, x.base, y.base, inverse) }
      }
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

  @Test func `rows are gathered, and their gradients scattered, by identifier`() {
    let table = Matrix(FloatBuffer([1, 2, 3, 4, 5, 6]), rows: 3, columns: 2)
    let rows = Matrix<Float>(rows: 3, columns: 2)
    gatherRows(of: table, [2, 0, 2], into: rows)
    #expect(rows.buffer.scalars == [5, 6, 1, 2, 5, 6] as [Float])
    let gradient = Matrix<Float>(rows: 3, columns: 2)
    scatterAddRows(rows, [2, 0, 2], to: gradient)
    #expect(gradient.buffer.scalars == [1, 2, 0, 0, 10, 12] as [Float])
  }
}

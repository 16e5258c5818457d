// Rows of attention: every instruction set against the scalar twin, and the functions around them.

import Testing
import VectorKernelsInterface

@testable import VectorKernels

/// What bfloat16 scalars stand for.
private func widened(_ scalars: some Sequence<UInt16>) -> [Float] {
  scalars.map { Float(bitPattern: UInt32($0) << 16) }
}

/// Random scores, the hidden ones of every row NaN: whoever looks at them is found out.
private func scores(rows: Int, columns: Int, visible: Int, seed: UInt64) -> Matrix<Float> {
  var noise = Noise(seed)
  let matrix = Matrix(noise.buffer(rows * columns), rows: rows, columns: columns)
  for i in 0..<rows {
    for j in visible + i..<max(columns, visible + i) where j < columns { matrix[i, j] = .nan }
  }
  return matrix
}

@Suite struct AttentionRowsTests {
  static let visible = [1, 2, 15, 16, 17, 63, 64, 65, 100, 127, 128]

  @Test(arguments: InstructionSet.supported, visible)
  func `rows agree with the twin`(_ set: InstructionSet, _ visible: Int) {
    let n = 128
    var noise = Noise(UInt64(visible))
    let (x, y) = (noise.buffer(n), noise.buffer(n))
    for i in visible..<n { (x[i], y[i]) = (.nan, .nan) }
    func run(_ kernels: any AttentionKernels.Type) -> (plain: [Float], rounded: [Float]) {
      let (a, b, c) = (FloatBuffer(count: n), FloatBuffer(count: n), FloatBuffer(x.scalars))
      let (d, e) = (BrainFloatBuffer(count: n), BrainFloatBuffer(count: n))
      let (f, g) = (FloatBuffer(count: n), BrainFloatBuffer(count: n))
      let first = kernels.exponentiate(x.base, 7, visible, n, into: f.base)
      let second = kernels.exponentiate(x.base, 7, visible, n, into: g.base)
      kernels.softmaxGradient(c.base, y.base, 0.7, visible, n, shares: a.base, gradient: b.base)
      let again = FloatBuffer(x.scalars)
      kernels.softmaxGradient(again.base, y.base, 0.7, visible, n, shares: d.base, gradient: e.base)
      return (
        f.scalars + a.scalars + b.scalars + [first, second],
        widened(g.scalars) + widened(d.scalars) + widened(e.scalars)
      )
    }
    let (fast, twin) = (run(set.kernels), run(ScalarKernels.self))
    // The argument of the exponential is rounded: scores up to 7 lie up to 14 below the largest.
    for (a, b) in zip(fast.plain, twin.plain) { #expect((a - b).magnitude <= 0x1p-19 * max(1, b.magnitude)) }
    // Rounding may fall on either side of the middle: one unit of bfloat16's 8 bits.
    for (a, b) in zip(fast.rounded, twin.rounded) {
      #expect((a - b).magnitude <= 0x1p-8 * b.magnitude + 0x1p-19)
    }
  }

  @Test(arguments: InstructionSet.supported)
  func `exponentials are right to two units in the last place`(_ set: InstructionSet) {
    let n = 4096
    // scale = ln 2 makes the argument exact but for one rounding of the scale itself.
    let x = FloatBuffer((0..<n).map { -Float($0) / 512 })
    let weights = FloatBuffer(count: n)
    _ = set.kernels.exponentiate(x.base, 1, n, n, into: weights.base)
    for i in 0..<n {
      let exact = Oracle.exponential(Double(x[i]))
      let argument = 0x1p-24 * abs(Double(x[i])) + 0x1p-24 * 2
      #expect(abs(Double(weights[i]) / exact - 1) < 2 * 0x1p-23 + argument)
    }
  }

  @Test(arguments: InstructionSet.supported)
  func `what is too small vanishes, and NaN is not hidden`(_ set: InstructionSet) {
    let x = FloatBuffer([3e38, -3e38, 3e38, .leastNonzeroMagnitude] + [Float](repeating: .nan, count: 12))
    let weights = FloatBuffer(count: 16)
    let inverse = set.kernels.exponentiate(x.base, 1, 4, 16, into: weights.base)
    #expect(inverse == 0.5 && weights.scalars == [1, 0, 1, 0] as [Float] + [Float](repeating: 0, count: 12))
    let broken = BrainFloatBuffer(count: 16)
    let share = set.kernels.exponentiate(x.base, 1, 5, 16, into: broken.base)
    #expect(share.isNaN && widened(broken.scalars)[4].isNaN && widened(broken.scalars)[0] == 1)
  }

  @Test func `weights overwrite their scores, row by row`() {
    let (rows, columns) = (6, 48)
    let plain = scores(rows: rows, columns: columns, visible: 10, seed: 1)
    let rounded = Matrix(FloatBuffer(plain.buffer.scalars), rows: rows, columns: columns)
    let inverses = FloatBuffer(count: rows)
    let expected = (0..<rows).map { i in
      // Two heads of three rows: the fourth row sees what the first one sees.
      let seen = 10 + i % 3
      let row = (0..<seen).map { j in Double(plain[i, j]) }
      let largest = row.max() ?? 0
      let e = row.map { Oracle.exponential(0.5 * ($0 - largest)) }
      return e.map { $0 / e.reduce(0, +) } + [Double](repeating: 0, count: columns - seen)
    }
    func check(_ value: (Int, Int) -> Float, within tolerance: Double) {
      for i in 0..<rows {
        for j in 0..<columns {
          #expect(abs(Double(value(i, j)) * Double(inverses[i]) - expected[i][j]) < tolerance)
        }
      }
    }
    let weights = attentionWeights(
      plain, scale: 0.5, visible: 10, period: 3, as: Float.self, inverses: inverses)
    #expect(weights.buffer.base == plain.buffer.base)
    check({ weights[$0, $1] }, within: 1e-6)
    let short = attentionWeights(
      rounded, scale: 0.5, visible: 10, period: 3, as: UInt16.self, inverses: inverses)
    check({ Float(bitPattern: UInt32(short[$0, $1]) << 16) }, within: 0x1p-9)
  }

  @Test func `rows are scaled and stored as what they are stored in`() {
    let x = Matrix(FloatBuffer([1, 2, 3, 4, 5, 257]), rows: 2, columns: 3)
    let (y, z) = (Matrix<Float>(rows: 2, columns: 3), Matrix<UInt16>(rows: 2, columns: 3))
    scaleRows(x, by: FloatBuffer([2, 0.5]), into: y)
    #expect(y.buffer.scalars == [2, 4, 6, 2, 2.5, 128.5] as [Float])
    storeRows(x, into: z)
    #expect(widened(z.buffer.scalars) == [1, 2, 3, 4, 5, 256] as [Float])
    storeRows(x, into: y)
    addRows(x, to: y)
    #expect(y.buffer.scalars == [2, 4, 6, 8, 10, 514] as [Float])
    clearRows(y.rows(0..<1))
    #expect(y.buffer.scalars == [0, 0, 0, 8, 10, 514] as [Float])
  }

  @Test func `the first rows and columns of a packed matrix multiply like a matrix of their own`() {
    var noise = Noise(9)
    let (m, k, n) = (37, 96, 112)
    let a = Matrix(noise.buffer(m * k), rows: m, columns: k)
    let b = Matrix(noise.buffer(k * n), rows: k, columns: n)
    let x = Matrix(noise.brainFloats(m * k), rows: m, columns: k)
    let y = Matrix(noise.brainFloats(k * n), rows: k, columns: n)
    for (rows, columns) in [(96, 112), (32, 112), (64, 50), (96, 16)] {
      let (whole, part) = (Matrix<Float>(rows: m, columns: columns), Matrix<Float>(rows: m, columns: columns))
      func compare<Scalar: ActivationScalar>(_ a: Matrix<Scalar>, _ b: Matrix<Scalar>) {
        let left = a.block(0..<m, 0..<rows)
        multiply(left, by: b.block(0..<rows, 0..<columns), into: whole)
        multiply(left, by: PackedMatrix(b).leading(rows: rows, columns: columns), into: part)
        #expect(whole.buffer.scalars == part.buffer.scalars)
      }
      compare(a, b)
      compare(x, y)
    }
  }
}

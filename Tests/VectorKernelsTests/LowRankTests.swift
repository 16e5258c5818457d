// Dropout and products of small depth: every instruction set against the scalar twin and plain loops.

import Testing
import VectorKernelsInterface

@testable import VectorKernels

@Suite struct LowRankTests {
  @Test(arguments: InstructionSet.supported, [1, 15, 16, 100])
  func `every set leaves out the same elements`(_ set: InstructionSet, _ n: Int) {
    var noise = Noise(UInt64(n))
    let (x, short) = (noise.buffer(n), noise.brainFloats(n))
    for key in [0, 1, 0xDEAD_BEEF_0BAD_CAFE, UInt64.max] as [UInt64] {
      func run(_ kernels: any DropoutKernels.Type) -> ([Float], [UInt16]) {
        let (y, z) = (FloatBuffer(count: n), BrainFloatBuffer(count: n))
        kernels.drop(
          Scalars(x.base, isBrainFloat: false), key, 0.3, MutableScalars(y.base, isBrainFloat: false), n)
        kernels.drop(
          Scalars(short.base, isBrainFloat: true), key, 0.3, MutableScalars(z.base, isBrainFloat: true), n)
        return (y.scalars, z.scalars)
      }
      #expect(run(set.kernels) == run(ScalarKernels.self))
    }
  }

  @Test func `products are added and rounded once`() {
    var noise = Noise(3)
    let (m, k, n) = (70, 5, 37)
    let (a, b, y) = (noise.brainFloats(m * k), noise.brainFloats(k * n), noise.brainFloats(m * n))
    func widened(_ x: BrainFloatBuffer) -> [Float] {
      let result = FloatBuffer(count: x.count)
      convert(x, into: result)
      return result.scalars
    }
    let (left, right, start) = (widened(a), widened(b), widened(y))
    let exact = (0..<m * n).map { place in
      (0..<k).reduce(Double(start[place])) {
        $0 + Double(left[place / n * k + $1]) * Double(right[$1 * n + place % n])
      }
    }
    let target = Matrix(y, rows: m, columns: n)
    addProduct(
      Matrix(a, rows: m, columns: k), by: PackedMatrix(Matrix(b, rows: k, columns: n)), to: target)
    for (ours, exact) in zip(widened(y), exact) {
      #expect(abs(Double(ours) - exact) <= 0x1p-8 * abs(exact) + 1e-6)
    }
    let plain = Matrix(FloatBuffer(start), rows: m, columns: n)
    let (c, d) = (
      Matrix(FloatBuffer(left), rows: m, columns: k), Matrix(FloatBuffer(right), rows: k, columns: n)
    )
    addProduct(c, by: PackedMatrix(d), to: plain)
    for (ours, exact) in zip(plain.buffer.scalars, exact) { #expect(abs(Double(ours) - exact) < 1e-5) }
    // With dropout, some are left as they were.
    let dropped = Matrix(FloatBuffer(start), rows: m, columns: n)
    addProduct(
      c, by: PackedMatrix(d), to: dropped,
      dropping: RowDropout(probability: 0.5, keys: (0..<m).map(UInt64.init)))
    let left0 = zip(dropped.buffer.scalars, start).count { $0 == $1 }
    #expect(left0 > m * n * 4 / 10 && left0 < m * n * 6 / 10)
    for (place, ours) in dropped.buffer.scalars.enumerated() where ours != start[place] {
      #expect(abs(Double(ours) - (2 * exact[place] - Double(start[place]))) < 1e-5)
    }
  }
}

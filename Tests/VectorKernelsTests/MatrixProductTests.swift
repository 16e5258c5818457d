// Products against the same sums written out.

import Testing
import VectorKernels

@Suite struct MatrixProductTests {
  @Test func `multiplies two by two`() {
    let a = Matrix(FloatBuffer([1, 2, 3, 4]), rows: 2, columns: 2)
    let b = Matrix(FloatBuffer([5, 6, 7, 8]), rows: 2, columns: 2)
    let c = Matrix<Float>(rows: 2, columns: 2)
    multiply(a, by: b, into: c)
    #expect(c.buffer.scalars == [19, 22, 43, 50] as [Float])
    multiply(a, transposed: true, by: b, transposed: true, into: c, accumulating: true)
    #expect(c.buffer.scalars == [42, 53, 77, 96] as [Float])
  }
}

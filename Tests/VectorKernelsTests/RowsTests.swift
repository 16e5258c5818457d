// Look-up of rows and its gradient, against first principles.

import Testing
import VectorKernelsInterface

@testable import VectorKernels

/// Whether all elements lie within `tolerance`, relative where they are larger than 1.
func agree(_ a: FloatBuffer, _ b: FloatBuffer, within tolerance: Float) -> Bool {
  zip(a.scalars, b.scalars).allSatisfy { ($0 - $1).magnitude <= tolerance * max(1, $1.magnitude) }
}

@Suite struct RowsTests {
  @Test func `rows are gathered, and their gradients scattered, by identifier`() {
    let table = Matrix(FloatBuffer([1, 2, 3, 4, 5, 6]), rows: 3, columns: 2)
    let rows = Matrix<Float>(rows: 3, columns: 2)
    gatherRows(of: table, [2, 0, 2], into: rows)
    #expect(rows.buffer.scalars == [5, 6, 1, 2, 5, 6] as [Float])
    let fine = Matrix(FloatBuffer([1 + 0x1p-12, 2, 3, 4, 5, 6]), rows: 3, columns: 2)
    let rounded = Matrix<UInt16>(rows: 3, columns: 2)
    convert(fine.buffer, into: rounded.buffer)
    gatherRows(of: rounded, [0, 2, 0], into: rows)
    #expect(rows.buffer.scalars == [1, 2, 5, 6, 1, 2] as [Float])
    gatherRows(of: fine, [0, 2, 0], into: rows, rounding: true)
    #expect(rows.buffer.scalars == [1, 2, 5, 6, 1, 2] as [Float])
    gatherRows(of: table, [2, 0, 2], into: rows)
    let gradient = Matrix<Float>(rows: 3, columns: 2)
    scatterAddRows(rows, [2, 0, 2], to: gradient)
    #expect(gradient.buffer.scalars == [1, 2, 0, 0, 10, 12] as [Float])
  }

  @Test func `many scattered rows add up in their order, whatever the threads`() {
    var noise = Noise(5)
    let rows = Matrix(noise.buffer(300 * 200), rows: 300, columns: 200)
    let ids = (0..<300).map { Int32($0 * 7 % 11) }
    let (one, two) = (Matrix<Float>(rows: 11, columns: 200), Matrix<Float>(rows: 11, columns: 200))
    scatterAddRows(rows, ids, to: one)
    for (i, id) in ids.enumerated() {
      for j in 0..<200 { two[Int(id), j] += rows[i, j] }
    }
    #expect(one.buffer.scalars == two.buffer.scalars)
  }
}

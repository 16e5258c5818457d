// Packed operands: rounding, refilling, the caller's memory and rounded results, all to the bit.

import Testing

@testable import VectorKernels

private func product<Scalar: ActivationScalar>(
  _ a: Matrix<Scalar>, by b: PackedMatrix<Scalar>, _: Scalar.Type
) -> (sums: [Float], rounded: [Scalar]) {
  let sums = Matrix<Float>(rows: a.rows, columns: b.columns)
  let rounded = Matrix<Scalar>(rows: a.rows, columns: b.columns)
  multiply(a, by: b, into: sums)
  multiply(a, by: b, into: rounded)
  return (sums.buffer.scalars, rounded.buffer.scalars)
}

@Suite struct PackedMatrixTests {
  private static let shapes = [(1, 1, 1), (5, 70, 33), (40, 97, 130), (33, 32, 64), (300, 200, 577)]

  @Test(arguments: shapes, [false, true])
  func `rounding while packing equals packing what was rounded`(_ shape: (Int, Int, Int), _ transposed: Bool)
  {
    let (m, n, k) = shape
    var noise = Noise(21)
    let a = Matrix(noise.brainFloats(m * k), rows: m, columns: k)
    let (rows, columns) = transposed ? (n, k) : (k, n)
    // Rows further apart than they are long.
    let b = Matrix(noise.buffer(rows * (columns + 5)), rows: rows, columns: columns, rowStride: columns + 5)
    let rounded = Matrix<UInt16>(rows: rows, columns: columns)
    for row in 0..<rows {
      convert(
        b.rows(row..<row + 1).buffer.window(0..<columns),
        into: rounded.buffer.window(row * columns..<(row + 1) * columns))
    }
    let expected = product(a, by: PackedMatrix(rounded, transposed: transposed), UInt16.self)
    let packed = PackedMatrix<UInt16>(rounding: b, transposed: transposed)
    let first = product(a, by: packed, UInt16.self)
    #expect(first == expected)
    let other = Matrix<Float>(rows: rows, columns: columns)
    packed.refill(from: other)
    #expect(product(a, by: packed, UInt16.self).sums.allSatisfy { $0 == 0 })
    packed.refill(from: rounded)
    #expect(product(a, by: packed, UInt16.self) == expected)
    packed.refill(from: other)
    packed.refill(from: b)
    #expect(product(a, by: packed, UInt16.self) == expected)
  }

  @Test(arguments: shapes, [false, true])
  func `single precision refills and packs into lent memory`(_ shape: (Int, Int, Int), _ transposed: Bool) {
    let (m, n, k) = shape
    var noise = Noise(22)
    let a = Matrix(noise.buffer(m * k), rows: m, columns: k)
    let (rows, columns) = transposed ? (n, k) : (k, n)
    let b = Matrix(noise.buffer(rows * columns), rows: rows, columns: columns)
    let c = Matrix<Float>(rows: m, columns: n)
    multiply(a, transposed: false, by: b, transposed: transposed, into: c)
    let memory = FloatBuffer(count: PackedMatrix<Float>.floatCount(rows: k, columns: n))
    let packed = PackedMatrix(Matrix<Float>(rows: rows, columns: columns), transposed: transposed, in: memory)
    packed.refill(from: b)
    #expect(product(a, by: packed, Float.self) == (c.buffer.scalars, c.buffer.scalars))
    #expect(
      product(a, by: PackedMatrix<Float>(rounding: b, transposed: transposed), Float.self).sums
        == c.buffer.scalars)
  }

  @Test(arguments: shapes)
  func `a rounded result is the rounding of the sums`(_ shape: (Int, Int, Int)) {
    let (m, n, k) = shape
    var noise = Noise(23)
    for (aTransposed, bTransposed) in [(false, false), (false, true), (true, false), (true, true)] {
      let a = Matrix(
        noise.brainFloats(m * k), rows: aTransposed ? k : m, columns: aTransposed ? m : k)
      let b = Matrix(
        noise.brainFloats(n * k), rows: bTransposed ? n : k, columns: bTransposed ? k : n)
      let sums = Matrix<Float>(rows: m, columns: n)
      multiply(a, transposed: aTransposed, by: b, transposed: bTransposed, into: sums)
      let expected = BrainFloatBuffer(count: m * n)
      convert(sums.buffer, into: expected)
      // A window of something larger: what lies around it stays.
      let c = Matrix(BrainFloatBuffer(Array(repeating: 7, count: m * (n + 3))), rows: m, columns: n + 3)
      multiply(
        a, transposed: aTransposed, by: b, transposed: bTransposed, into: c.block(0..<m, 0..<n))
      for row in 0..<m {
        #expect((0..<n).allSatisfy { c[row, $0] == expected[row * n + $0] })
        #expect((n..<n + 3).allSatisfy { c[row, $0] == 7 })
      }
      let packed = PackedMatrix(b, transposed: bTransposed)
      let again = Matrix<UInt16>(rows: m, columns: n)
      multiply(a, transposed: aTransposed, by: packed, into: again)
      #expect(again.buffer.scalars == expected.scalars)
    }
  }
}

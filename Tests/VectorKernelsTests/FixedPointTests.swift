// bfloat16's long sums in fixed point: the bits of their twin, and products of the numbers as they are to a stated error.

import Foundation
import Testing

@testable import VectorKernels

#if arch(x86_64)
  import VectorKernelsAVX512
#endif

/// The machine that multiplies so, whatever the processor prefers.
private let machine: ProductMachine? = {
  #if arch(x86_64)
    guard InstructionSet.supported.contains(.avx512), InstructionSet.multipliesShorts else { return nil }
    return .panels(VectorKernelsAVX512.Kernels.self, inPairs: true, sums: VectorKernelsAVX512.Kernels.self)
  #else
    nil
  #endif
}()

/// Numbers so spread, as bfloat16.
private func numbers(_ rows: Int, _ columns: Int, _ spread: Spread, _ noise: inout Noise) -> Matrix<UInt16> {
  let result = Matrix<UInt16>(rows: rows, columns: columns)
  convert(spread.buffer(rows * columns, columns, &noise), into: result.buffer)
  return result
}

@Suite(.enabled(if: machine != nil, "this processor does not multiply 16-bit integers in pairs"))
struct FixedPointTests {
  private static let shapes = [
    (1, 1, 1), (1, 70, 2), (16, 16, 64), (17, 33, 63), (33, 31, 65), (70, 1, 70), (40, 50, 850), (5, 7, 800),
    (300, 40, 64), (40, 170, 1600), (25, 15, 289), (49, 40, 577), (160, 290, 128), (24, 16, 768),
    (130, 24, 769),
  ]

  @Test(arguments: shapes, Spread.allCases)
  func `gives the twin's bits, however operands lie`(_ shape: (Int, Int, Int), _ spread: Spread) throws {
    let machine = try #require(machine)
    let (m, n, k) = shape
    var noise = Noise(61)
    let (a, b) = (numbers(m, k, spread, &noise), stored(numbers(n, k, spread, &noise), transposed: true))
    let start = noise.buffer(m * (n + 2))
    func target() -> Matrix<Float> {
      Matrix(FloatBuffer(start.scalars), rows: m, columns: n, rowStride: n + 2)
    }
    for accumulating in [false, true] {
      let twin = target()
      ScalarFixedPoint.multiply(
        { widened(a[$0, $1]) }, { widened(b[$0, $1]) }, depth: k, into: twin, accumulating: accumulating)
      for turn in 0..<4 {
        let (left, right) = (stored(a, transposed: turn & 1 == 1), stored(b, transposed: turn & 2 == 2))
        let (plain, packed) = (target(), target())
        machine.multiply(
          left, transposed: turn & 1 == 1, by: right, transposed: turn & 2 == 2, into: .plain(plain),
          accumulating: accumulating, .scaled)
        check(plain, twin)
        let matrix = PackedMatrix(right, transposed: turn & 2 == 2, machine, .scaled)
        matrix.layout.multiply(
          left, transposed: turn & 1 == 1, into: .plain(packed), accumulating: accumulating)
        check(packed, twin)
        guard !accumulating else { continue }
        let (short, nearest) = (Matrix<UInt16>(rows: m, columns: n), Matrix<UInt16>(rows: m, columns: n))
        matrix.layout.multiply(left, transposed: turn & 1 == 1, into: .rounded(short), accumulating: false)
        for row in 0..<m { convert(twin.row(row, n), into: nearest.row(row, n)) }
        check(short, nearest)
      }
    }
  }

  @Test(arguments: [200, 576, 768, 1536, 3000], Spread.allCases)
  func `loses a fraction of what rounding to bfloat16 has lost`(_ depth: Int, _ spread: Spread) throws {
    let machine = try #require(machine)
    var noise = Noise(62)
    let exact = (0..<2).map { _ in
      Matrix(spread.buffer(40 * depth, depth, &noise), rows: 40, columns: depth)
    }
    let rounded = exact.map { exact in
      let result = Matrix<UInt16>(rows: 40, columns: depth)
      convert(exact.buffer, into: result.buffer)
      return result
    }
    let c = Matrix<Float>(rows: 40, columns: 40)
    machine.multiply(
      rounded[0], transposed: false, by: rounded[1], transposed: true, into: .plain(c), accumulating: false,
      .scaled)
    var errors = (sums: 0.0, rounding: 0.0)
    for row in 0..<40 {
      for column in 0..<40 {
        var (before, after, size) = (0.0, 0.0, 0.0)
        for level in 0..<depth {
          let term = Double(exact[0][row, level]) * Double(exact[1][column, level])
          before += term
          size += term.magnitude
          after += Double(widened(rounded[0][row, level])) * Double(widened(rounded[1][column, level]))
        }
        if size == 0 {
          #expect(c[row, column] == 0)
          continue
        }
        errors.sums += ((Double(c[row, column]) - after) / size).magnitude
        errors.rounding += ((after - before) / size).magnitude
      }
    }
    #expect(errors.sums < errors.rounding / 4, "\(errors)")
  }

  @Test func `whole numbers are multiplied exactly, up to the largest sums there can be`() throws {
    let machine = try #require(machine)
    for (number, depth) in [(Float(1), 768), (255, 768), (-255, 576), (1.9921875, 3072), (0x1p-100, 700)] {
      let a = Matrix<UInt16>(rows: 30, columns: depth)
      for index in 0..<a.buffer.count {
        a.buffer[index] = UInt16(number.bitPattern >> 16) ^ (index / depth % 3 == 1 ? 0x8000 : 0)
      }
      let c = Matrix<Float>(rows: 30, columns: 30)
      machine.multiply(
        a, transposed: false, by: a, transposed: true, into: .plain(c), accumulating: false, .scaled)
      for row in 0..<30 {
        for column in 0..<30 {
          let sign: Float = (row % 3 == 1) != (column % 3 == 1) ? -1 : 1
          #expect(c[row, column] == sign * Float(depth) * number * number)
        }
      }
    }
  }

  @Test func `large and small numbers keep their range, and what is not finite stays so`() throws {
    let machine = try #require(machine)
    let numbers: [Float] = [
      0x1.fep127, -0x1.fep127, 0x1p-112, 0x1p-125, .infinity, -.infinity, .nan, 1, 0,
    ]
    for half in [Float(0.5), -0.25] {
      let column = Matrix<UInt16>(rows: numbers.count, columns: 1)
      let factor = Matrix<UInt16>(rows: 1, columns: 1)
      for (place, x) in numbers.enumerated() { column[place, 0] = UInt16(x.bitPattern >> 16) }
      factor[0, 0] = UInt16(half.bitPattern >> 16)
      let (c, d) = (
        Matrix<Float>(rows: numbers.count, columns: 1), Matrix<Float>(rows: 1, columns: numbers.count)
      )
      machine.multiply(
        column, transposed: false, by: factor, transposed: false, into: .plain(c), accumulating: false,
        .scaled)
      machine.multiply(
        factor, transposed: false, by: column, transposed: true, into: .plain(d), accumulating: false, .scaled
      )
      for (place, x) in numbers.enumerated() {
        for result in [c[place, 0], d[0, place]] {
          #expect(x.isFinite ? result == x * half : !result.isFinite, "\(x): \(result)")
        }
      }
    }
  }

  @Test func `rows keep their bits in any company, on any number of threads`() throws {
    let machine = try #require(machine)
    var noise = Noise(63)
    let (a, b) = (numbers(120, 700, .mixed, &noise), numbers(90, 700, .mixed, &noise))
    @Sendable func product(_ a: Matrix<UInt16>, into c: Matrix<Float>) {
      machine.multiply(
        a, transposed: false, by: b, transposed: true, into: .plain(c), accumulating: false, .scaled)
    }
    let (all, serial, dirty) = (
      Matrix<Float>(rows: 120, columns: 90), Matrix<Float>(rows: 120, columns: 90),
      Matrix<Float>(rows: 120, columns: 90)
    )
    product(a, into: all)
    KernelPool.shared.parallel(2) { if $0 == 0 { product(a, into: serial) } }
    #expect(serial.buffer.scalars == all.buffer.scalars)
    a[33, 7] = 0x7fc0
    product(a, into: dirty)
    for row in 0..<120 {
      let alone = Matrix<Float>(rows: 1, columns: 90)
      product(a.rows(row..<row + 1), into: alone)
      for column in 0..<90 {
        #expect(row == 33 ? dirty[row, column].isNaN : dirty[row, column] == all[row, column])
        #expect(row == 33 ? alone[0, column].isNaN : alone[0, column] == all[row, column])
      }
    }
  }

  @Test func `the first columns of what is laid out give the bits of all`() throws {
    let machine = try #require(machine)
    var noise = Noise(64)
    let (a, b) = (numbers(30, 800, .mixed, &noise), numbers(50, 800, .mixed, &noise))
    let whole = PackedMatrix(b, transposed: true, machine, .scaled)
    let (all, first) = (Matrix<Float>(rows: 30, columns: 50), Matrix<Float>(rows: 30, columns: 37))
    whole.layout.multiply(a, transposed: false, into: .plain(all), accumulating: false)
    whole.leading(rows: 800, columns: 37).layout.multiply(
      a, transposed: false, into: .plain(first), accumulating: false)
    for row in 0..<30 {
      for column in 0..<37 { #expect(first[row, column] == all[row, column]) }
    }
  }

  @Test func `sums of few terms are taken in bfloat16`() throws {
    let machine = try #require(machine)
    for (depth, significand) in [(191, Significand.eightBits), (192, .scaledEightBits)] {
      let precision = ProductPrecision.scaled.forTerms(depth, isBrainFloat: true, machine)
      #expect(machine.takenOfBrainFloats(precision.left) == significand)
      #expect(machine.takenOfBrainFloats(precision.right) == significand)
    }
    let none = Matrix<UInt16>(rows: 3, columns: 0)
    let c = Matrix(FloatBuffer(Array(repeating: 1, count: 9)), rows: 3, columns: 3)
    machine.multiply(
      none, transposed: false, by: none, transposed: true, into: .plain(c), accumulating: true, .scaled)
    #expect(c.buffer.scalars.allSatisfy { $0 == 1 })
    machine.multiply(
      none, transposed: false, by: none, transposed: true, into: .plain(c), accumulating: false, .scaled)
    #expect(c.buffer.scalars.allSatisfy { $0 == 0 })
  }
}

/// Expects the same bits, and names the first ones that differ.
private func check<Scalar: Equatable>(
  _ found: Matrix<Scalar>, _ expected: Matrix<Scalar>, _ location: SourceLocation = #_sourceLocation
) {
  let different = (0..<found.buffer.count).first { found.buffer[$0] != expected.buffer[$0] }
  #expect(
    different == nil,
    "\(different.map { "\($0): \(found.buffer[$0]), not \(expected.buffer[$0])" } ?? "")",
    sourceLocation: location)
}

extension Matrix {
  /// One row's scalars.
  fileprivate func row(_ row: Int, _ count: Int) -> AlignedBuffer<Scalar> {
    buffer.window(row * rowStride..<row * rowStride + count)
  }
}

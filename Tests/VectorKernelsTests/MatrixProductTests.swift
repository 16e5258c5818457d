// Products against plain loops: the same bits, whatever the shape, the cut and the number of threads.

import Testing
import VectorKernelsInterface

@testable import VectorKernels

/// Reproducible numbers between −1 and 1.
struct Noise {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
  }

  mutating func buffer(_ count: Int) -> FloatBuffer {
    let result = FloatBuffer(count: count)
    for i in 0..<count { result[i] = next() }
    return result
  }

  mutating func brainFloats(_ count: Int) -> BrainFloatBuffer {
    let result = BrainFloatBuffer(count: count)
    convert(buffer(count), into: result)
    return result
  }
}

/// A bfloat16 number in single precision.
func widened(_ x: UInt16) -> Float { Float(bitPattern: UInt32(x) << 16) }

/// Whether the set multiplies and adds with one rounding.
private func isFused(_ set: InstructionSet) -> Bool {
  #if arch(x86_64)
    set != .baseline
  #else
    true
  #endif
}

private struct Shape: CustomTestStringConvertible {
  let m: Int, n: Int, k: Int
  var testDescription: String { "\(m) × \(k) · \(k) × \(n)" }
}

private let shapes = [
  Shape(m: 1, n: 1, k: 1), Shape(m: 1, n: 48, k: 2), Shape(m: 8, n: 48, k: 33), Shape(m: 7, n: 47, k: 15),
  Shape(m: 9, n: 65, k: 577), Shape(m: 64, n: 24, k: 64), Shape(m: 31, n: 8, k: 16),
  Shape(m: 6, n: 16, k: 193),
  Shape(m: 13, n: 33, k: 401), Shape(m: 290, n: 50, k: 17), Shape(m: 5, n: 1100, k: 19),
  Shape(m: 100, n: 100, k: 100),
  // A right operand of several groups of panels, which is packed in pieces of its depth.
  Shape(m: 10, n: 300, k: 451),
]

/// The sets with products in vector registers; tiles sum in another order and have tests of their own.
private let vectorSets = InstructionSet.supported.filter { $0 != .amx }

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

  @Test(arguments: vectorSets, shapes)
  fileprivate func `gives the plain loop's bits`(_ set: InstructionSet, _ shape: Shape) {
    let machine = ProductMachine.panels(set.kernels, inPairs: false)
    var noise = Noise(7)
    for (aTransposed, bTransposed) in [(false, false), (false, true), (true, false), (true, true)] {
      for accumulating in [false, true] {
        // Rows further apart than they are long, so that strides matter.
        let (aRows, aColumns) = aTransposed ? (shape.k, shape.m) : (shape.m, shape.k)
        let (bRows, bColumns) = bTransposed ? (shape.n, shape.k) : (shape.k, shape.n)
        let a = Matrix(
          noise.buffer(aRows * (aColumns + 3)), rows: aRows, columns: aColumns, rowStride: aColumns + 3)
        let b = Matrix(
          noise.buffer(bRows * (bColumns + 1)), rows: bRows, columns: bColumns, rowStride: bColumns + 1)
        let start = noise.buffer(shape.m * (shape.n + 2))
        let c = Matrix(FloatBuffer(start.scalars), rows: shape.m, columns: shape.n, rowStride: shape.n + 2)
        let twin = Matrix(FloatBuffer(start.scalars), rows: shape.m, columns: shape.n, rowStride: shape.n + 2)
        machine.multiply(
          a, transposed: aTransposed, by: b, transposed: bTransposed, into: .plain(c),
          accumulating: accumulating)
        ScalarProduct.multiply(
          { aTransposed ? a[$1, $0] : a[$0, $1] }, { bTransposed ? b[$1, $0] : b[$0, $1] }, depth: shape.k,
          into: twin, accumulating: accumulating, fused: isFused(set))
        #expect(c.buffer.scalars == twin.buffer.scalars)
        let packed = PackedMatrix(b, transposed: bTransposed, machine)
        let again = Matrix(
          FloatBuffer(start.scalars), rows: shape.m, columns: shape.n, rowStride: shape.n + 2)
        packed.layout.multiply(
          a, transposed: aTransposed, into: .plain(again), accumulating: accumulating)
        #expect(again.buffer.scalars == c.buffer.scalars)
      }
    }
  }

  @Test(arguments: vectorSets, shapes)
  fileprivate func `multiplies bfloat16 like its twin`(_ set: InstructionSet, _ shape: Shape) {
    for inPairs in set.kernels.multipliesPairs ? [false, true] : [false] {
      let machine = ProductMachine.panels(set.kernels, inPairs: inPairs)
      var noise = Noise(11)
      for (aTransposed, bTransposed) in [(false, false), (false, true), (true, false), (true, true)] {
        let (aRows, aColumns) = aTransposed ? (shape.k, shape.m) : (shape.m, shape.k)
        let (bRows, bColumns) = bTransposed ? (shape.n, shape.k) : (shape.k, shape.n)
        let a = Matrix(
          noise.brainFloats(aRows * (aColumns + 3)), rows: aRows, columns: aColumns, rowStride: aColumns + 3)
        let b = Matrix(
          noise.brainFloats(bRows * (bColumns + 1)), rows: bRows, columns: bColumns, rowStride: bColumns + 1)
        let c = Matrix<Float>(rows: shape.m, columns: shape.n)
        let twin = Matrix<Float>(rows: shape.m, columns: shape.n)
        machine.multiply(
          a, transposed: aTransposed, by: b, transposed: bTransposed, into: .plain(c), accumulating: false)
        let row = { (row: Int, level: Int) in widened(aTransposed ? a[level, row] : a[row, level]) }
        let column = { (level: Int, column: Int) in widened(bTransposed ? b[column, level] : b[level, column])
        }
        if inPairs {
          ScalarProduct.multiplyPairs(row, column, depth: shape.k, into: twin, accumulating: false)
        } else {
          ScalarProduct.multiply(
            row, column, depth: shape.k, into: twin, accumulating: false, fused: isFused(set))
        }
        #expect(c.buffer.scalars == twin.buffer.scalars)
        let packed = PackedMatrix(b, transposed: bTransposed, machine)
        let again = Matrix<Float>(rows: shape.m, columns: shape.n)
        packed.layout.multiply(a, transposed: aTransposed, into: .plain(again), accumulating: false)
        #expect(again.buffer.scalars == c.buffer.scalars)
      }
    }
  }

  @Test(arguments: vectorSets)
  func `packing a right operand writes nothing behind its panel`(_ set: InstructionSet) {
    // Twelve columns are what NEON's tiles have; other threads fill the panels that follow.
    let (width, depth) = (12, 16)
    var noise = Noise(13)
    let (floats, shorts) = (noise.buffer(width * depth), noise.brainFloats(width * depth))
    for words in [depth, depth / 2] {
      let panel = FloatBuffer(Array(repeating: -7, count: width * words + 16))
      if words == depth {
        set.kernels.pack(
          floats.base, outerStride: depth, depthStride: 1, outer: width, depth: depth, width: width,
          into: panel.base, panelStride: width * depth)
        #expect((0..<width * depth).allSatisfy { panel[$0] == floats[$0 % width * depth + $0 / width] })
      } else {
        set.kernels.packPairs(
          shorts.base, outerStride: depth, depthStride: 1, outer: width, depth: depth, width: width,
          into: panel.base, panelStride: width * depth)
        #expect(
          (0..<width * words).allSatisfy {
            let first = $0 % width * depth + $0 / width * 2
            return panel[$0].bitPattern == UInt32(shorts[first]) | UInt32(shorts[first + 1]) << 16
          })
      }
      #expect((width * words..<panel.count).allSatisfy { panel[$0] == -7 })
    }
  }

  @Test(arguments: vectorSets)
  func `bfloat16 is kept in half the memory`(_ set: InstructionSet) {
    let machine = ProductMachine.panels(set.kernels, inPairs: false)
    let narrow = machine.size(rows: 512, columns: 960, isBrainFloat: true, .full)
    let wide = machine.size(rows: 512, columns: 960, isBrainFloat: false, .full)
    #expect(2 * (narrow - 16) == wide - 16)
  }

  @Test(arguments: InstructionSet.supported)
  func `an element's bits depend on its row and column alone`(_ set: InstructionSet) {
    var noise = Noise(3)
    let a = Matrix(noise.buffer(600 * 211), rows: 600, columns: 211)
    let b = Matrix(noise.buffer(211 * 1200), rows: 211, columns: 1200)
    let whole = Matrix<Float>(rows: 600, columns: 1200)
    set.machine.multiply(
      a, transposed: false, by: b, transposed: false, into: .plain(whole), accumulating: false)
    for (rows, columns) in [(5..<6, 3..<900), (250..<263, 0..<1200), (0..<600, 1199..<1200)] {
      let part = Matrix<Float>(rows: rows.count, columns: columns.count)
      set.machine.multiply(
        a.rows(rows), transposed: false, by: b.block(0..<211, columns), transposed: false,
        into: .plain(part), accumulating: false)
      for (i, row) in rows.enumerated() {
        #expect((0..<columns.count).allSatisfy { part[i, $0] == whole[row, columns.lowerBound + $0] })
      }
    }
  }

  @Test func `the number of threads leaves no trace`() {
    var noise = Noise(5)
    let a = Matrix(noise.buffer(700 * 300), rows: 700, columns: 300)
    let b = Matrix(noise.buffer(500 * 300), rows: 500, columns: 300)
    let parallel = Matrix<Float>(rows: 700, columns: 500)
    let serial = Matrix<Float>(rows: 700, columns: 500)
    multiply(a, by: b, transposed: true, into: parallel)
    // Inside a parallel loop every product runs on one thread.
    KernelPool.shared.parallel(2) { if $0 == 0 { multiply(a, by: b, transposed: true, into: serial) } }
    #expect(parallel.buffer.scalars == serial.buffer.scalars)
  }

  @Test func `a product over no depth is zero`() {
    let c = Matrix(FloatBuffer([1, 2]), rows: 1, columns: 2)
    multiply(
      Matrix<Float>(rows: 1, columns: 0), by: Matrix<Float>(rows: 0, columns: 2), into: c, accumulating: true)
    #expect(c.buffer.scalars == [1, 2] as [Float])
    multiply(Matrix<Float>(rows: 1, columns: 0), by: Matrix<Float>(rows: 0, columns: 2), into: c)
    #expect(c.buffer.scalars == [0, 0] as [Float])
  }
}

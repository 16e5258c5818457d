// Products on tiles: the bits of their twin, the accuracy of single precision, whatever the shape and the cut.

import Testing

@testable import VectorKernels

/// Tiles where the processor has them.
private let machines = InstructionSet.supported.contains(.amx) ? [InstructionSet.amx.machine] : []

/// One of the four ways to give operands, with rows further apart than they are long.
private struct Case<Scalar: BitwiseCopyable> {
  let a: Matrix<Scalar>, b: Matrix<Scalar>
  let aTransposed: Bool, bTransposed: Bool
  let start: FloatBuffer
  let m: Int, n: Int

  init(
    _ m: Int, _ n: Int, _ k: Int, _ turn: Int, _ noise: inout Noise,
    _ make: (inout Noise, Int) -> AlignedBuffer<Scalar>
  ) {
    (aTransposed, bTransposed) = (turn & 1 == 1, turn & 2 == 2)
    (self.m, self.n) = (m, n)
    let (aRows, aColumns) = aTransposed ? (k, m) : (m, k)
    let (bRows, bColumns) = bTransposed ? (n, k) : (k, n)
    a = Matrix(make(&noise, aRows * (aColumns + 3)), rows: aRows, columns: aColumns, rowStride: aColumns + 3)
    b = Matrix(make(&noise, bRows * (bColumns + 1)), rows: bRows, columns: bColumns, rowStride: bColumns + 1)
    start = noise.buffer(m * (n + 2))
  }

  /// A place for the result, with two columns beside it that must stay.
  func target() -> Matrix<Float> { Matrix(FloatBuffer(start.scalars), rows: m, columns: n, rowStride: n + 2) }
  func left(_ row: Int, _ level: Int) -> Scalar { aTransposed ? a[level, row] : a[row, level] }
  func right(_ level: Int, _ column: Int) -> Scalar { bTransposed ? b[column, level] : b[level, column] }

  /// The result, plain and packed.
  func results(_ machine: ProductMachine, accumulating: Bool) -> [[Float]] {
    let (plain, packed) = (target(), target())
    machine.multiply(
      a, transposed: aTransposed, by: b, transposed: bTransposed, into: .plain(plain),
      accumulating: accumulating)
    PackedMatrix(b, transposed: bTransposed, machine).layout.multiply(
      a, transposed: aTransposed, into: .plain(packed), accumulating: accumulating)
    return [plain.buffer.scalars, packed.buffer.scalars]
  }
}

/// The largest error of a product, as a share of the sum of its terms' sizes.
private func worstError(
  _ rows: Int, _ columns: Int, _ depth: Int, _ left: (Int, Int) -> Float, _ right: (Int, Int) -> Float,
  _ result: (Int, Int) -> Float
) -> Double {
  var worst = 0.0
  for row in 0..<rows {
    for column in 0..<columns {
      var (exact, size) = (0.0, 0.0)
      for level in 0..<depth {
        let term = Double(left(row, level)) * Double(right(level, column))
        exact += term
        size += term.magnitude
      }
      worst = max(worst, (Double(result(row, column)) - exact).magnitude / size)
    }
  }
  return worst
}

@Suite(.enabled(if: !machines.isEmpty, "this processor has no tiles")) struct TileProductTests {
  private static let shapes = [
    (1, 1, 1), (1, 70, 2), (16, 16, 32), (17, 33, 31), (32, 32, 64), (33, 31, 65), (70, 1, 70), (64, 64, 96),
    (40, 50, 850), (5, 7, 800), (300, 40, 64), (40, 170, 1600),
    // What is packed while tiles multiply: whole panels of rows, turned ones, for few columns and for many.
    (128, 40, 64), (96, 448, 96), (64, 448, 320), (128, 33, 640),
  ]

  @Test(arguments: shapes)
  func `gives the twin's bits in bfloat16`(_ m: Int, _ n: Int, _ k: Int) throws {
    let machine = try #require(machines.first)
    var noise = Noise(31)
    for turn in 0..<4 {
      let product = Case(m, n, k, turn, &noise) { $0.brainFloats($1) }
      for accumulating in [false, true] {
        let twin = product.target()
        ScalarTiles.multiply(
          { widened(product.left($0, $1)) }, { widened(product.right($0, $1)) }, depth: k, into: twin,
          accumulating: accumulating)
        for result in product.results(machine, accumulating: accumulating) {
          #expect(result == twin.buffer.scalars)
        }
      }
    }
  }

  @Test(arguments: shapes)
  func `gives the twin's bits in single precision`(_ m: Int, _ n: Int, _ k: Int) throws {
    let machine = try #require(machines.first)
    var noise = Noise(32)
    for turn in 0..<4 {
      let product = Case(m, n, k, turn, &noise) { $0.buffer($1) }
      for accumulating in [false, true] {
        let twin = product.target()
        ScalarTiles.multiply(
          product.left, parts: 3, product.right, parts: 3, depth: k, into: twin, accumulating: accumulating)
        for result in product.results(machine, accumulating: accumulating) {
          #expect(result == twin.buffer.scalars)
        }
      }
    }
  }

  @Test func `every small size gives the twin's bits`() throws {
    let machine = try #require(machines.first)
    var noise = Noise(33)
    for size in 1...70 {
      let (m, n, k) = (size, (size * 37) % 70 + 1, (size * 53) % 70 + 1)
      let product = Case(m, n, k, size % 4, &noise) { $0.buffer($1) }
      let twin = product.target()
      ScalarTiles.multiply(
        product.left, parts: 3, product.right, parts: 3, depth: k, into: twin, accumulating: true)
      for result in product.results(machine, accumulating: true) { #expect(result == twin.buffer.scalars) }
      let rounded = Case(n, k, m, size / 4 % 4, &noise) { $0.brainFloats($1) }
      let other = rounded.target()
      ScalarTiles.multiply(
        { widened(rounded.left($0, $1)) }, { widened(rounded.right($0, $1)) }, depth: m, into: other,
        accumulating: false)
      for result in rounded.results(machine, accumulating: false) { #expect(result == other.buffer.scalars) }
    }
  }

  @Test(arguments: [33, 577, 3000])
  func `single precision is as accurate as fused multiply-add`(_ k: Int) throws {
    let machine = try #require(machines.first)
    var noise = Noise(34)
    // Exponents far apart, as in gradients.
    let product = Case(40, 50, k, 2, &noise) { noise, count in
      let result = noise.buffer(count)
      for i in 0..<count { result[i] *= Float(sign: .plus, exponent: i * 7 % 23 - 11, significand: 1) }
      return result
    }
    let twin = Matrix<Float>(rows: 40, columns: 50)
    ScalarProduct.multiply(
      product.left, product.right, depth: k, into: twin, accumulating: false, fused: true)
    let result = product.results(machine, accumulating: false)[0]
    let worst = worstError(40, 50, k, product.left, product.right) { result[$0 * 52 + $1] }
    let worstFused = worstError(40, 50, k, product.left, product.right) { twin[$0, $1] }
    // Parts left out: 2⁻²⁶ of each product. Roundings: 17 within a tile's step, one for each step and part.
    let bound = 0x1p-26 + Double(18 + 6 * (k + 31) / 32) * 0x1p-24
    #expect(worst < bound)
    #expect(worst < 2 * worstFused, "tiles \(worst), fused multiply-add \(worstFused)")
  }

  @Test(arguments: shapes)
  func `gives the twin's bits in two parts, and by bfloat16 numbers`(_ m: Int, _ n: Int, _ k: Int) throws {
    let machine = try #require(machines.first)
    var noise = Noise(38)
    for turn in 0..<4 {
      let plain = Case(m, n, k, turn, &noise) { $0.buffer($1) }
      let rounded = Case(m, n, k, turn, &noise) { noise, count in
        FloatBuffer(noise.brainFloats(count).scalars.map(widened))
      }
      for (precision, parts, others) in [
        (ProductPrecision.sixteenBits, 2, 2), (.sixteenBits.byBrainFloats, 2, 1), (.full.byBrainFloats, 3, 1),
      ] {
        let right = others == 1 ? rounded : plain
        let twin = plain.target()
        ScalarTiles.multiply(
          plain.left, parts: parts, right.right, parts: others, depth: k, into: twin, accumulating: true)
        let (direct, packed) = (plain.target(), plain.target())
        machine.multiply(
          plain.a, transposed: plain.aTransposed, by: right.b, transposed: right.bTransposed,
          into: .plain(direct), accumulating: true, precision)
        #expect(direct.buffer.scalars == twin.buffer.scalars)
        let matrix = PackedMatrix(right.b, transposed: right.bTransposed, machine, precision)
        matrix.layout.multiply(
          plain.a, transposed: plain.aTransposed, into: .plain(packed), accumulating: true,
          matrix.precision.left)
        #expect(packed.buffer.scalars == twin.buffer.scalars)
      }
    }
  }

  @Test(arguments: [33, 577, 3000])
  func `bfloat16 numbers on the right cost half, for the same bits`(_ k: Int) throws {
    let machine = try #require(machines.first)
    var noise = Noise(39)
    let a = Matrix(noise.buffer(70 * k), rows: 70, columns: k)
    let b = Matrix(FloatBuffer(noise.brainFloats(45 * k).scalars.map(widened)), rows: 45, columns: k)
    #expect(holdsBrainFloats(b.buffer) && !holdsBrainFloats(a.buffer))
    let (plain, halved) = (Matrix<Float>(rows: 70, columns: 45), Matrix<Float>(rows: 70, columns: 45))
    machine.multiply(a, transposed: false, by: b, transposed: true, into: .plain(plain), accumulating: false)
    machine.multiply(
      a, transposed: false, by: b, transposed: true, into: .plain(halved), accumulating: false,
      .full.byBrainFloats)
    #expect(plain.buffer.scalars == halved.buffer.scalars)
  }

  @Test func `two parts keep sixteen bits`() throws {
    let machine = try #require(machines.first)
    var noise = Noise(40)
    let (a, b) = (
      Matrix(noise.buffer(40 * 577), rows: 40, columns: 577),
      Matrix(noise.buffer(577 * 50), rows: 577, columns: 50)
    )
    let c = Matrix<Float>(rows: 40, columns: 50)
    machine.multiply(
      a, transposed: false, by: b, transposed: false, into: .plain(c), accumulating: false, .sixteenBits)
    let worst = worstError(
      40, 50, 577, { row, level in a[row, level] }, { level, column in b[level, column] },
      { row, column in c[row, column] })
    // Each number errs by 2⁻¹⁷ of itself at most, the product that is left out is at most 2⁻¹⁶ of both; single
    // precision would err by 2⁻²⁰ here at most.
    #expect(worst < 0x1p-15 && worst > 0x1p-22, "\(worst)")
  }

  @Test func `two parts of what is not finite are not finite`() throws {
    let machine = try #require(machines.first)
    let numbers: [Float] = [
      .greatestFiniteMagnitude, .infinity, -.infinity, .nan, Float(bitPattern: 0x7fff_ffff),
    ]
    let c = Matrix<Float>(rows: numbers.count, columns: 1)
    machine.multiply(
      Matrix(FloatBuffer(numbers), rows: numbers.count, columns: 1), transposed: false,
      by: Matrix(FloatBuffer([0.5]), rows: 1, columns: 1), transposed: false, into: .plain(c),
      accumulating: false, .sixteenBits)
    for (row, x) in numbers.enumerated() { #expect(c[row, 0].isFinite == x.isFinite, "\(x)") }
  }

  @Test func `vectors take all of single precision whatever is asked`() {
    let machine = InstructionSet.baseline.machine
    var noise = Noise(41)
    let (a, b) = (
      Matrix(noise.buffer(9 * 40), rows: 9, columns: 40), Matrix(noise.buffer(40 * 7), rows: 40, columns: 7)
    )
    let (full, asked) = (Matrix<Float>(rows: 9, columns: 7), Matrix<Float>(rows: 9, columns: 7))
    machine.multiply(a, transposed: false, by: b, transposed: false, into: .plain(full), accumulating: false)
    machine.multiply(
      a, transposed: false, by: b, transposed: false, into: .plain(asked), accumulating: false, .sixteenBits)
    #expect(full.buffer.scalars == asked.buffer.scalars)
    let packed = PackedMatrix(b, transposed: false, machine, .full.byBrainFloats)
    packed.layout.multiply(a, transposed: false, into: .plain(asked), accumulating: false, .full)
    #expect(full.buffer.scalars == asked.buffer.scalars)
  }

  @Test func `parts add up to the number`() {
    var noise = Noise(35)
    let numbers: [Float] =
      (0..<2000).map { Float(sign: .plus, exponent: $0 % 200 - 90, significand: noise.next()) } + [
        0, -0.0, 1, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0x1.fffp127, 0x1.ffp127, 0x1.01p0,
        0x1.018p0, 0x1.017fffp0,
      ]
    for x in numbers {
      let parts = ScalarTiles.parts(of: x)
      #expect(parts[0] + (parts[1] + parts[2]) == x)
      #expect(parts.allSatisfy { $0.bitPattern & 0xffff == 0 && $0.isFinite })
      #expect(parts[1].magnitude <= x.magnitude * 0x1p-7 && parts[2].magnitude <= x.magnitude * 0x1p-15)
    }
  }

  @Test func `the largest numbers stay finite, and what is not finite stays so`() throws {
    let machine = try #require(machines.first)
    let numbers: [Float] = [
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0x1.ffp127, .infinity, -.infinity, .nan, 1,
      Float(bitPattern: 0x7fff_ffff), Float(bitPattern: 0xff80_0001),
    ]
    // Near the limit of the range a sum of parts may pass it before the last one brings it back.
    for half in [Float(0.5), -0.25, 0x1.fep-1] {
      let c = Matrix<Float>(rows: numbers.count, columns: 1)
      machine.multiply(
        Matrix(FloatBuffer(numbers), rows: numbers.count, columns: 1), transposed: false,
        by: Matrix(FloatBuffer([half]), rows: 1, columns: 1), transposed: false, into: .plain(c),
        accumulating: false)
      for (row, x) in numbers.enumerated() {
        if x.isFinite { #expect(c[row, 0] == x * half) } else { #expect(!c[row, 0].isFinite) }
      }
      // As the right operand too.
      let d = Matrix<Float>(rows: 1, columns: numbers.count)
      machine.multiply(
        Matrix(FloatBuffer([half]), rows: 1, columns: 1), transposed: false,
        by: Matrix(FloatBuffer(numbers), rows: numbers.count, columns: 1), transposed: true, into: .plain(d),
        accumulating: false)
      for (column, x) in numbers.enumerated() {
        if x.isFinite { #expect(d[0, column] == x * half) } else { #expect(!d[0, column].isFinite) }
      }
    }
  }

  @Test func `one row's NaN leaves other rows alone`() throws {
    let machine = try #require(machines.first)
    var noise = Noise(36)
    let a = Matrix(noise.buffer(50 * 40), rows: 50, columns: 40)
    let b = Matrix(noise.buffer(40 * 45), rows: 40, columns: 45)
    let (clean, dirty) = (Matrix<Float>(rows: 50, columns: 45), Matrix<Float>(rows: 50, columns: 45))
    machine.multiply(a, transposed: false, by: b, transposed: false, into: .plain(clean), accumulating: false)
    a[33, 7] = .nan
    machine.multiply(a, transposed: false, by: b, transposed: false, into: .plain(dirty), accumulating: false)
    for row in 0..<50 {
      for column in 0..<45 {
        #expect(row == 33 ? dirty[row, column].isNaN : dirty[row, column] == clean[row, column])
      }
    }
  }

  // Few steps and many beside which to round, one span of depth, two, and rows that are packed because they would push each
  // other out of the cache.
  @Test(arguments: [96, 320, 800, 1600, 2048])
  func `rows keep their bits in any company, on any number of threads`(_ depth: Int) throws {
    let machine = try #require(machines.first)
    var noise = Noise(37)
    let (a, b) = (
      Matrix(noise.brainFloats(700 * depth), rows: 700, columns: depth),
      Matrix(noise.brainFloats(depth * 300), rows: 300, columns: depth)
    )
    let (whole, serial) = (Matrix<Float>(rows: 700, columns: 300), Matrix<Float>(rows: 700, columns: 300))
    // With rows below that must stay.
    let rounded = Matrix<UInt16>(rows: 740, columns: 300)
    machine.multiply(a, transposed: false, by: b, transposed: true, into: .plain(whole), accumulating: false)
    machine.multiply(
      a, transposed: false, by: b, transposed: true, into: .rounded(rounded.rows(0..<700)),
      accumulating: false)
    KernelPool.shared.parallel(2) {
      guard $0 == 0 else { return }
      machine.multiply(
        a, transposed: false, by: b, transposed: true, into: .plain(serial), accumulating: false)
    }
    #expect(whole.buffer.scalars == serial.buffer.scalars)
    let rounding = BrainFloatBuffer(count: 700 * 300)
    convert(whole.buffer, into: rounding)
    #expect(rounding.scalars == Array(rounded.buffer.scalars.prefix(700 * 300)))
    #expect(rounded.buffer.scalars.suffix(40 * 300).allSatisfy { $0 == 0 })
    for rows in [0..<1, 5..<38, 300..<400, 690..<700] {
      let part = Matrix<Float>(rows: rows.count, columns: 300)
      machine.multiply(
        a.rows(rows), transposed: false, by: b, transposed: true, into: .plain(part), accumulating: false)
      #expect(part.buffer.scalars == whole.rows(rows).buffer.scalars)
    }
  }
}

// Long sums of scaled numbers, as digits or by Winograd's inner products: the bits of their twins, and as accurate as chains
// of fused multiply-adds, whatever the numbers.

import Foundation
import Testing

@testable import VectorKernels

#if arch(x86_64)
  import VectorKernelsAVX512
#endif

/// How long sums are taken, whatever the processor prefers.
private enum Way: CaseIterable {
  case digits
  case winograd

  private var set: InstructionSet { self == .digits ? .amx : .avx512 }

  /// Those of this processor.
  static let supported = allCases.filter { InstructionSet.supported.contains($0.set) }

  /// The machinery.
  var machine: ProductMachine {
    #if arch(x86_64)
      self == .digits
        ? set.machine : .panels(set.kernels, inPairs: false, sums: VectorKernelsAVX512.Kernels.self)
    #else
      set.machine
    #endif
  }

  /// How many terms are summed up for comparison with chains, which is promised from the fewest on.
  var depths: [Int] {
    [33, 512, 577, 3000]
      + (self == .winograd ? [machine.fewestScaledTerms(isBrainFloat: false), 290, 336, 392, 613] : [])
  }

  /// The twin.
  func multiply(
    _ a: (Int, Int) -> Float, _ b: (Int, Int) -> Float, depth: Int, into c: Matrix<Float>, accumulating: Bool
  ) {
    switch self {
    case .digits: ScalarDigits.multiply(a, b, depth: depth, into: c, accumulating: accumulating)
    case .winograd: ScalarWinograd.multiply(a, b, depth: depth, into: c, accumulating: accumulating)
    }
  }
}

/// How the numbers of an operand are spread.
enum Spread: CaseIterable {
  /// All about as large.
  case even
  /// A normal distribution's.
  case normal
  /// Exponents far apart, as in gradients.
  case exponents
  /// A few columns a thousand times as large.
  case outliers
  /// Rows' and columns' sizes log-normal, as those of tokens' gradients.
  case tokens
  /// Rows and columns of zeros beside others.
  case zeros
  /// Two neighbours a thousand times as large, whose product is large beside all others.
  case neighbours
  /// Every fifth row's exponents far apart, so that only some panels need fourth digits, for some of their rows.
  case mixed

  func buffer(_ count: Int, _ columns: Int, _ noise: inout Noise) -> FloatBuffer {
    let result = noise.buffer(count)
    for i in 0..<count {
      switch self {
      case .even: break
      case .normal: result[i] = (0..<12).reduce(Float(0)) { sum, _ in sum + noise.next() } - 6
      case .mixed where i / columns % 5 != 3 || i / columns % 64 < 32: break
      case .exponents, .mixed: result[i] *= Float(sign: .plus, exponent: i * 7 % 23 - 11, significand: 1)
      case .tokens: result[i] *= exp2(Float(i % columns * 7919 % 101) * 0.1 - 5)
      case .zeros: if i / columns % 3 == 1 { result[i] = 0 }
      case .neighbours: if i % columns % 150 < 2 { result[i] *= 1000 }
      case .outliers: if i % columns % 97 == 5 { result[i] *= 1000 }
      }
    }
    return result
  }
}

/// An operand in one of its two layouts, with rows further apart than they are long.
func stored<Scalar>(_ numbers: Matrix<Scalar>, transposed: Bool) -> Matrix<Scalar> {
  let (rows, columns) = transposed ? (numbers.columns, numbers.rows) : (numbers.rows, numbers.columns)
  let result = Matrix<Scalar>(
    AlignedBuffer(count: rows * (columns + 3)), rows: rows, columns: columns, rowStride: columns + 3)
  for row in 0..<rows {
    for column in 0..<columns {
      result[row, column] = transposed ? numbers[column, row] : numbers[row, column]
    }
  }
  return result
}

@Suite(.enabled(if: !Way.supported.isEmpty, "this processor has neither tiles nor AVX-512"))
struct ScaledProductTests {
  private static let shapes = [
    (1, 1, 1), (1, 70, 2), (16, 16, 64), (17, 33, 63), (32, 32, 64), (33, 31, 65), (70, 1, 70), (64, 64, 128),
    (40, 50, 850), (5, 7, 800), (300, 40, 64), (40, 170, 1600),
    // What is packed while tiles multiply.
    (256, 33, 640), (25, 15, 289), (49, 40, 580), (160, 290, 128), (384, 40, 64),
  ]

  @Test(arguments: Way.supported.flatMap { way in shapes.map { (way, $0) } }, Spread.allCases)
  fileprivate func `gives the twin's bits, however operands lie`(
    _ which: (way: Way, shape: (Int, Int, Int)), _ spread: Spread
  ) throws {
    let machine = which.way.machine
    let (m, n, k) = which.shape
    var noise = Noise(51)
    let a = Matrix(spread.buffer(m * k, k, &noise), rows: m, columns: k)
    let b = stored(Matrix(spread.buffer(n * k, k, &noise), rows: n, columns: k), transposed: true)
    let start = noise.buffer(m * (n + 2))
    func target() -> Matrix<Float> {
      Matrix(FloatBuffer(start.scalars), rows: m, columns: n, rowStride: n + 2)
    }
    for accumulating in [false, true] {
      let twin = target()
      which.way.multiply({ a[$0, $1] }, { b[$0, $1] }, depth: k, into: twin, accumulating: accumulating)
      for turn in 0..<4 {
        let (left, right) = (stored(a, transposed: turn & 1 == 1), stored(b, transposed: turn & 2 == 2))
        let (plain, packed) = (target(), target())
        machine.multiply(
          left, transposed: turn & 1 == 1, by: right, transposed: turn & 2 == 2, into: .plain(plain),
          accumulating: accumulating, .scaled)
        #expect(plain.buffer.scalars == twin.buffer.scalars)
        let matrix = PackedMatrix(right, transposed: turn & 2 == 2, machine, .scaled)
        matrix.layout.multiply(
          left, transposed: turn & 1 == 1, into: .plain(packed), accumulating: accumulating,
          matrix.precision.left)
        #expect(packed.buffer.scalars == twin.buffer.scalars)
      }
    }
  }

  @Test(arguments: Way.supported.flatMap { way in way.depths.map { (way, $0) } }, Spread.allCases)
  fileprivate func `is as accurate as fused multiply-add`(_ which: (way: Way, depth: Int), _ spread: Spread)
    throws
  {
    let (machine, k) = (which.way.machine, which.depth)
    var noise = Noise(52)
    let a = Matrix(spread.buffer(40 * k, k, &noise), rows: 40, columns: k)
    let b = Matrix(spread.buffer(k * 50, k, &noise), rows: 50, columns: k)
    let (scaled, fused) = (Matrix<Float>(rows: 40, columns: 50), Matrix<Float>(rows: 40, columns: 50))
    machine.multiply(
      a, transposed: false, by: b, transposed: true, into: .plain(scaled), accumulating: false, .scaled)
    ScalarProduct.multiply(
      { a[$0, $1] }, { b[$1, $0] }, depth: k, into: fused, accumulating: false, fused: true)
    var errors = (scaled: 0.0, fused: 0.0)
    for row in 0..<40 {
      for column in 0..<50 {
        let terms = (0..<k).map { Double(a[row, $0]) * Double(b[column, $0]) }
        let size = terms.reduce(0) { $0 + $1.magnitude }
        if size == 0 {
          #expect(scaled[row, column] == 0)
          continue
        }
        let exact = terms.reduce(0, +)
        errors.scaled += ((Double(scaled[row, column]) - exact) / size).magnitude
        errors.fused += ((Double(fused[row, column]) - exact) / size).magnitude
      }
    }
    #expect(errors.scaled > 0)
    // Some ten roundings of scales and sums, which a chain of few terms does not have, are left in any case.
    let factor = k < 3000 ? 1.5 : 1
    #expect(errors.scaled < max(factor * errors.fused, k < 64 ? 2000 * 0x1p-22 : 0), "\(errors)")
  }

  @Test(arguments: Way.supported.filter { $0 == .winograd })
  fileprivate func `sums of no terms are 0`(_ way: Way) {
    let (a, b) = (Matrix<Float>(rows: 3, columns: 0), Matrix<Float>(rows: 0, columns: 2))
    let c = Matrix(FloatBuffer(Array(repeating: 1, count: 6)), rows: 3, columns: 2)
    for (accumulating, expected) in [(true, Float(1)), (false, 0)] {
      way.machine.multiply(
        a, transposed: false, by: b, transposed: false, into: .plain(c), accumulating: accumulating, .scaled)
      #expect(c.buffer.scalars.allSatisfy { $0 == expected })
    }
  }

  @Test func `sums of few terms are taken number by number`() throws {
    guard activeMachine.taken(.scaled) == .scaled else { return }
    let machine = activeMachine
    var noise = Noise(53)
    let fewest = machine.fewestScaledTerms(isBrainFloat: false)
    for (depth, precision) in [(fewest - 1, ProductPrecision.full), (fewest, .scaled)] {
      let (a, b) = (
        Matrix(noise.buffer(9 * depth), rows: 9, columns: depth),
        Matrix(noise.buffer(depth * 7), rows: depth, columns: 7)
      )
      let (asked, packed, taken) = (
        Matrix<Float>(rows: 9, columns: 7), Matrix<Float>(rows: 9, columns: 7),
        Matrix<Float>(rows: 9, columns: 7)
      )
      multiply(a, transposed: false, by: b, into: asked, .scaled)
      multiply(a, by: PackedMatrix(rounding: b, .scaled), into: packed)
      machine.multiply(
        a, transposed: false, by: b, transposed: false, into: .plain(taken), accumulating: false, precision)
      #expect(asked.buffer.scalars == taken.buffer.scalars && packed.buffer.scalars == taken.buffer.scalars)
      // Numbers that bfloat16 holds may be asked for as such, for the same bits.
      let rounded = Matrix(
        FloatBuffer(b.buffer.scalars.map { Float(bitPattern: $0.bitPattern & 0xffff_0000) }), rows: depth,
        columns: 7)
      multiply(a, transposed: false, by: rounded, into: asked, .scaled)
      multiply(a, transposed: false, by: rounded, into: taken, .scaled.byBrainFloats)
      multiply(a, by: PackedMatrix(rounding: rounded, .scaled.byBrainFloats), into: packed)
      #expect(asked.buffer.scalars == taken.buffer.scalars && packed.buffer.scalars == taken.buffer.scalars)
      let short = ProductPrecision.scaled.byBrainFloats.forTerms(depth)
      #expect(short.right == (depth < fewest ? .eightBits : .scaled))
    }
  }

  @Test(arguments: Way.supported)
  fileprivate func `bfloat16 is multiplied as it is, whatever is asked of single precision`(_ way: Way) {
    var noise = Noise(56)
    let (a, b) = (
      Matrix(noise.brainFloats(30 * 640), rows: 30, columns: 640),
      Matrix(noise.brainFloats(20 * 640), rows: 20, columns: 640)
    )
    let results = [ProductPrecision.scaled, .full].map { precision in
      let c = Matrix<Float>(rows: 30, columns: 20)
      way.machine.multiply(
        a, transposed: false, by: b, transposed: true, into: .plain(c), accumulating: false, precision)
      return c.buffer.scalars
    }
    #expect(results[0] == results[1] && results[0].contains { $0 != 0 })
  }

  @Test(arguments: Way.supported)
  fileprivate func `large and small numbers keep their range, and what is not finite stays so`(_ way: Way) {
    let machine = way.machine
    let numbers: [Float] = [
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0x1p-120, .infinity, -.infinity, .nan, 1, 0,
      .leastNonzeroMagnitude,
    ]
    for half in [Float(0.5), -0.25] {
      let (c, d) = (
        Matrix<Float>(rows: numbers.count, columns: 1), Matrix<Float>(rows: 1, columns: numbers.count)
      )
      let column = Matrix(FloatBuffer(numbers), rows: numbers.count, columns: 1)
      let factor = Matrix(FloatBuffer([half]), rows: 1, columns: 1)
      machine.multiply(
        column, transposed: false, by: factor, transposed: false, into: .plain(c), accumulating: false,
        .scaled)
      machine.multiply(
        factor, transposed: false, by: column, transposed: true, into: .plain(d), accumulating: false, .scaled
      )
      for (place, x) in numbers.enumerated() {
        for result in [c[place, 0], d[0, place]] {
          #expect(result.isFinite == x.isFinite, "\(x)")
          if x.isFinite { #expect(abs(result - x * half) <= max(0x1p-22 * abs(x * half), 0x1p-126), "\(x)") }
        }
      }
    }
  }

  @Test(arguments: Way.supported)
  fileprivate func `one row's NaN leaves other rows alone`(_ way: Way) {
    let machine = way.machine
    var noise = Noise(54)
    let (a, b) = (
      Matrix(noise.buffer(50 * 640), rows: 50, columns: 640),
      Matrix(noise.buffer(640 * 45), rows: 640, columns: 45)
    )
    let (clean, dirty) = (Matrix<Float>(rows: 50, columns: 45), Matrix<Float>(rows: 50, columns: 45))
    machine.multiply(
      a, transposed: false, by: b, transposed: false, into: .plain(clean), accumulating: false, .scaled)
    a[33, 7] = .nan
    machine.multiply(
      a, transposed: false, by: b, transposed: false, into: .plain(dirty), accumulating: false, .scaled)
    for row in 0..<50 {
      for column in 0..<45 {
        #expect(row == 33 ? dirty[row, column].isNaN : dirty[row, column] == clean[row, column])
      }
    }
  }

  @Test(arguments: Way.supported, [512, 800, 1600])
  fileprivate func `rows keep their bits in any company, on any number of threads`(_ way: Way, _ depth: Int) {
    let machine = way.machine
    var noise = Noise(55)
    let a = Matrix(Spread.outliers.buffer(700 * depth, depth, &noise), rows: 700, columns: depth)
    let b = Matrix(noise.buffer(depth * 300), rows: 300, columns: depth)
    let (whole, serial) = (Matrix<Float>(rows: 700, columns: 300), Matrix<Float>(rows: 700, columns: 300))
    machine.multiply(
      a, transposed: false, by: b, transposed: true, into: .plain(whole), accumulating: false, .scaled)
    KernelPool.shared.parallel(2) {
      guard $0 == 0 else { return }
      machine.multiply(
        a, transposed: false, by: b, transposed: true, into: .plain(serial), accumulating: false, .scaled)
    }
    #expect(whole.buffer.scalars == serial.buffer.scalars)
    for rows in [0..<1, 5..<38, 300..<400, 690..<700] {
      let part = Matrix<Float>(rows: rows.count, columns: 300)
      machine.multiply(
        a.rows(rows), transposed: false, by: b, transposed: true, into: .plain(part), accumulating: false,
        .scaled)
      #expect(part.buffer.scalars == whole.rows(rows).buffer.scalars)
    }
  }
}

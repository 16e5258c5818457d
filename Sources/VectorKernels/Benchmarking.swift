// What the benchmark needs of the inside: products on a chosen instruction set, and the micro-kernel alone.

import VectorKernelsInterface

extension InstructionSet {
  /// Whether bfloat16 can be multiplied in pairs.
  package var hasPairs: Bool { kernels.multipliesPairs }
}

/// A product to be timed.
package struct ProductBench {
  /// Which operand types, and how the right operand is given.
  package enum Kind: String, CaseIterable, Sendable {
    case float32
    case float32Packed = "float32-packed"
    case float32Gradient = "float32-gradient"
    case bfloat16
    case bfloat16Packed = "bfloat16-packed"
    case pairs = "bfloat16-pairs"

    /// Whether operands are bfloat16.
    package var isBrainFloat: Bool { self == .bfloat16 || self == .bfloat16Packed || isPaired }
    /// Whether they are multiplied in pairs whatever the processor prefers.
    package var isPaired: Bool { self == .pairs }
    /// Whether they are multiplied in pairs.
    package func usesPairs(_ set: InstructionSet) -> Bool { isPaired || isBrainFloat && set.prefersPairs }
  }

  private let product: Product
  private let operations: Double

  /// `[rows, depth]` by `[depth, columns]`, the right operand stored transposed, as weights are; as a gradient,
  /// `[depth, rows]ᵀ` by `[depth, columns]`.
  package init(_ rows: Int, _ columns: Int, _ depth: Int, _ kind: Kind, _ set: InstructionSet) {
    let c = Matrix<Float>(rows: rows, columns: columns)
    operations = 2 * Double(rows) * Double(columns) * Double(depth)
    let kernels = set.kernels
    func fill(_ rows: Int, _ columns: Int) -> Matrix<Float> {
      let result = Matrix<Float>(rows: rows, columns: columns)
      for i in 0..<result.buffer.count { result.buffer.base[i] = Float(i % 17) * 0.1 - 0.8 }
      return result
    }
    if kind == .float32Gradient {
      // Tokens are the depth of a weight's gradient: what was the number of rows.
      let (a, b) = (fill(rows, depth), fill(rows, columns))
      let gradient = Matrix<Float>(rows: depth, columns: columns)
      product = Product(
        Operand(a, outerIsColumns: true), .plain(Operand(b, outerIsColumns: true)), gradient, true, kernels)
    } else if kind.isBrainFloat {
      let (a, b) = (Matrix<UInt16>(rows: rows, columns: depth), Matrix<UInt16>(rows: columns, columns: depth))
      convert(fill(rows, depth).buffer, into: a.buffer)
      convert(fill(columns, depth).buffer, into: b.buffer)
      let inPairs = kind.isPaired || set.prefersPairs
      let right = Operand(b, outerIsColumns: false, inPairs: inPairs)
      let packed =
        kind == .bfloat16Packed
        ? PackedMatrix(b, transposed: true, kernels: kernels, inPairs: inPairs).panels : nil
      product = Product(
        Operand(a, outerIsColumns: false, inPairs: inPairs), packed.map { .packed($0) } ?? .plain(right), c,
        false, kernels)
    } else {
      let (a, b) = (fill(rows, depth), fill(columns, depth))
      let right = Operand(b, outerIsColumns: false)
      let packed =
        kind == .float32Packed
        ? PackedMatrix(b, transposed: true, kernels: kernels, inPairs: false).panels : nil
      product = Product(
        Operand(a, outerIsColumns: false), packed.map { .packed($0) } ?? .plain(right), c, false, kernels)
    }
  }

  /// Operations per second, at best.
  package func rate(_ seconds: Double, _ time: (Double, () -> Void) -> Double) -> Double {
    operations / time(seconds) { product.run() }
  }
}

/// The micro-kernel on two panels that stay in the first-level cache.
package struct MicroKernel {
  private static let words = 128
  private static let repetitions = 2000

  private let kernels: any (ElementKernels & ProductKernels).Type
  private let isPaired: Bool
  private let a: FloatBuffer, b: FloatBuffer, c: FloatBuffer

  /// Panels of ones.
  package init(_ set: InstructionSet, inPairs: Bool) {
    (kernels, isPaired) = (set.kernels, inPairs)
    // 1 as two bfloat16 numbers, and almost 1 as single precision.
    let one = Float(bitPattern: 0x3f80_3f80)
    a = FloatBuffer(Array(repeating: one, count: Self.words * kernels.tileRows))
    b = FloatBuffer(Array(repeating: one, count: Self.words * kernels.tileColumns))
    c = FloatBuffer(count: kernels.tileRows * kernels.tileColumns)
  }

  /// Operations of one run.
  package var operations: Double {
    let perWord = isPaired ? 4.0 : 2.0
    return perWord * Double(Self.words * kernels.tileRows * kernels.tileColumns * Self.repetitions)
  }

  /// Multiplies the panels many times.
  package func run() {
    let target = TileTarget(
      c.base, stride: kernels.tileColumns, rows: kernels.tileRows, columns: kernels.tileColumns,
      accumulating: false)
    let (left, right) = (Panels(a.base, stride: 0), Panels(b.base, stride: 0))
    for _ in 0..<Self.repetitions {
      if isPaired {
        kernels.multiplyPairs(left, right, words: Self.words, into: target)
      } else {
        kernels.multiply(left, right, words: Self.words, into: target)
      }
    }
  }
}

// Operands of a product: plain ones as outer × depth, and right ones laid out once for many products.

import VectorKernelsInterface

/// The kernels that lay out and multiply panels.
typealias AnyProductKernels = any ProductKernels.Type

/// An operand as the kernels see it: `outer` rows of the left one, or columns of the right one, each `depth` long.
struct Operand: @unchecked Sendable {  // the caller of the product leaves the matrix unchanged
  private let owner: Allocation
  let base: UnsafeRawPointer
  let isBrainFloat: Bool
  /// Whether words are pairs of bfloat16.
  let isPaired: Bool
  let outer: Int, depth: Int, outerStride: Int, depthStride: Int

  /// bfloat16 is multiplied in pairs where `inPairs`, and widened elsewhere.
  init<Scalar>(
    _ matrix: Matrix<Scalar>, outerIsColumns: Bool, inPairs: Bool = InstructionSet.current.prefersPairs
  ) {
    precondition(
      Scalar.self == Float.self || Scalar.self == UInt16.self, "multiply: scalars of type \(Scalar.self)")
    (owner, base) = (matrix.buffer.allocation, UnsafeRawPointer(matrix.buffer.base))
    isBrainFloat = Scalar.self == UInt16.self
    isPaired = isBrainFloat && inPairs
    (outer, depth) = outerIsColumns ? (matrix.columns, matrix.rows) : (matrix.rows, matrix.columns)
    (outerStride, depthStride) = outerIsColumns ? (1, matrix.rowStride) : (matrix.rowStride, 1)
  }

  /// How many words the whole depth packs into.
  var words: Int { isPaired ? (depth + 1) / 2 : depth }

  /// Packs part of the operand.
  func pack(
    _ range: Range<Int>, words: Range<Int>, width: Int, into panels: MutableFloats, stride: Int,
    _ kernels: AnyProductKernels
  ) {
    let perWord = isPaired ? 2 : 1
    let first = words.lowerBound * perWord
    let count = min(depth, words.upperBound * perWord) - first
    let offset = range.lowerBound * outerStride + first * depthStride
    if isPaired {
      kernels.packPairs(
        base.assumingMemoryBound(to: UInt16.self) + offset, outerStride: outerStride,
        depthStride: depthStride,
        outer: range.count, depth: count, width: width, into: panels, panelStride: stride)
    } else if isBrainFloat {
      kernels.pack(
        base.assumingMemoryBound(to: UInt16.self) + offset, outerStride: outerStride,
        depthStride: depthStride,
        outer: range.count, depth: count, width: width, into: panels, panelStride: stride)
    } else {
      kernels.pack(
        base.assumingMemoryBound(to: Float.self) + offset, outerStride: outerStride, depthStride: depthStride,
        outer: range.count, depth: count, width: width, into: panels, panelStride: stride)
    }
  }
}

/// The right operand of many products, laid out once.
public struct PackedMatrix<Scalar: BitwiseCopyable>: Sendable {
  /// The operand's shape as it enters the product: `k × n`.
  public let rows: Int, columns: Int
  let panels: PackedPanels

  /// Lays out `b`, or its transpose; later changes to `b` do not show.
  ///
  /// - Precondition: scalars are `Float`, or `UInt16` for bfloat16.
  public init(_ b: Matrix<Scalar>, transposed: Bool = false) {
    self.init(
      b, transposed: transposed, kernels: InstructionSet.current.kernels,
      inPairs: InstructionSet.current.prefersPairs)
  }

  init(_ b: Matrix<Scalar>, transposed: Bool, kernels: AnyProductKernels, inPairs: Bool) {
    (rows, columns) = transposed ? (b.columns, b.rows) : (b.rows, b.columns)
    let operand = Operand(b, outerIsColumns: !transposed, inPairs: inPairs)
    let buffer = FloatBuffer(count: PackedPanels.size(columns, operand.words, kernels))
    panels = PackedPanels(operand, 0..<columns, in: buffer, kernels)
  }
}

/// The panels of a right operand.
struct PackedPanels: Sendable {
  let buffer: FloatBuffer
  let depth: Int, words: Int, columns: Int
  let isPaired: Bool
  let kernels: AnyProductKernels

  /// How many floats `columns` columns take, with room for what packing spills over.
  static func size(_ columns: Int, _ words: Int, _ kernels: AnyProductKernels) -> Int {
    let width = kernels.tileColumns
    return (columns + width - 1) / width * width * words + 16
  }

  /// Packs some columns of `operand`, in parallel where they are many.
  init(_ operand: Operand, _ range: Range<Int>, in buffer: FloatBuffer, _ kernels: AnyProductKernels) {
    let words = operand.words
    (self.buffer, depth, self.words, self.kernels) = (buffer, operand.depth, words, kernels)
    (columns, isPaired) = (range.count, operand.isPaired)
    let width = kernels.tileColumns
    let count = (range.count + width - 1) / width
    let perPiece = max(1, (1 << 16) / max(1, width * words))
    KernelPool.shared.parallel((count + perPiece - 1) / perPiece) { piece in
      let first = range.lowerBound + piece * perPiece * width
      let last = min(range.upperBound, first + perPiece * width)
      operand.pack(
        first..<last, words: 0..<words, width: width, into: buffer.base + piece * perPiece * width * words,
        stride: width * words, kernels)
    }
  }
}

// Operands of a product as the kernels see them: outer × depth, packed in panels piece by piece.

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
  /// What is taken of single precision.
  let significand: Significand
  let outer: Int, depth: Int, outerStride: Int, depthStride: Int

  /// bfloat16 is packed in pairs where `inPairs`, and widened elsewhere.
  init<Scalar>(
    _ matrix: Matrix<Scalar>, outerIsColumns: Bool, inPairs: Bool, _ significand: Significand = .full
  ) {
    precondition(
      Scalar.self == Float.self || Scalar.self == UInt16.self, "multiply: scalars of type \(Scalar.self)")
    (owner, base) = (matrix.buffer.allocation, UnsafeRawPointer(matrix.buffer.base))
    isBrainFloat = Scalar.self == UInt16.self
    self.significand = significand
    isPaired = (isBrainFloat || significand == .eightBits || significand == .scaledEightBits) && inPairs
    (outer, depth) = outerIsColumns ? (matrix.columns, matrix.rows) : (matrix.rows, matrix.columns)
    (outerStride, depthStride) = outerIsColumns ? (1, matrix.rowStride) : (matrix.rowStride, 1)
  }

  /// Whether single precision is rounded to bfloat16 on the way.
  var isRounding: Bool { !isBrainFloat && (significand == .eightBits || significand == .scaledEightBits) }

  /// Whether rows or columns share a scale.
  var isScaled: Bool {
    significand == .scaledEightBits || !isBrainFloat && significand == .scaled
  }

  /// Where the number of a row or column at a depth is.
  func address(_ index: Int, _ level: Int) -> UnsafeRawPointer {
    base + (index * outerStride + level * depthStride) * (isBrainFloat ? 2 : 4)
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
    if isRounding || isBrainFloat {
      withBrainFloats(range, levels: first..<first + count) { source, outerStride, depthStride in
        packBrainFloats(
          source, outerStride, depthStride, range.count, count, width, into: panels, stride: stride, kernels)
      }
    } else {
      kernels.pack(
        address(range.lowerBound, first).assumingMemoryBound(to: Float.self), outerStride: outerStride,
        depthStride: depthStride, outer: range.count, depth: count, width: width, into: panels,
        panelStride: stride)
    }
  }

  /// Part of the operand as bfloat16 numbers, and their strides: where they are, or rounded in scratch memory.
  func withBrainFloats(
    _ range: Range<Int>, levels: Range<Int>, _ body: (UnsafePointer<UInt16>, Int, Int) -> Void
  ) {
    let start = address(range.lowerBound, levels.lowerBound)
    if isBrainFloat {
      body(start.assumingMemoryBound(to: UInt16.self), outerStride, depthStride)
    } else {
      rounded(start.assumingMemoryBound(to: Float.self), range.count, levels.count, body)
    }
  }

  private func packBrainFloats(
    _ source: UnsafePointer<UInt16>, _ outerStride: Int, _ depthStride: Int, _ outer: Int, _ depth: Int,
    _ width: Int, into panels: MutableFloats, stride: Int, _ kernels: AnyProductKernels
  ) {
    let pack = isPaired ? kernels.packPairs : kernels.pack
    pack(source, outerStride, depthStride, outer, depth, width, panels, stride)
  }

  /// Rounds `outer × depth` numbers in scratch memory that is laid out as they are.
  private func rounded(
    _ source: Floats, _ outer: Int, _ depth: Int, _ body: (UnsafePointer<UInt16>, Int, Int) -> Void
  ) {
    let isDeep = depthStride == 1
    let (lines, length) = isDeep ? (outer, depth) : (depth, outer)
    withScratch((lines * length + 1) / 2) { scratch in
      let target = UnsafeMutableRawPointer(scratch.base).assumingMemoryBound(to: UInt16.self)
      for line in 0..<lines {
        activeKernels.toBrainFloat(
          source + line * (isDeep ? outerStride : depthStride), target + line * length, length)
      }
      body(target, isDeep ? length : 1, isDeep ? 1 : length)
    }
  }
}

/// The panels of a right operand.
struct PackedPanels: Sendable {
  let buffer: FloatBuffer
  let depth: Int, words: Int, columns: Int
  /// Words of each column in memory: more than `words` where only the first ones count.
  let wordStride: Int
  let isPaired: Bool
  /// Whether pairs are widened whenever they are multiplied: kept in half the memory only.
  let isWidened: Bool
  let kernels: AnyProductKernels

  /// How many floats `columns` columns take, with room for what packing spills over.
  static func size(_ columns: Int, _ words: Int, _ kernels: AnyProductKernels) -> Int {
    let width = kernels.tileColumns
    return (columns + width - 1) / width * width * words + 16
  }

  /// Packs some columns of `operand`, in parallel where they are many; its pairs are multiplied unless `widening`.
  init(
    _ operand: Operand, _ range: Range<Int>, in buffer: FloatBuffer, _ kernels: AnyProductKernels,
    widening: Bool = false
  ) {
    (self.buffer, depth, words, self.kernels) = (buffer, operand.depth, operand.words, kernels)
    (columns, wordStride, isPaired) = (range.count, operand.words, operand.isPaired)
    isWidened = operand.isPaired && widening
    fill(from: operand, range)
  }

  private init(_ whole: PackedPanels, depth: Int, columns: Int) {
    (buffer, kernels, isPaired) = (whole.buffer, whole.kernels, whole.isPaired)
    isWidened = whole.isWidened
    (self.depth, self.columns, wordStride) = (depth, columns, whole.wordStride)
    words = isPaired ? (depth + 1) / 2 : depth
  }

  /// Whether the left operand's words must be pairs.
  var takesPairs: Bool { isPaired && !isWidened }

  /// The first `depth` words' worth of the first columns.
  func leading(depth: Int, columns: Int) -> PackedPanels {
    PackedPanels(self, depth: depth, columns: columns)
  }

  /// Packs other columns of the same shape in the same place.
  func fill(from operand: Operand, _ range: Range<Int>) {
    let width = kernels.tileColumns
    let panels = (range.count + width - 1) / width
    // Pieces go along what lies side by side in memory.
    let isDeep = operand.depthStride == 1
    let (count, each) = isDeep ? (panels, width * words) : (words, panels * width)
    let perPiece = max(1, (1 << 16) / max(1, each))
    KernelPool.shared.parallel((count + perPiece - 1) / perPiece) { piece in
      let part = piece * perPiece..<min(count, (piece + 1) * perPiece)
      if isDeep {
        let first = range.lowerBound + part.lowerBound * width
        operand.pack(
          first..<min(range.upperBound, first + part.count * width), words: 0..<words, width: width,
          into: buffer.base + part.lowerBound * width * words, stride: width * words, kernels)
      } else {
        operand.pack(
          range, words: part, width: width, into: buffer.base + part.lowerBound * width,
          stride: width * words, kernels)
      }
    }
  }
}

// A right operand whose columns share scales: measured panels, one block of depth after the other.

import VectorKernelsInterface

/// The measured panels of a right operand.
struct MeasuredPanels: Sendable {
  private let buffer: FloatBuffer
  let depth: Int
  private(set) var columns: Int
  /// Panels of one block of depth in memory: more than `columns` fill where only the first ones count.
  private let panels: Int
  let sums: MeasuredSums

  /// Words from one panel to the next.
  private var stride: Int { Self.stride(depth, sums) }

  private static func panels(_ columns: Int) -> Int {
    (columns + MeasuredSums.columns - 1) / MeasuredSums.columns
  }
  private static func stride(_ depth: Int, _ sums: MeasuredSums) -> Int {
    sums.count(MeasuredSums.columns, levels: sums.levels(depth))
  }

  /// How many floats `columns` columns take, once.
  static func sizeOnce(_ columns: Int, _ depth: Int, _ sums: MeasuredSums) -> Int {
    sums.blocks(depth) * panels(columns) * stride(depth, sums)
  }
  /// How many floats of memory `columns` columns take, those included that may stay untouched.
  static func size(_ columns: Int, _ depth: Int, _ sums: MeasuredSums) -> Int {
    sums.copies * sizeOnce(columns, depth, sums)
  }

  /// Packs some columns of `operand`, in parallel where they are many.
  init(_ operand: Operand, _ range: Range<Int>, in buffer: FloatBuffer, _ sums: MeasuredSums) {
    (self.buffer, depth, columns, self.sums) = (buffer, operand.depth, range.count, sums)
    panels = Self.panels(range.count)
    fill(from: operand, range)
  }

  /// The first columns, in the same memory; sums of less depth would have other scales.
  func leading(depth: Int, columns: Int) -> MeasuredPanels {
    precondition(
      depth == self.depth, "PackedMatrix: the first \(depth) of \(self.depth) rows, whose scales are common")
    var part = self
    part.columns = columns
    return part
  }

  /// The panels of a block, from that of a column on.
  func base(block: Int, column: Int) -> MutableFloats {
    buffer.base + (block * panels + column / MeasuredSums.columns) * stride
  }

  /// How many words behind a panel its copy is.
  var copy: Int { sums.blocks(depth) * panels * stride }

  /// Packs other columns of the same shape in the same place.
  func fill(from operand: Operand, _ range: Range<Int>) {
    // A source that is not turned gives eight at once; while they are measured, the next ones are asked for.
    let together = 8
    let groups = (panels + together - 1) / together
    let blocks = sums.blocks(depth)
    let parts = min(groups, max(1, 4 * KernelPool.shared.freeThreads / max(1, blocks)))
    KernelPool.shared.parallel(parts * blocks) { piece in
      let (block, part) = piece.quotientAndRemainder(dividingBy: parts)
      let group = groups * part / parts
      let first = group * together * MeasuredSums.columns
      let last = min(columns, groups * (part + 1) / parts * together * MeasuredSums.columns)
      sums.pack(
        operand, range.lowerBound + first..<range.lowerBound + last, block: block,
        width: MeasuredSums.columns, into: base(block: block, column: first), copy: copy)
    }
  }
}

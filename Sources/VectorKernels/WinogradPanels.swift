// A right operand for Winograd's inner products: measured panels, one block of depth after the other.

import VectorKernelsInterface

/// The kernels that lay out and multiply measured panels.
typealias AnyWinogradKernels = any WinogradKernels.Type

extension Operand {
  /// Packs some rows or columns over some levels into measured panels.
  func pack(
    _ range: Range<Int>, levels: Range<Int>, filledTo count: Int, width: Int,
    intoMeasured panels: MutableFloats,
    _ kernels: AnyWinogradKernels
  ) {
    kernels.pack(
      address(range.lowerBound, levels.lowerBound).assumingMemoryBound(to: Float.self),
      outerStride: outerStride, depthStride: depthStride, outer: range.count, depth: levels.count,
      levels: count, blocks: WinogradPanel.blocks(depth), width: width, intoMeasured: panels,
      panelStride: WinogradPanel.count(width, levels: count))
  }
}

/// The measured panels of a right operand.
struct WinogradPanels: Sendable {
  private let buffer: FloatBuffer
  let depth: Int
  private(set) var columns: Int
  /// Panels of one block of depth in memory: more than `columns` fill where only the first ones count.
  private let panels: Int
  let kernels: AnyWinogradKernels

  /// Numbers from one panel to the next.
  private var stride: Int { Self.stride(depth) }

  private static func panels(_ columns: Int) -> Int {
    (columns + WinogradPanel.columns - 1) / WinogradPanel.columns
  }
  private static func stride(_ depth: Int) -> Int {
    WinogradPanel.count(WinogradPanel.columns, levels: WinogradPanel.levels(depth))
  }

  /// How many floats `columns` columns take.
  static func size(_ columns: Int, _ depth: Int) -> Int {
    WinogradPanel.blocks(depth) * panels(columns) * stride(depth)
  }

  /// Packs some columns of `operand`, in parallel where they are many.
  init(_ operand: Operand, _ range: Range<Int>, in buffer: FloatBuffer, _ kernels: AnyWinogradKernels) {
    (self.buffer, depth, columns, self.kernels) = (buffer, operand.depth, range.count, kernels)
    panels = Self.panels(range.count)
    fill(from: operand, range)
  }

  /// The first columns, in the same memory; sums of less depth would have other scales.
  func leading(depth: Int, columns: Int) -> WinogradPanels {
    precondition(
      depth == self.depth, "PackedMatrix: the first \(depth) of \(self.depth) rows, whose scales are common")
    var part = self
    part.columns = columns
    return part
  }

  /// The panels of a block, from that of a column on.
  func base(block: Int, column: Int) -> Floats {
    Floats(buffer.base + (block * panels + column / WinogradPanel.columns) * stride)
  }

  /// The levels of a block.
  static func levels(_ block: Int, _ depth: Int) -> Range<Int> {
    let each = WinogradPanel.levels(depth)
    return min(depth, block * each)..<min(depth, (block + 1) * each)
  }

  /// Packs other columns of the same shape in the same place.
  func fill(from operand: Operand, _ range: Range<Int>) {
    // A source that is not turned gives eight at once; while they are measured, the next ones are asked for.
    let together = 8
    let groups = (panels + together - 1) / together
    let blocks = WinogradPanel.blocks(depth)
    let parts = min(groups, max(1, 4 * KernelPool.shared.freeThreads / max(1, blocks)))
    let count = WinogradPanel.levels(depth)
    KernelPool.shared.parallel(parts * blocks) { piece in
      let (block, part) = piece.quotientAndRemainder(dividingBy: parts)
      let levels = Self.levels(block, depth)
      let group = groups * part / parts
      let first = group * together * WinogradPanel.columns
      let last = min(columns, groups * (part + 1) / parts * together * WinogradPanel.columns)
      operand.pack(
        range.lowerBound + first..<range.lowerBound + last, levels: levels, filledTo: count,
        width: WinogradPanel.columns,
        intoMeasured: buffer.base + (block * panels + group * together) * stride, kernels)
    }
  }
}

// The ways to take long sums whose rows and columns share scales, as products see them: in single precision or in integers.

import VectorKernelsInterface

/// The kernels of a set whose additions have units of their own.
typealias AnySumKernels = any (WinogradKernels & FixedPointKernels).Type

/// Panels that are measured, laid out and multiplied block of depth by block.
enum MeasuredSums: Sendable {
  /// Single precision, by Winograd's inner products.
  case exchanged(AnySumKernels)
  /// bfloat16, in fixed point.
  case integers(AnySumKernels)

  /// Rows of the left operand in a panel.
  static let rows = WinogradPanel.rows
  /// Columns of the right operand in a panel.
  static let columns = WinogradPanel.columns
  /// Columns that are multiplied together.
  static let tileColumns = WinogradPanel.tileColumns

  /// The most levels of a block.
  var mostLevels: Int {
    switch self {
    case .exchanged: WinogradPanel.block
    case .integers: IntegerPanel.block
    }
  }

  /// How many blocks a depth is cut into.
  func blocks(_ depth: Int) -> Int {
    switch self {
    case .exchanged: WinogradPanel.blocks(depth)
    case .integers: IntegerPanel.blocks(depth)
    }
  }

  /// Levels of each block, filled up.
  func levels(_ depth: Int) -> Int {
    switch self {
    case .exchanged: WinogradPanel.levels(depth)
    case .integers: IntegerPanel.levels(depth)
    }
  }

  /// The levels of one block.
  func levels(_ block: Int, _ depth: Int) -> Range<Int> {
    let each = levels(depth)
    return min(depth, block * each)..<min(depth, (block + 1) * each)
  }

  /// Words of a panel.
  func count(_ width: Int, levels: Int) -> Int {
    switch self {
    case .exchanged: WinogradPanel.count(width, levels: levels)
    case .integers: IntegerPanel.count(width, levels: levels)
    }
  }

  /// How often there are all panels: those behind the first ones, of second digits, are touched where numbers need them only.
  var copies: Int {
    switch self {
    case .exchanged: 1
    case .integers: 2
    }
  }

  /// Packs some rows or columns of an operand over a block's levels; `copy` words lie between a panel and its second digits.
  func pack(
    _ operand: Operand, _ range: Range<Int>, block: Int, width: Int, into panels: MutableFloats, copy: Int
  ) {
    let (levels, count) = (levels(block, operand.depth), levels(operand.depth))
    switch self {
    case .exchanged(let kernels):
      kernels.pack(
        operand.address(range.lowerBound, levels.lowerBound).assumingMemoryBound(to: Float.self),
        outerStride: operand.outerStride, depthStride: operand.depthStride, outer: range.count,
        depth: levels.count, levels: count, blocks: blocks(operand.depth), width: width,
        intoMeasured: panels, panelStride: self.count(width, levels: count))
    case .integers(let kernels):
      operand.withBrainFloats(range, levels: levels) { source, outerStride, depthStride in
        kernels.pack(
          source, outerStride: outerStride, depthStride: depthStride, outer: range.count,
          depth: levels.count, levels: count, width: width, into: IntegerPanels(panels, second: copy),
          panelStride: self.count(width, levels: count))
      }
    }
  }

  /// Multiplies panels of rows by panels of columns over one block; copies lie so many words behind them.
  func multiply(
    _ a: MutableFloats, copy aCopy: Int, by b: MutableFloats, copy bCopy: Int, levels: Int,
    into c: TileTarget,
    rounded: RoundedTarget?
  ) {
    switch self {
    case .exchanged(let kernels):
      precondition(rounded == nil, "multiply: sums in single precision, rounded")
      kernels.multiply(measured: Floats(a), Floats(b), levels: levels, into: c)
    case .integers(let kernels):
      kernels.multiply(
        integers: IntegerPanels(a, second: aCopy), IntegerPanels(b, second: bCopy), levels: levels, into: c,
        rounded: rounded)
    }
  }
}

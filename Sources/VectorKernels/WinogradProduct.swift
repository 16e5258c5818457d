// A product by Winograd's inner products: its operands, and the threads that share it.

import VectorKernelsInterface

/// One such product, ready to run.
struct WinogradProduct: Sendable {
  let a: Operand
  let c: Matrix<Float>
  let accumulating: Bool

  /// Fills `c` by a right operand that is packed on the way.
  func run(by b: Operand, _ kernels: AnyWinogradKernels) {
    check(b.outer, b.depth)
    guard c.rows > 0, c.columns > 0 else { return }
    let width = WinogradPanel.columns
    let step = max(1, Product.packedBlock / max(1, b.depth * width)) * width
    for first in stride(from: 0, to: c.columns, by: step) {
      let range = first..<min(c.columns, first + step)
      withScratch(WinogradPanels.size(range.count, b.depth)) { buffer in
        multiply(by: WinogradPanels(b, range, in: buffer, kernels), first)
      }
    }
  }

  /// Fills `c`.
  func run(by b: WinogradPanels) {
    check(b.columns, b.depth)
    guard c.rows > 0, c.columns > 0 else { return }
    multiply(by: b, 0)
  }

  private func check(_ columns: Int, _ depth: Int) {
    precondition(
      a.depth == depth && a.outer == c.rows && columns == c.columns,
      "multiply: [\(a.outer), \(a.depth)] by [\(depth), \(columns)] into [\(c.rows), \(c.columns)]")
  }

  /// Fills the columns from `firstColumn` on, which `b` holds.
  private func multiply(by b: WinogradPanels, _ firstColumn: Int) {
    guard a.depth > 0 else {
      if !accumulating { ProductTarget.plain(c).clear() }
      return
    }
    let (height, width) = (WinogradPanel.rows, WinogradPanel.columns)
    let (rowPanels, columnPanels) = ((c.rows + height - 1) / height, (b.columns + width - 1) / width)
    let (groups, pieces) = cut(rowPanels, columnPanels)
    KernelPool.shared.parallel(pieces.count) { index in
      let piece = pieces[index]
      let rows = piece.places.lowerBound * height..<min(c.rows, piece.places.upperBound * height)
      let first = columnPanels * piece.group / groups * width
      let last = min(b.columns, columnPanels * (piece.group + 1) / groups * width)
      multiply(by: b, rows, first..<last, firstColumn)
    }
  }

  /// The most panels of rows that are packed at a time: half of a second-level cache.
  private static let mostPanels = 18
  /// The fewest, unless there are no more: each piece reads all of its columns again.
  private static let fewestPanels = 4

  /// Groups of columns, and pieces of panels of rows by one of them.
  ///
  /// A piece packs its own rows, so columns are cut only where rows alone do not keep threads busy. Its columns come from far
  /// caches: a few bytes for hundreds of operations.
  private func cut(_ rowPanels: Int, _ columnPanels: Int) -> (groups: Int, pieces: [LoopPiece]) {
    let threads = KernelPool.shared.freeThreads
    let work = max(1, WinogradPanel.rows * WinogradPanel.columns * columnPanels * a.depth)
    let wanted = threads == 1 ? 1 : min(4 * threads, rowPanels * work / Product.pieceWork)
    var groups = 1
    while rowPanels * groups < wanted * Self.fewestPanels, groups * 2 <= columnPanels { groups *= 2 }
    let smallest = max(Self.fewestPanels, (groups * Product.pieceWork + work - 1) / work)
    return (
      groups,
      loopPieces(rowPanels, groups: groups, threads: threads, smallest: smallest, largest: Self.mostPanels)
    )
  }

  /// One piece: the rows in `rows`, and those columns of the panels that are in `columns`.
  private func multiply(by b: WinogradPanels, _ rows: Range<Int>, _ columns: Range<Int>, _ firstColumn: Int) {
    let (height, levels) = (WinogradPanel.rows, WinogradPanel.levels(a.depth))
    let count = (rows.count + height - 1) / height * WinogradPanel.count(height, levels: levels)
    withScratch(count) { room in
      for block in 0..<WinogradPanel.blocks(a.depth) {
        a.pack(
          rows, levels: WinogradPanels.levels(block, a.depth), filledTo: levels, width: height,
          intoMeasured: room.base, b.kernels)
        let target = TileTarget(
          c.row(rows.lowerBound) + firstColumn + columns.lowerBound, stride: c.rowStride, rows: rows.count,
          columns: columns.count, accumulating: accumulating || block > 0)
        b.kernels.multiply(
          measured: Floats(room.base), b.base(block: block, column: columns.lowerBound), levels: levels,
          into: target)
      }
    }
  }
}

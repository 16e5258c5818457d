// A product whose rows and columns share scales: its operands, and the threads that share it.

import VectorKernelsInterface

/// One such product, ready to run.
struct MeasuredProduct: Sendable {
  let a: Operand
  let c: ProductTarget
  let accumulating: Bool

  /// Fills `c` by a right operand that is packed on the way.
  func run(by b: Operand, _ sums: MeasuredSums) {
    check(b.outer, b.depth)
    guard c.rows > 0, c.columns > 0 else { return }
    let width = MeasuredSums.columns
    let step = max(1, Product.packedBlock / max(1, b.depth * width)) * width
    for first in stride(from: 0, to: c.columns, by: step) {
      let range = first..<min(c.columns, first + step)
      withScratch(MeasuredPanels.size(range.count, b.depth, sums)) { buffer in
        multiply(by: MeasuredPanels(b, range, in: buffer, sums), first)
      }
    }
  }

  /// Fills `c`.
  func run(by b: MeasuredPanels) {
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
  private func multiply(by b: MeasuredPanels, _ firstColumn: Int) {
    guard a.depth > 0 else {
      if !accumulating { c.clear() }
      return
    }
    let (height, width) = (MeasuredSums.rows, MeasuredSums.columns)
    let (rowPanels, columnPanels) = ((c.rows + height - 1) / height, (b.columns + width - 1) / width)
    let most = Self.leftBlock / b.sums.count(height, levels: b.sums.levels(a.depth))
    let (groups, pieces) = cut(rowPanels, columnPanels, most: most)
    KernelPool.shared.parallel(pieces.count) { index in
      let piece = pieces[index]
      let rows = piece.places.lowerBound * height..<min(c.rows, piece.places.upperBound * height)
      let first = columnPanels * piece.group / groups * width
      let last = min(b.columns, columnPanels * (piece.group + 1) / groups * width)
      multiply(by: b, rows, first..<last, firstColumn)
    }
  }

  /// Words of rows that are packed at a time: half of a second-level cache.
  private static let leftBlock = 1 << 17
  /// The fewest panels of rows, unless there are no more: each piece reads all of its columns again.
  private static let fewestPanels = 3

  /// Groups of columns, and pieces of panels of rows by one of them.
  ///
  /// A piece packs its own rows, so columns are cut only where rows alone do not keep threads busy. Its columns come from far
  /// caches: a few bytes for hundreds of operations.
  private func cut(_ rowPanels: Int, _ columnPanels: Int, most: Int) -> (groups: Int, pieces: [LoopPiece]) {
    let threads = KernelPool.shared.freeThreads
    let work = max(1, MeasuredSums.rows * MeasuredSums.columns * columnPanels * a.depth)
    let wanted = threads == 1 ? 1 : min(4 * threads, rowPanels * work / Product.pieceWork)
    var groups = 1
    while rowPanels * groups < wanted * Self.fewestPanels, groups * 2 <= columnPanels { groups *= 2 }
    let smallest = max(Self.fewestPanels, (groups * Product.pieceWork + work - 1) / work)
    return (
      groups, loopPieces(rowPanels, groups: groups, threads: threads, smallest: smallest, largest: most)
    )
  }

  /// One piece: the rows in `rows`, and those columns of the panels that are in `columns`.
  private func multiply(by b: MeasuredPanels, _ rows: Range<Int>, _ columns: Range<Int>, _ firstColumn: Int) {
    let first = firstColumn + columns.lowerBound
    switch c {
    case .plain(let c):
      multiply(
        by: b, rows, columns,
        into: TileTarget(
          c.row(rows.lowerBound) + first, stride: c.rowStride, rows: rows.count, columns: columns.count,
          accumulating: accumulating),
        rounded: nil)
    case .rounded(let c):
      let place = RoundedTarget(c.row(rows.lowerBound) + first, stride: c.rowStride)
      // One block is rounded as it comes, and needs no sums.
      withScratch(b.sums.blocks(a.depth) > 1 ? rows.count * columns.count : 1) { sums in
        multiply(
          by: b, rows, columns,
          into: TileTarget(
            sums.base, stride: columns.count, rows: rows.count, columns: columns.count, accumulating: false),
          rounded: place)
      }
    }
  }

  private func multiply(
    by b: MeasuredPanels, _ rows: Range<Int>, _ columns: Range<Int>, into target: TileTarget,
    rounded: RoundedTarget?
  ) {
    let (height, sums) = (MeasuredSums.rows, b.sums)
    let levels = sums.levels(a.depth)
    let count = (rows.count + height - 1) / height * sums.count(height, levels: levels)
    withScratch(sums.copies * count) { room in
      let blocks = sums.blocks(a.depth)
      for block in 0..<blocks {
        sums.pack(a, rows, block: block, width: height, into: room.base, copy: count)
        var part = target
        part.accumulating = target.accumulating || block > 0
        sums.multiply(
          room.base, copy: count, by: b.base(block: block, column: columns.lowerBound), copy: b.copy,
          levels: levels, into: part, rounded: block == blocks - 1 ? rounded : nil)
      }
    }
  }
}

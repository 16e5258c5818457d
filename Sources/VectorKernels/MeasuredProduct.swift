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
    let threads = KernelPool.shared.freeThreads
    let work = max(1, MeasuredSums.rows * b.columns * a.depth)
    let wanted = threads == 1 ? 1 : min(4 * threads, rowPanels * work / Product.pieceWork)
    if threads > 1, rowPanels < wanted * Self.fewestPanels {
      multiplyByColumns(by: b, firstColumn, threads: threads, work: rowPanels * work)
    } else {
      multiplyByRows(by: b, firstColumn, threads: threads, work: work)
    }
  }

  /// How many panels all rows fill.
  private var rowPanels: Int { (c.rows + MeasuredSums.rows - 1) / MeasuredSums.rows }

  /// Words of rows that are packed at a time: half of a second-level cache.
  private static let leftBlock = 1 << 17
  /// Elements that are added to again soon: a quarter of a second-level cache.
  private static let targetBlock = 1 << 16
  /// The fewest panels of rows in a piece: each piece reads all columns again.
  private static let fewestPanels = 3

  /// Each piece packs its own rows, and multiplies them by all columns: these come from far caches, a few bytes for hundreds of
  /// operations. `work` is what a panel of rows takes.
  private func multiplyByRows(by b: MeasuredPanels, _ firstColumn: Int, threads: Int, work: Int) {
    let (height, blocks) = (MeasuredSums.rows, b.sums.blocks(a.depth))
    let stride = LeftPanels(c.rows, a.depth, b.sums).stride
    // Elements of several blocks are added to so many times. Where a few rows of them do not stay near meanwhile, but all
    // blocks of twice as many rows do, so many columns are taken at a time as do.
    let isCut =
      blocks > 1 && Self.fewestPanels * height * b.columns > 2 * Self.targetBlock
      && 2 * Self.fewestPanels * blocks * stride <= Self.leftBlock
    let kept = isCut ? blocks : 1
    let pieces = loopPieces(
      rowPanels, threads: threads,
      smallest: max(Self.fewestPanels, (Product.pieceWork + work - 1) / work),
      largest: max(1, Self.leftBlock / (kept * stride)))
    KernelPool.shared.parallel(pieces.count) { index in
      let places = pieces[index].places
      let rows = places.lowerBound * height..<min(c.rows, places.upperBound * height)
      let panels = LeftPanels(rows.count, a.depth, b.sums)
      @Sendable func pack(_ block: Int, _ room: MutableFloats) -> MutableFloats {
        b.sums.pack(a, rows, block: block, width: height, into: room, copy: panels.copy)
        return room
      }
      withScratch(kept * panels.blockCount) { room in
        guard isCut else {
          return multiply(by: b, rows, 0..<b.columns, firstColumn) { pack($0, room.base) }
        }
        let width = MeasuredSums.tileColumns
        let step = max(1, Self.targetBlock / (rows.count * width)) * width
        for first in Swift.stride(from: 0, to: b.columns, by: step) {
          multiply(by: b, rows, first..<min(b.columns, first + step), firstColumn) { block in
            let panels = room.base + block * panels.blockCount
            return first == 0 ? pack(block, panels) : panels
          }
        }
      }
    }
  }

  /// Where rows are too few to keep threads busy, all of them are packed first, and pieces are columns. `work` is what all takes.
  private func multiplyByColumns(by b: MeasuredPanels, _ firstColumn: Int, threads: Int, work: Int) {
    let (height, blocks) = (MeasuredSums.rows, b.sums.blocks(a.depth))
    let panels = LeftPanels(c.rows, a.depth, b.sums)
    let width = MeasuredSums.tileColumns
    let pieces = loopPieces(
      (b.columns + width - 1) / width, threads: threads,
      smallest: max(1, Product.pieceWork * b.columns / width / work))
    withScratch(blocks * panels.blockCount) { room in
      KernelPool.shared.parallel(blocks * rowPanels) { index in
        let (block, part) = index.quotientAndRemainder(dividingBy: rowPanels)
        b.sums.pack(
          a, part * height..<min(c.rows, (part + 1) * height), block: block, width: height,
          into: room.base + block * panels.blockCount + part * panels.stride, copy: panels.copy)
      }
      KernelPool.shared.parallel(pieces.count) { index in
        let places = pieces[index].places
        let columns = places.lowerBound * width..<min(b.columns, places.upperBound * width)
        multiply(by: b, 0..<c.rows, columns, firstColumn) { room.base + $0 * panels.blockCount }
      }
    }
  }

  /// One piece: the rows in `rows`, and those columns of the panels that are in `columns`; `left` gives a block's panels of rows.
  private func multiply(
    by b: MeasuredPanels, _ rows: Range<Int>, _ columns: Range<Int>, _ firstColumn: Int,
    _ left: (_ block: Int) -> MutableFloats
  ) {
    let first = firstColumn + columns.lowerBound
    switch c {
    case .plain(let c):
      multiply(
        by: b, columns,
        into: TileTarget(
          c.row(rows.lowerBound) + first, stride: c.rowStride, rows: rows.count, columns: columns.count,
          accumulating: accumulating),
        rounded: nil, left)
    case .rounded(let c):
      let place = RoundedTarget(c.row(rows.lowerBound) + first, stride: c.rowStride)
      // One block is rounded as it comes, and needs no sums.
      withScratch(b.sums.blocks(a.depth) > 1 ? rows.count * columns.count : 1) { sums in
        multiply(
          by: b, columns,
          into: TileTarget(
            sums.base, stride: columns.count, rows: rows.count, columns: columns.count, accumulating: false),
          rounded: place, left)
      }
    }
  }

  private func multiply(
    by b: MeasuredPanels, _ columns: Range<Int>, into target: TileTarget, rounded: RoundedTarget?,
    _ left: (_ block: Int) -> MutableFloats
  ) {
    let blocks = b.sums.blocks(a.depth)
    let copy = LeftPanels(target.rows, a.depth, b.sums).copy
    for block in 0..<blocks {
      var part = target
      part.accumulating = target.accumulating || block > 0
      b.sums.multiply(
        left(block), copy: copy, by: b.base(block: block, column: columns.lowerBound), copy: b.copy,
        levels: b.sums.levels(a.depth), into: part, rounded: block == blocks - 1 ? rounded : nil)
    }
  }
}

/// How the panels of one block of some rows lie.
private struct LeftPanels {
  /// Words from one panel to the next.
  let stride: Int
  /// Words from a panel to its copy.
  let copy: Int
  /// Words of all, copies included.
  let blockCount: Int

  init(_ rows: Int, _ depth: Int, _ sums: MeasuredSums) {
    stride = sums.count(MeasuredSums.rows, levels: sums.levels(depth))
    copy = (rows + MeasuredSums.rows - 1) / MeasuredSums.rows * stride
    blockCount = sums.copies * copy
  }
}

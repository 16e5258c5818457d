// How a product on tiles is cut: rows and columns into pieces for threads, depth into blocks that fit the caches.

import VectorKernelsInterface

/// How a product on tiles is cut, for caches of 48 KB and 2 MB a core.
struct TileCut {
  /// How many parts the columns are cut into.
  let columns: Int
  /// Row panels of one part of the columns each.
  let pieces: [LoopPiece]
  /// Spans of depth, and blocks of each.
  let spans: Int, blocks: Int
  /// Row panels that are packed, or multiplied, at a time.
  let height: Int
  /// Column panels that go through all blocks of a span before the next do.
  let group: Int
  /// Steps of a span, row panels and column panels of a piece, at most.
  let longest: Int, tallest: Int, widest: Int

  /// Steps of depth in a block: a panel of bfloat16 then takes 36 KB of the first-level cache.
  private static let blockSteps = 18
  /// The same for turned rows in parts: a panel of them then takes 54 KB.
  private static let turnedSteps = 27
  /// The same as of bfloat16 beside the sums of a group, 16 KB.
  private static let groupedSteps = 12
  /// Steps of a span of several blocks: ten panels of bfloat16 then take 1 MB of the second-level cache.
  private static let spanSteps = 48
  /// What the columns of a span may take of the second-level cache.
  private static let columnBytes = 1 << 20
  /// The same where parts of rows, packed one panel after the other, need less room beside them.
  private static let splitColumnBytes = 1340 << 10
  /// The same of digits, of which a quarter is seldom read.
  private static let digitColumnBytes = 1700 << 10
  /// Steps, each of one panel by one, times products of parts: what is worth another thread, some 15 µs.
  private static let pieceWork = 512

  init(_ product: TileProduct, _ b: PackedTiles) {
    let (rowPanels, columnPanels) = ((product.c.rows + 31) / 32, (b.columns + 31) / 32)
    let parts = product.a.format.parts
    let isSplit = parts > 1
    let isDigits = product.a.format == .digits
    let isTurned = product.a.depthStride != 1
    // Blocks of parts, and turned ones, take so long that their sums may come from the second-level cache.
    let isGrouped = !isSplit && !isTurned && b.steps > Self.blockSteps
    // Packing turned parts is dear: more columns for each row, at the price of shorter blocks.
    let limit =
      isDigits
      ? DigitTiles.spanSteps
      : isGrouped ? Self.spanSteps : isSplit && isTurned ? Self.turnedSteps / parts : Self.blockSteps
    spans = (b.steps + limit - 1) / limit
    longest = (b.steps + spans - 1) / spans
    blocks = isGrouped ? (longest + Self.groupedSteps - 1) / Self.groupedSteps : 1
    group = isGrouped ? 4 : columnPanels
    let columnBytes = isDigits ? Self.digitColumnBytes : isSplit ? Self.splitColumnBytes : Self.columnBytes
    let width = max(1, columnBytes / b.format.panelBytes(steps: longest))
    // Turned rows are read in lines of 1 KB; of others the next panel is packed once the last is done with. Digits take so few
    // products that each panel of columns is better read for four panels of rows.
    height = isTurned || isDigits ? 4 : 1
    let threads = KernelPool.shared.freeThreads
    let work = columnPanels * b.steps * product.products(by: b)
    // Columns are cut further where rows alone are too few for pieces that shrink.
    let wanted = threads == 1 ? 1 : min(8 * threads, rowPanels * work / Self.pieceWork)
    var columns = (columnPanels + width - 1) / width
    while rowPanels * columns < wanted, columns * 2 <= columnPanels { columns *= 2 }
    self.columns = columns
    // Sums that are gone through several times stay in the second-level cache with the columns.
    var (smallest, largest) = spans == 1 ? (1, rowPanels) : (4, 8)
    if isTurned {
      // Each piece reads all columns again: as few as keep threads busy, of one size.
      let count = max((rowPanels + 7) / 8, min(2 * threads, rowPanels / 4))
      largest = (rowPanels + count - 1) / count
      smallest = largest
    }
    pieces = loopPieces(
      rowPanels, groups: columns, threads: threads,
      smallest: max(smallest, (columns * Self.pieceWork + work - 1) / work), largest: largest)
    tallest = pieces.map(\.places.count).max() ?? 0
    widest = (columnPanels + columns - 1) / columns
  }

  /// The steps of one of `count` equal parts of a range.
  func steps(_ place: Int, of count: Int, in range: Range<Int>) -> Range<Int> {
    let first = range.lowerBound
    return first + range.count * place / count..<first + range.count * (place + 1) / count
  }
}

// What one thread does of a product on tiles: part after part, each packed while the one before is multiplied.

import VectorKernelsInterface

/// What is packed and multiplied at a time: some rows by the columns of a piece, over a span of depth.
struct TilePart {
  /// Rows of the result, and where they start in the piece.
  let rows: Range<Int>, offset: Int
  /// Steps of depth.
  let span: Range<Int>
  /// The first panel of the right operand, and how many columns there are from it on.
  let panel: Int, columns: Int
}

/// The parts of the pieces that a thread takes.
///
/// Depth is gone through in spans, whose columns stay in the second-level cache while all parts of a piece's rows pass.
struct TileParts: IteratorProtocol {
  let cut: TileCut
  let rows: Int, columns: Int, steps: Int
  var turns: LoopTurns
  private var piece: LoopPiece?
  private var span = 0, offset = 0

  init(_ cut: TileCut, _ product: TileProduct, _ b: PackedTiles, _ turns: LoopTurns) {
    (self.cut, self.turns) = (cut, turns)
    (rows, columns, steps) = (product.c.rows, b.columns, b.steps)
  }

  mutating func next() -> TilePart? {
    if piece == nil { piece = turns.next().map { cut.pieces[$0] } }
    guard let piece else { return nil }
    let first = 32 * piece.places.lowerBound
    let count = min(rows, 32 * piece.places.upperBound) - first
    // Neighbouring pieces share columns; every piece is a whole number of panels.
    let panels = (columns + 31) / 32
    let panel = panels * piece.group / cut.columns
    let lastColumn = min(columns, 32 * (panels * (piece.group + 1) / cut.columns))
    let part = TilePart(
      rows: first + offset..<first + min(count, offset + 32 * cut.height), offset: offset,
      span: cut.steps(span, of: cut.spans, in: 0..<steps), panel: panel, columns: lastColumn - 32 * panel)
    offset += 32 * cut.height
    if offset >= count { (span, offset) = (span + 1, 0) }
    if span == cut.spans { (self.piece, span) = (nil, 0) }
    return part
  }
}

/// One thread's share of a product.
struct TileRun {
  let product: TileProduct
  let b: PackedTiles
  let cut: TileCut
  /// Where the right operand's first column stands in the result.
  let firstColumn: Int

  /// Does all parts that `turns` gives; the thread's tiles are ready.
  func run(_ turns: inout LoopTurns) {
    // One part's room, and one for what is packed meanwhile.
    let room = min(cut.height, cut.tallest) * product.a.format.panelBytes(steps: cut.longest) / 4
    withScratch(TileSums.spareCount + 2 * room) { scratch in
      withScratch(sumCount) { sums in
        var rooms = (now: scratch.base + TileSums.spareCount, next: scratch.base + TileSums.spareCount + room)
        var parts = TileParts(cut, product, b, turns)
        var upcoming = parts.next()
        if let packing = upcoming.flatMap({ packing($0, rooms.now) }) { b.kernels.pack(packing) }
        while let part = upcoming {
          upcoming = parts.next()
          let packing = upcoming.flatMap { self.packing($0, rooms.next) }
          multiply(part, rooms.now, sums.base, scratch.base, packing)
          rooms = (rooms.next, rooms.now)
        }
      }
    }
  }

  /// Whether the rows of a part are multiplied where they are; others are packed.
  private func isDirect(_ part: TilePart) -> Bool { product.isDirect && part.rows.count % 32 == 0 }

  /// How a part's rows are packed, if they are.
  private func packing(_ part: TilePart, _ room: MutableFloats) -> TilePacking? {
    if isDirect(part) { return nil }
    let format = product.a.format
    let levels = format.levels * part.span.lowerBound..<min(b.depth, format.levels * part.span.upperBound)
    return product.a.packing(
      part.rows, levels, isRight: false, into: UnsafeMutableRawPointer(room),
      panelBytes: format.panelBytes(steps: part.span.count))
  }

  /// Numbers that are kept beside a rounded result: sums that later blocks of depth go on from, of a piece if there are
  /// several spans and of a group if there is one.
  private var sumCount: Int {
    guard case .rounded = product.c, cut.spans * cut.blocks > 1 else { return 0 }
    let rows = cut.spans == 1 ? min(cut.height, cut.tallest) : cut.tallest
    return 32 * rows * sumWidth
  }

  /// Numbers in a row of them.
  private var sumWidth: Int { 32 * (cut.spans == 1 ? min(cut.group, cut.widest) : cut.widest) }

  /// Multiplies one part, while `next` is packed.
  ///
  /// A group of columns goes through all blocks of the span before the next does, so that sums on their way
  /// from block to block travel no further than they must.
  private func multiply(
    _ part: TilePart, _ room: MutableFloats, _ sums: MutableFloats, _ spare: MutableFloats,
    _ next: TilePacking?
  ) {
    let a = product.a
    if a.format == .digits { return multiplyDigits(part, room, sums, spare, next) }
    let level = 32 * part.span.lowerBound
    let left =
      isDirect(part)
      ? LeftTiles(rows: a.address(part.rows.lowerBound, level), rowBytes: 2 * a.outerStride)
      : LeftTiles(
        room, panelBytes: part.span.count * a.format.stepBytes, format: a.format, isKept: cut.height == 1)
    var next = next
    for first in stride(from: 0, to: (part.columns + 31) / 32, by: cut.group) {
      let columns = min(32 * cut.group, part.columns - 32 * first)
      let column = firstColumn + 32 * (part.panel + first)
      for block in 0..<cut.blocks {
        let steps = cut.steps(block, of: cut.blocks, in: part.span)
        var left = left
        left.base += (steps.lowerBound - part.span.lowerBound) * left.stepBytes
        let right = RightTiles(
          UnsafeRawPointer(b.base) + (part.panel + first) * b.panelBytes + steps.lowerBound
            * b.format.stepBytes,
          panelBytes: b.panelBytes, format: b.format)
        let target = target(part, column, columns, steps, 32 * first, sums)
        b.kernels.multiply(left, right, steps: steps.count, into: target, spare: spare, next: next)
        next = nil
      }
    }
  }

  /// The same of digits.
  private func multiplyDigits(
    _ part: TilePart, _ room: MutableFloats, _ sums: MutableFloats, _ spare: MutableFloats,
    _ next: TilePacking?
  ) {
    let left = DigitTiles(room, panelBytes: TileFormat.digits.panelBytes(steps: part.span.count))
    let right = DigitTiles(
      UnsafeRawPointer(b.base) + part.panel * b.panelBytes, panelBytes: b.panelBytes,
      firstStep: part.span.lowerBound)
    let target = target(part, firstColumn + 32 * part.panel, part.columns, part.span, 0, sums)
    b.kernels.multiply(left, right, steps: part.span.count, into: target, spare: spare, next: next)
  }

  /// Where some columns of a part go, after some steps of depth.
  private func target(
    _ part: TilePart, _ column: Int, _ columns: Int, _ steps: Range<Int>, _ offset: Int, _ sums: MutableFloats
  ) -> TileSums {
    let isFirst = steps.lowerBound == 0
    switch product.c {
    case .plain(let c):
      return TileSums(
        c.row(part.rows.lowerBound) + column, stride: c.rowStride, rows: part.rows.count, columns: columns,
        accumulating: product.accumulating || !isFirst)
    case .rounded(let c):
      let base = cut.spans == 1 ? sums : sums + part.offset * sumWidth + offset
      var target = TileSums(
        base, stride: sumWidth, rows: part.rows.count, columns: columns, accumulating: !isFirst)
      if steps.upperBound == b.steps {
        (target.rounded, target.roundedStride) = (c.row(part.rows.lowerBound) + column, c.rowStride)
      }
      return target
    }
  }
}

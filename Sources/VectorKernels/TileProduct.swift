// How a product on tiles is cut: rows and columns into pieces for threads, depth into blocks that fit the caches.

import VectorKernelsInterface

/// The kernels that lay out and multiply tiles.
typealias AnyTileKernels = any TileProductKernels.Type

extension Operand {
  /// What its numbers become in tiles.
  var format: TileFormat { isBrainFloat ? .brainFloat : isRounding ? .rounded : .split }
}

/// A right operand in tiles.
struct PackedTiles: Sendable {
  /// Owner of the memory.
  private let buffer: FloatBuffer
  private(set) var depth: Int, columns: Int
  /// Bytes from one panel of 32 columns to the next.
  let panelBytes: Int
  let format: TileFormat
  let kernels: AnyTileKernels

  /// Steps of 32 in depth.
  var steps: Int { (depth + 31) / 32 }
  /// The first panel, at the first multiple of 64 bytes.
  var base: UnsafeMutableRawPointer { UnsafeMutableRawPointer(buffer.base).alignedUp(toMultipleOf: 64) }

  /// How many floats `columns` columns take, with room for alignment.
  static func size(_ columns: Int, _ depth: Int, _ format: TileFormat) -> Int {
    (columns + 31) / 32 * ((depth + 31) / 32) * format.stepBytes / 4 + 16
  }

  /// Packs some columns of `operand`, in parallel where they are many.
  init(_ operand: Operand, _ range: Range<Int>, in buffer: FloatBuffer, _ kernels: AnyTileKernels) {
    (self.buffer, depth, columns) = (buffer, operand.depth, range.count)
    // Rounded or not, what is packed is bfloat16 then.
    (format, self.kernels) = (operand.format == .rounded ? .brainFloat : operand.format, kernels)
    panelBytes = (operand.depth + 31) / 32 * operand.format.stepBytes
    fill(from: operand, range)
  }

  /// The first columns down to a depth that is a multiple of 32 or all there is, in the same memory.
  func leading(depth: Int, columns: Int) -> PackedTiles {
    var part = self
    (part.depth, part.columns) = (depth, columns)
    return part
  }

  /// Packs other columns of the same shape in the same place.
  func fill(from operand: Operand, _ range: Range<Int>) {
    let panels = (range.count + 31) / 32
    let perPiece = max(1, (1 << 18) / max(1, panelBytes))
    KernelPool.shared.parallel((panels + perPiece - 1) / perPiece) { piece in
      let first = range.lowerBound + 32 * piece * perPiece
      let last = min(range.upperBound, first + 32 * perPiece)
      kernels.pack(
        operand.address(first, 0), operand.format,
        outerStride: operand.outerStride, depthStride: operand.depthStride, outer: last - first, depth: depth,
        isRight: true, into: base + piece * perPiece * panelBytes, panelBytes: panelBytes)
    }
  }
}

/// One product on tiles, ready to run.
struct TileProduct: Sendable {
  let a: Operand
  let c: ProductTarget
  let accumulating: Bool

  /// Steps of 32 in depth at a time, so that a panel stays in the first-level cache beside what streams through.
  private static let brainFloatBlock = 24, splitBlock = 12
  /// Bytes of the right operand, a depth block of it, that stay in the second-level cache.
  private static let rightBytes = 800 << 10
  /// Bytes of the right operand that are packed at a time.
  private static let packedBytes = 16 << 20
  /// Row panels of one piece, at most.
  private static let rowPanels = 8

  /// Fills `c` by a right operand that is packed on the way.
  func run(by b: Operand, _ kernels: AnyTileKernels) {
    check(b.outer, b.depth)
    guard c.rows > 0, c.columns > 0 else { return }
    guard a.depth > 0 else { return clear() }
    let panelBytes = (b.depth + 31) / 32 * b.format.stepBytes
    let step = max(1, Self.packedBytes / panelBytes) * 32
    var first = 0
    while first < c.columns {
      let range = first..<min(c.columns, first + step)
      withScratch(PackedTiles.size(range.count, b.depth, b.format)) { buffer in
        multiply(by: PackedTiles(b, range, in: buffer, kernels), range.lowerBound)
      }
      first = range.upperBound
    }
  }

  /// Fills `c`.
  func run(by b: PackedTiles) {
    check(b.columns, b.depth)
    guard c.rows > 0, c.columns > 0 else { return }
    guard a.depth > 0 else { return clear() }
    multiply(by: b, 0)
  }

  private func check(_ columns: Int, _ depth: Int) {
    precondition(
      a.depth == depth && a.outer == c.rows && columns == c.columns,
      "multiply: [\(a.outer), \(a.depth)] by [\(depth), \(columns)] into [\(c.rows), \(c.columns)]")
  }

  private func clear() {
    if !accumulating { c.clear() }
  }

  /// Fills the columns from `firstColumn` on, which `b` holds.
  private func multiply(by b: PackedTiles, _ firstColumn: Int) {
    let (rows, columns) = ((c.rows + 31) / 32, (b.columns + 31) / 32)
    let grid = pieces(rows, columns, b)
    KernelPool.shared.parallel(grid.rows * grid.columns) { piece in
      // Neighbouring pieces share columns of b; every piece is a whole number of panels.
      let (column, row) = piece.quotientAndRemainder(dividingBy: grid.rows)
      let rowRange = 32 * (rows * row / grid.rows)..<min(c.rows, 32 * (rows * (row + 1) / grid.rows))
      let first = columns * column / grid.columns
      let last = min(b.columns, 32 * (columns * (column + 1) / grid.columns))
      b.kernels.begin()
      multiply(by: b, rowRange, first, last - 32 * first, firstColumn + 32 * first)
      b.kernels.end()
    }
  }

  /// Whether the left operand's rows are multiplied where they are.
  ///
  /// Rows that lie a multiple of 1 KB apart would push each other out of the cache.
  private var isDirect: Bool {
    a.isBrainFloat && a.depthStride == 1 && a.depth % 32 == 0 && a.outerStride % 512 != 0
  }

  /// How many pieces to cut the panels of rows and columns into.
  private func pieces(_ rows: Int, _ columns: Int, _ b: PackedTiles) -> (rows: Int, columns: Int) {
    let depth = min(b.steps, Self.brainFloatBlock) * b.format.stepBytes
    let width = isDirect ? max(1, Self.rightBytes / depth) : 64
    var grid = (rows: (rows + Self.rowPanels - 1) / Self.rowPanels, columns: (columns + width - 1) / width)
    let threads = KernelPool.shared.threads
    guard threads > 1 else { return grid }
    // A piece is worth another thread from some 20 µs on.
    let work = rows * columns * b.steps * b.format.parts * b.format.parts
    let wanted = min(4 * threads, work / 512)
    while grid.rows * grid.columns < wanted {
      let (height, width) = (rows / grid.rows, columns / grid.columns)
      if height >= 8 || (height >= 2 && height >= width) {
        grid.rows *= 2
      } else if width >= 2 {
        grid.columns *= 2
      } else if height >= 2 {
        grid.rows *= 2
      } else {
        break
      }
    }
    return grid
  }

  /// One piece: the rows in `rows` and `columns` columns from a panel on.
  private func multiply(
    by b: PackedTiles, _ rows: Range<Int>, _ panel: Int, _ columns: Int, _ firstColumn: Int
  ) {
    let limit = b.format == .split ? Self.splitBlock : Self.brainFloatBlock
    let blocks = (b.steps + limit - 1) / limit
    switch c {
    case .plain(let c):
      let target = TileSums(
        c.row(rows.lowerBound) + firstColumn, stride: c.rowStride, rows: rows.count, columns: columns,
        accumulating: accumulating)
      multiply(by: b, rows, panel, blocks, into: target)
    case .rounded(let c):
      withScratch(blocks > 1 ? rows.count * columns : 0) { scratch in
        var target = TileSums(
          scratch.base, stride: columns, rows: rows.count, columns: columns, accumulating: false)
        target.rounded = c.row(rows.lowerBound) + firstColumn
        target.roundedStride = c.rowStride
        multiply(by: b, rows, panel, blocks, into: target)
      }
    }
  }

  private func multiply(
    by b: PackedTiles, _ rows: Range<Int>, _ panel: Int, _ blocks: Int, into target: TileSums
  ) {
    let right = UnsafeRawPointer(b.base) + panel * b.panelBytes
    // Rows that are multiplied where they are; the others are packed.
    let direct = isDirect ? rows.count / 32 * 32 : 0
    let packed = rows.lowerBound + direct..<rows.upperBound
    let perBlock = (b.steps + blocks - 1) / blocks
    let size = (packed.count + 31) / 32 * perBlock * b.format.stepBytes
    withScratch(size / 4 + 16) { scratch in
      let panels = UnsafeMutableRawPointer(scratch.base)
      for block in 0..<blocks {
        let steps = b.steps * block / blocks..<b.steps * (block + 1) / blocks
        let levels = 32 * steps.lowerBound..<min(b.depth, 32 * steps.upperBound)
        let columns = RightTiles(right + steps.lowerBound * b.format.stepBytes, panelBytes: b.panelBytes)
        var part = target
        part.accumulating = target.accumulating || block > 0
        if block + 1 < blocks { part.rounded = nil }
        if direct > 0 {
          part.rows = direct
          let left = LeftTiles(
            a.address(rows.lowerBound, levels.lowerBound), panelBytes: 64 * a.outerStride,
            rowBytes: 2 * a.outerStride)
          b.kernels.multiply(left, columns, b.format, steps: steps.count, into: part)
        }
        guard !packed.isEmpty else { continue }
        part.rows = packed.count
        part.base += direct * target.stride
        part.rounded = part.rounded.map { $0 + direct * target.roundedStride }
        let panelBytes = steps.count * b.format.stepBytes
        b.kernels.pack(
          a.address(packed.lowerBound, levels.lowerBound), b.format, outerStride: a.outerStride,
          depthStride: a.depthStride, outer: packed.count, depth: levels.count, isRight: false, into: panels,
          panelBytes: panelBytes)
        b.kernels.multiply(
          LeftTiles(panels, panelBytes: panelBytes), columns, b.format, steps: steps.count, into: part)
      }
    }
  }
}

// How a product is cut: columns into blocks that are packed once, rows and columns into pieces for threads,
// depth into blocks whose panels stay in the caches.

import VectorKernelsInterface

/// The right operand.
enum RightOperand: Sendable {
  case plain(Operand)
  case packed(PackedPanels)
}

/// Where a product goes: as it is, or rounded to bfloat16.
enum ProductTarget: Sendable {
  case plain(Matrix<Float>)
  case rounded(Matrix<UInt16>)

  var rows: Int {
    switch self {
    case .plain(let c): c.rows
    case .rounded(let c): c.rows
    }
  }
  var columns: Int {
    switch self {
    case .plain(let c): c.columns
    case .rounded(let c): c.columns
    }
  }

  /// Zeros everywhere.
  func clear() {
    for row in 0..<rows {
      switch self {
      case .plain(let c): c.row(row).update(repeating: 0, count: c.columns)
      case .rounded(let c): c.row(row).update(repeating: 0, count: c.columns)
      }
    }
  }
}

/// One product, ready to run.
struct Product: Sendable {
  let a: Operand
  let b: RightOperand
  let c: ProductTarget
  let accumulating: Bool
  let kernels: AnyProductKernels

  /// Words of depth that are multiplied at a time: of 144 to 576 the best on Sapphire Rapids, November 2026.
  static let depthBlock = 288
  /// Rows of the left operand that are packed at a time.
  static let rowBlock = 256
  /// Pieces of so many rows are halved before columns are cut.
  static let halvedRows = 128
  /// Columns that one piece of work spans at most.
  static let columnBlock = 1008
  /// Floats of the right operand that are packed at a time.
  static let packedBlock = 1 << 22
  /// Multiplications that are worth another thread.
  static let pieceWork = 1 << 21

  init(
    _ a: Operand, _ b: RightOperand, _ c: Matrix<Float>, _ accumulating: Bool, _ set: AnyProductKernels? = nil
  ) {
    self.init(a, b, .plain(c), accumulating, set)
  }

  init(
    _ a: Operand, _ b: RightOperand, _ c: ProductTarget, _ accumulating: Bool, _ set: AnyProductKernels? = nil
  ) {
    let depth: Int
    let columns: Int
    let isPaired: Bool
    switch b {
    case .plain(let operand):
      (depth, columns, isPaired) = (operand.depth, operand.outer, operand.isPaired)
      kernels = set ?? InstructionSet.current.kernels
    case .packed(let panels):
      (depth, columns, isPaired) = (panels.depth, panels.columns, panels.takesPairs)
      kernels = panels.kernels
    }
    precondition(
      a.depth == depth && a.outer == c.rows && columns == c.columns,
      "multiply: [\(a.outer), \(a.depth)] by [\(depth), \(columns)] into [\(c.rows), \(c.columns)]")
    precondition(a.isPaired == isPaired, "multiply: only one of the operands is packed in pairs")
    (self.a, self.b, self.c, self.accumulating) = (a, b, c, accumulating)
  }

  /// Fills `c`.
  func run() {
    guard c.rows > 0, c.columns > 0 else { return }
    let words = a.words
    guard words > 0 else {
      if !accumulating { c.clear() }
      return
    }
    switch b {
    case .packed(let panels):
      multiply(by: panels, 0..<c.columns)
    case .plain(let operand):
      let width = kernels.tileColumns
      let step = max(1, Self.packedBlock / (words * width)) * width
      var first = 0
      while first < c.columns {
        let range = first..<min(c.columns, first + step)
        withScratch(PackedPanels.size(range.count, words, kernels)) { buffer in
          multiply(by: PackedPanels(operand, range, in: buffer, kernels), range)
        }
        first = range.upperBound
      }
    }
  }

  /// Fills the columns in `range`, which `panels` holds.
  private func multiply(by panels: PackedPanels, _ range: Range<Int>) {
    let (height, width) = (kernels.tileRows, kernels.tileColumns)
    let grid = pieces(rows: c.rows, columns: range.count, depth: a.depth)
    let tileRows = (c.rows + height - 1) / height
    let tileColumns = (range.count + width - 1) / width
    KernelPool.shared.parallel(grid.rows * grid.columns) { piece in
      // Neighbouring pieces share rows of a; every piece is a whole number of tiles.
      let (row, column) = piece.quotientAndRemainder(dividingBy: grid.columns)
      let rows = tileRows * row / grid.rows * height..<min(c.rows, tileRows * (row + 1) / grid.rows * height)
      let first = tileColumns * column / grid.columns * width
      let last = min(range.count, tileColumns * (column + 1) / grid.columns * width)
      if !rows.isEmpty && first < last { multiply(by: panels, rows, first..<last, range.lowerBound) }
    }
  }

  /// How many pieces to cut rows and columns into.
  private func pieces(rows: Int, columns: Int, depth: Int) -> (rows: Int, columns: Int) {
    var grid = (
      rows: (rows + Self.rowBlock - 1) / Self.rowBlock,
      columns: (columns + Self.columnBlock - 1) / Self.columnBlock
    )
    let threads = KernelPool.shared.freeThreads
    guard threads > 1 else { return grid }
    let wanted = min(4 * threads, rows * columns * depth / Self.pieceWork)
    while grid.rows * grid.columns < wanted {
      // Each piece packs its own rows; where columns are cut, they are packed once for each cut.
      if rows / grid.rows >= Self.halvedRows {
        grid.rows *= 2
      } else if columns / grid.columns >= 2 * kernels.tileColumns {
        grid.columns *= 2
      } else if rows / grid.rows >= 4 * kernels.tileRows {
        grid.rows *= 2
      } else {
        break
      }
    }
    return grid
  }

  /// One piece: the rows in `rows`, and those columns of the panels that are in `columns`.
  private func multiply(
    by panels: PackedPanels, _ rows: Range<Int>, _ columns: Range<Int>, _ firstColumn: Int
  ) {
    let first = firstColumn + columns.lowerBound
    switch c {
    case .plain(let c):
      multiply(by: panels, rows, columns, into: c.row(rows.lowerBound) + first, stride: c.rowStride)
    case .rounded(let c):
      withScratch(rows.count * columns.count) { sums in
        multiply(by: panels, rows, columns, into: sums.base, stride: columns.count)
        for (index, row) in rows.enumerated() {
          activeKernels.toBrainFloat(sums.base + index * columns.count, c.row(row) + first, columns.count)
        }
      }
    }
  }

  private func multiply(
    by panels: PackedPanels, _ rows: Range<Int>, _ columns: Range<Int>, into target: MutableFloats,
    stride: Int
  ) {
    let (height, width) = (kernels.tileRows, kernels.tileColumns)
    let blocks = (a.words + Self.depthBlock - 1) / Self.depthBlock
    // An even number, so that blocks do not part what was packed as a pair.
    let depth = ((a.words + blocks - 1) / blocks + 1) / 2 * 2
    let perWord = panels.isWidened ? 2 : 1
    let right = panels.buffer.base + columns.lowerBound * panels.wordStride
    let leftCount = (rows.count + height) * depth + 16
    withScratch(leftCount + (panels.isWidened ? depth * width : 0)) { scratch in
      for block in 0..<blocks {
        let words = block * depth..<min(a.words, (block + 1) * depth)
        guard !words.isEmpty else { break }
        a.pack(rows, words: words, width: height, into: scratch.base, stride: height * words.count, kernels)
        let left = Panels(scratch.base, stride: height * words.count)
        let blockOfRight = Panels(
          right + words.lowerBound / perWord * width, stride: width * panels.wordStride)
        let tiles = TileTarget(
          target, stride: stride, rows: rows.count, columns: columns.count,
          accumulating: accumulating || block > 0)
        if panels.isWidened {
          multiply(left, pairs: blockOfRight, words: words.count, into: tiles, room: scratch.base + leftCount)
        } else if a.isPaired {
          kernels.multiplyPairs(left, blockOfRight, words: words.count, into: tiles)
        } else {
          kernels.multiply(left, blockOfRight, words: words.count, into: tiles)
        }
      }
    }
  }

  /// Multiplies by panels of pairs, each of which is widened in `room` and passed by all rows while it is in the cache.
  private func multiply(
    _ left: Panels, pairs: Panels, words: Int, into target: TileTarget, room: MutableFloats
  ) {
    let width = kernels.tileColumns
    var part = target
    var panel = pairs.base
    for column in stride(from: 0, to: target.columns, by: width) {
      part.base = target.base + column
      part.columns = min(width, target.columns - column)
      kernels.widenPairs(
        panel, levels: (words + 1) / 2, width: width, into: room, next: panel + pairs.stride)
      kernels.multiply(left, Panels(room, stride: 0), words: words, into: part)
      panel += pairs.stride
    }
  }
}

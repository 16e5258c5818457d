// One thread's piece of a product on tiles: some rows by some columns, over the whole depth.

import VectorKernelsInterface

/// A piece of a product.
struct TilePiece {
  let product: TileProduct
  let b: PackedTiles
  let cut: TileCut
  let rows: Range<Int>
  /// The first panel of the right operand, and how many columns there are from it on.
  let panel: Int, columns: Int
  /// Where they stand in the result.
  let firstColumn: Int

  /// Fills the piece; the thread's tiles are ready.
  func run() {
    switch product.c {
    case .plain(let c):
      run(
        into: TileSums(
          c.row(rows.lowerBound) + firstColumn, stride: c.rowStride, rows: rows.count, columns: columns,
          accumulating: product.accumulating))
    case .rounded(let c):
      // Sums that later blocks of depth go on from are kept unrounded.
      withScratch(cut.blocks > 1 ? rows.count * columns : 0) { scratch in
        var target = TileSums(
          scratch.base, stride: columns, rows: rows.count, columns: columns, accumulating: false)
        target.rounded = c.row(rows.lowerBound) + firstColumn
        target.roundedStride = c.rowStride
        run(into: target)
      }
    }
  }

  private func run(into target: TileSums) {
    let height = 32 * cut.height
    let parts = (rows.count + height - 1) / height
    let steps = (b.steps + cut.blocks - 1) / cut.blocks
    withScratch(1024 + min(cut.height, (rows.count + 31) / 32) * steps * b.format.stepBytes / 4) { scratch in
      for turn in 0..<parts * cut.blocks {
        let (part, block) = order(turn, parts)
        run(part, block, into: target, scratch.base)
      }
    }
  }

  /// Which rows and which block of depth come at a turn.
  private func order(_ turn: Int, _ parts: Int) -> (part: Int, block: Int) {
    cut.isDepthOuter
      ? (turn % parts, turn / parts) : (turn / cut.blocks, turn % cut.blocks)
  }

  private func steps(_ block: Int) -> Range<Int> {
    b.steps * block / cut.blocks..<b.steps * (block + 1) / cut.blocks
  }

  /// Some rows by one block of depth.
  private func run(
    _ part: Int, _ block: Int, into target: TileSums, _ scratch: MutableFloats
  ) {
    let (a, height) = (product.a, 32 * cut.height)
    let offset = part * height
    let count = min(height, rows.count - offset)
    let steps = steps(block)
    let levels = 32 * steps.lowerBound..<min(b.depth, 32 * steps.upperBound)
    let right = RightTiles(
      UnsafeRawPointer(b.base) + panel * b.panelBytes + steps.lowerBound * b.format.stepBytes,
      panelBytes: b.panelBytes)
    var sums = target
    sums.base += offset * target.stride
    sums.accumulating = target.accumulating || block > 0
    sums.rounded = block + 1 < cut.blocks ? nil : target.rounded.map { $0 + offset * target.roundedStride }
    // Rows that are multiplied where they are; the others are packed.
    let direct = product.isDirect ? count / 32 * 32 : 0
    if direct > 0 {
      sums.rows = direct
      let left = LeftTiles(
        a.address(rows.lowerBound + offset, levels.lowerBound), panelBytes: 64 * a.outerStride,
        rowBytes: 2 * a.outerStride)
      b.kernels.multiply(
        left, right, b.format, steps: steps.count, into: sums, spare: scratch)
    }
    guard direct < count else { return }
    sums.rows = count - direct
    sums.base += direct * target.stride
    sums.rounded = sums.rounded.map { $0 + direct * target.roundedStride }
    let panels = UnsafeMutableRawPointer(scratch + 1024)
    let panelBytes = steps.count * b.format.stepBytes
    b.kernels.pack(
      a.address(rows.lowerBound + offset + direct, levels.lowerBound), b.format, outerStride: a.outerStride,
      depthStride: a.depthStride, outer: count - direct, depth: levels.count, isRight: false, into: panels,
      panelBytes: panelBytes)
    b.kernels.multiply(
      LeftTiles(panels, panelBytes: panelBytes), right, b.format, steps: steps.count, into: sums,
      spare: scratch)
  }
}

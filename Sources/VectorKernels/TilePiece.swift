// One thread's piece of a product on tiles: some rows by some columns, over the whole depth.

import VectorKernelsInterface

/// A piece of a product.
///
/// Depth is gone through in spans, whose columns stay in the second-level cache while all parts of the rows pass. Under a
/// part, a group of columns goes through all blocks of the span before the next does, so that sums on their way
/// from block to block travel no further than they must.
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
      // Sums that later blocks of depth go on from are kept unrounded; where there is one span, those of a group.
      let width = cut.spans == 1 ? min(columns, 32 * cut.group) : columns
      let height = cut.spans == 1 ? min(rows.count, 32 * cut.height) : rows.count
      withScratch(cut.spans * cut.blocks > 1 ? height * width : 0) { scratch in
        var target = TileSums(
          scratch.base, stride: width, rows: rows.count, columns: columns, accumulating: false)
        target.rounded = c.row(rows.lowerBound) + firstColumn
        target.roundedStride = c.rowStride
        run(into: target)
      }
    }
  }

  private func run(into target: TileSums) {
    let height = 32 * cut.height
    let steps = (b.steps + cut.spans - 1) / cut.spans
    let panels = min(cut.height, (rows.count + 31) / 32)
    withScratch(1024 + panels * steps * product.a.format.stepBytes / 4) { scratch in
      for span in 0..<cut.spans {
        for offset in stride(from: 0, to: rows.count, by: height) {
          run(
            offset, min(height, rows.count - offset), cut.steps(span, of: cut.spans, in: 0..<b.steps),
            into: target, scratch.base)
        }
      }
    }
  }

  /// One part of the rows by one span of depth.
  private func run(
    _ offset: Int, _ count: Int, _ span: Range<Int>, into target: TileSums, _ scratch: MutableFloats
  ) {
    let a = product.a
    let level = 32 * span.lowerBound
    // Rows that are multiplied where they are; the others are packed.
    let direct = product.isDirect ? count / 32 * 32 : 0
    if direct > 0 {
      let left = LeftTiles(rows: a.address(rows.lowerBound + offset, level), rowBytes: 2 * a.outerStride)
      multiply(left, offset..<offset + direct, span, into: target, scratch)
    }
    guard direct < count else { return }
    let panels = UnsafeMutableRawPointer(scratch + 1024)
    let panelBytes = span.count * a.format.stepBytes
    b.kernels.pack(
      a.address(rows.lowerBound + offset + direct, level), a.format, outerStride: a.outerStride,
      depthStride: a.depthStride, outer: count - direct, depth: min(b.depth, 32 * span.upperBound) - level,
      isRight: false, into: panels, panelBytes: panelBytes)
    let left = LeftTiles(panels, panelBytes: panelBytes, format: a.format, isKept: cut.height == 1)
    multiply(left, offset + direct..<offset + count, span, into: target, scratch)
  }

  /// Rows, of which `left` has the span, by all columns.
  private func multiply(
    _ left: LeftTiles, _ part: Range<Int>, _ span: Range<Int>, into target: TileSums, _ spare: MutableFloats
  ) {
    for first in stride(from: 0, to: (columns + 31) / 32, by: cut.group) {
      var sums = target
      sums.rows = part.count
      sums.columns = min(32 * cut.group, columns - 32 * first)
      if cut.spans > 1 || target.rounded == nil { sums.base += part.lowerBound * target.stride + 32 * first }
      let rounded = target.rounded.map { $0 + part.lowerBound * target.roundedStride + 32 * first }
      for block in 0..<cut.blocks {
        let steps = cut.steps(block, of: cut.blocks, in: span)
        sums.accumulating = target.accumulating || steps.lowerBound > 0
        sums.rounded = steps.upperBound == b.steps ? rounded : nil
        var left = left
        left.base += (steps.lowerBound - span.lowerBound) * left.stepBytes
        let right = RightTiles(
          UnsafeRawPointer(b.base) + (panel + first) * b.panelBytes + steps.lowerBound * b.format.stepBytes,
          panelBytes: b.panelBytes, format: b.format)
        b.kernels.multiply(left, right, steps: steps.count, into: sums, spare: spare)
      }
    }
  }
}

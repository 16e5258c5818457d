// The order of tiles in products of measured panels, whatever a panel holds.

import ProcessorFeatures
import VectorKernelsInterface

/// A tile of 24 rows by two panels of columns.
struct MeasuredTile {
  /// Words from the first panel of rows to the tile's own.
  let left: Int
  /// Words from the first panel of columns to each of the tile's own; where only one is left, it stands for both.
  let right: (Int, Int)
  /// The first row and column.
  let place: (row: Int, column: Int)
  /// Where its elements go.
  let target: TileTarget
  /// Memory for four times `count` sums.
  let room: MutableFloats

  /// The sums of one panel of rows by one of columns.
  static let count = WinogradPanel.rows * WinogradPanel.columns

  /// Calls `body` for each of the tile's panels of columns, with where its part of the elements goes.
  @inline(__always)
  func forEachPanel(
    _ panels: (Floats, Floats), _ body: (_ index: Int, _ panel: Floats, _ target: TileTarget) -> Void
  ) {
    let width = WinogradPanel.columns
    var part = target
    part.columns = min(width, target.columns)
    body(0, panels.0, part)
    guard target.columns > width else { return }
    part.base += width
    part.columns = target.columns - width
    body(1, panels.1, part)
  }

  /// Asks for the lines of some rows that are written when all is summed.
  @inline(__always)
  func fetchTarget(_ rows: Range<Int>) {
    for row in rows.clamped(to: 0..<target.rows) {
      let line = target.base + row * target.stride
      processor_prefetch_write(line)
      processor_prefetch_write(line + 16)
    }
  }
}

/// Calls `body` for each tile.
///
/// Panels of rows and of columns follow each other, `leftCount` and `rightCount` words each.
@inline(__always)
func forEachMeasuredTile(
  _ right: Floats, leftCount: Int, rightCount: Int, _ c: TileTarget, _ body: (_ tile: MeasuredTile) -> Void
) {
  let (height, width) = (WinogradPanel.rows, WinogradPanel.tileColumns)
  withUnsafeTemporaryAllocation(byteCount: 16 * MeasuredTile.count, alignment: 64) { raw in
    guard let room = raw.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
    // Two panels of columns at a time, so that they stay in a near cache while all rows pass.
    var (column, ofColumns) = (0, 0)
    // The next columns are asked for meanwhile, so many lines with each tile.
    let share = rightCount / 8 * height / max(1, c.rows) + 1
    while column < c.columns {
      let columns = min(width, c.columns - column)
      let other = columns > WinogradPanel.columns ? ofColumns + rightCount : ofColumns
      let next = ofColumns + 2 * rightCount
      var (row, ofRows, fetched) = (0, 0, next)
      let left = (c.columns - column - columns + WinogradPanel.columns - 1) / WinogradPanel.columns
      let end = next + min(2, left) * rightCount
      while row < c.rows {
        for _ in 0..<share where fetched < end {
          processor_prefetch(right + fetched)
          fetched += 16
        }
        let target = TileTarget(
          c.base + row * c.stride + column, stride: c.stride, rows: min(height, c.rows - row),
          columns: columns, accumulating: c.accumulating)
        body(
          MeasuredTile(
            left: ofRows, right: (ofColumns, other), place: (row, column), target: target, room: room))
        row += height
        ofRows += leftCount
      }
      column += width
      ofColumns = next
    }
  }
}

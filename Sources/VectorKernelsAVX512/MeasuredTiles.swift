// The order of tiles in products of measured panels, whatever a panel holds.

import ProcessorFeatures
import VectorKernelsInterface

/// Calls `body` for each tile of 24 rows by 16 columns, with the words from the first panels to the tile's own, where it lies
/// in `c`, and its part of it; `room` holds two tiles.
///
/// Panels of rows and of columns follow each other, `leftCount` and `rightCount` words each.
@inline(__always)
func forEachMeasuredTile(
  _ right: Floats, leftCount: Int, rightCount: Int, _ c: TileTarget,
  _ body: (
    _ left: Int, _ right: Int, _ place: (row: Int, column: Int), _ part: TileTarget, _ room: MutableFloats
  ) -> Void
) {
  let (height, width) = (WinogradPanel.rows, WinogradPanel.columns)
  withUnsafeTemporaryAllocation(byteCount: 8 * height * width, alignment: 64) { raw in
    guard let room = raw.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
    // One panel of columns at a time, so that it stays in the first-level cache while all rows pass.
    var (column, ofColumns) = (0, 0)
    // The next columns are asked for meanwhile, so many lines with each tile.
    let share = rightCount / 16 * height / max(1, c.rows) + 1
    while column < c.columns {
      let columns = min(width, c.columns - column)
      let next = ofColumns + rightCount
      var (row, ofRows, fetched) = (0, 0, next)
      let end = column + width < c.columns ? next + rightCount : next
      while row < c.rows {
        for _ in 0..<share where fetched < end {
          processor_prefetch(right + fetched)
          fetched += 16
        }
        let part = TileTarget(
          c.base + row * c.stride + column, stride: c.stride, rows: min(height, c.rows - row),
          columns: columns, accumulating: c.accumulating)
        body(ofRows, ofColumns, (row, column), part, room)
        row += height
        ofRows += leftCount
      }
      column += width
      ofColumns = next
    }
  }
}

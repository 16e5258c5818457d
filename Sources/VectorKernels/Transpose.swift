// A matrix turned: rows become columns.

/// Writes the rows of `x` as the columns of `y`.
///
/// - Shapes: `x` `[rows, columns]`, `y` `[columns, rows]`.
public func transpose(_ x: Matrix<Float>, into y: Matrix<Float>) {
  precondition(
    x.rows == y.columns && x.columns == y.rows,
    "transpose: \(x.rows) × \(x.columns) into \(y.rows) × \(y.columns)")
  // Squares that stay in the first-level cache.
  let side = 32
  KernelPool.shared.parallel((y.rows + side - 1) / side) { piece in
    for first in stride(from: 0, to: x.rows, by: side) {
      for column in piece * side..<min((piece + 1) * side, x.columns) {
        let target = y.row(column)
        for row in first..<min(first + side, x.rows) { target[row] = x.row(row)[column] }
      }
    }
  }
}

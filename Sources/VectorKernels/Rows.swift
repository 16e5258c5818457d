// Row-wise kernels on single precision: look-up and its gradient.

import VectorKernelsInterface

extension Matrix {
  /// The address of row `row`; the caller keeps it within bounds.
  @inline(__always)
  func row(_ row: Int) -> UnsafeMutablePointer<Scalar> { buffer.base + row * rowStride }
}

/// Calls `body` with consecutive ranges of rows that hold enough elements each to be worth a thread.
func forEachRowRange(_ rows: Int, columns: Int, _ body: @Sendable (Range<Int>) -> Void) {
  let step = max(1, blockLength / 2 / max(1, columns))
  let pieces = (rows + step - 1) / step
  if pieces <= 1 { return body(0..<rows) }
  KernelPool.shared.parallel(pieces) { body($0 * step..<min(rows, ($0 + 1) * step)) }
}

/// Traps unless two matrices are of one shape.
func requireEqualShapes<A, B>(_ a: Matrix<A>, _ b: Matrix<B>, _ operation: StaticString) {
  precondition(
    a.rows == b.rows && a.columns == b.columns,
    "\(operation): \(a.rows) × \(a.columns) and \(b.rows) × \(b.columns)")
}

/// Copies row `ids[i]` of `table` to row `i` of `rows`, or the nearest bfloat16 of every number where `rounding`.
public func gatherRows(
  of table: Matrix<Float>, _ ids: [Int32], into rows: Matrix<Float>, rounding: Bool = false
) {
  requireRows(rows, ids, table, "gatherRows")
  forEachRowRange(ids.count, columns: rows.columns) { range in
    guard rounding else {
      for i in range { rows.row(i).update(from: table.row(Int(ids[i])), count: rows.columns) }
      return
    }
    withUnsafeTemporaryAllocation(of: UInt16.self, capacity: rows.columns) { row in
      guard let row = row.baseAddress else { return }
      for i in range {
        activeKernels.toBrainFloat(table.row(Int(ids[i])), row, rows.columns)
        activeKernels.fromBrainFloat(row, rows.row(i), rows.columns)
      }
    }
  }
}

/// Widens row `ids[i]` of a bfloat16 `table` to row `i` of `rows`.
public func gatherRows(of table: Matrix<UInt16>, _ ids: [Int32], into rows: Matrix<Float>) {
  requireRows(rows, ids, table, "gatherRows")
  forEachRowRange(ids.count, columns: rows.columns) { range in
    for i in range { activeKernels.fromBrainFloat(table.row(Int(ids[i])), rows.row(i), rows.columns) }
  }
}

/// Adds row `i` of `rows` to row `ids[i]` of `table`, in the order of `i`.
public func scatterAddRows(_ rows: Matrix<Float>, _ ids: [Int32], to table: Matrix<Float>) {
  requireRows(rows, ids, table, "scatterAddRows")
  // Split by columns, so that every sum runs in the order of `i`.
  let width = max(64, (rows.columns / 16 + 15) / 16 * 16)
  let pieces = rows.rows * rows.columns < blockLength ? 1 : (rows.columns + width - 1) / width
  KernelPool.shared.parallel(pieces) { piece in
    let first = pieces == 1 ? 0 : piece * width
    let count = pieces == 1 ? rows.columns : min(width, rows.columns - first)
    for i in 0..<ids.count {
      activeKernels.add(rows.row(i) + first, table.row(Int(ids[i])) + first, count)
    }
  }
}

private func requireRows<Scalar>(
  _ rows: Matrix<Float>, _ ids: [Int32], _ table: Matrix<Scalar>, _ operation: StaticString
) {
  precondition(
    rows.rows == ids.count && rows.columns == table.columns,
    "\(operation): \(ids.count) rows of \(table.columns), got \(rows.rows) of \(rows.columns)")
  for id in ids {
    precondition(id >= 0 && id < table.rows, "\(operation): row \(id) of \(table.rows)")
  }
}

// Rows are tokenized by as many threads as the caller has; what comes out is in the order of the file.

import Synchronization

/// Calls a body once with each index below a count, in any order and by any thread, and returns when all are done.
public typealias ParallelLoop = @Sendable (_ count: Int, _ body: @Sendable (Int) -> Void) -> Void

/// A loop that does one thing after the other.
public let serialLoop: ParallelLoop = { count, body in
  for index in 0..<count { body(index) }
}

extension RowTokenizer {
  /// What became of each of `rows`, in their order.
  func outcomes(of rows: [PreferenceRow], _ loop: ParallelLoop) -> [Result<Outcome, RowProblem>] {
    // Pieces small enough to keep every thread busy to the end, large enough to need few locks.
    let size = 16
    let pieces = Mutex([Int: [Result<Outcome, RowProblem>]]())
    loop((rows.count + size - 1) / size) { piece in
      let range = piece * size..<min((piece + 1) * size, rows.count)
      let outcomes = rows[range].map { row in
        Result { () throws(RowProblem) in try tokenize(row) }
      }
      pieces.withLock { $0[piece] = outcomes }
    }
    return pieces.withLock { found in found.sorted { $0.key < $1.key }.flatMap(\.value) }
  }
}

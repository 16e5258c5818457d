// Memory that kernels borrow and give back, so that a product allocates nothing once it has run before.

import Synchronization

/// Pieces of scratch memory that nobody is using.
private let spares = Mutex<[FloatBuffer]>([])

/// Lends at least `count` floats, 64-byte aligned and with unspecified contents, to `body`.
///
/// The memory stays for the next one who asks, so that a loop that runs again allocates nothing.
public func withScratch<Result>(_ count: Int, _ body: (FloatBuffer) -> Result) -> Result {
  // The smallest spare piece that is large enough, so that large ones stay for those who need them.
  let spare = spares.withLock { spares -> FloatBuffer? in
    var best: Int?
    for (index, piece) in spares.enumerated() where piece.count >= count {
      if let known = best, spares[known].count <= piece.count { continue }
      best = index
    }
    return best.map { spares.remove(at: $0) }
  }
  // Powers of two, so that pieces fit again.
  let piece = spare ?? FloatBuffer(count: max(4096, 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)))
  let result = body(piece)
  spares.withLock { $0.append(piece) }
  return result
}

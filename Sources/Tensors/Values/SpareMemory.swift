// Memory between two tensors: large pieces wait for the next of their size, so that the system need not clear new ones.

import Synchronization

/// Large pieces of memory that tensors gave back, kept for the next ones of their size.
///
/// Fresh pages have to be cleared by the system, which takes longer than what a loss computes on them.
enum SpareMemory {
  private struct Piece: @unchecked Sendable {  // nobody else's while it is spare
    let base: UnsafeMutableRawPointer
    let byteCount: Int
  }

  private static let pieces = Mutex<[Piece]>([])
  /// Smaller pieces are not worth keeping: the allocator does.
  private static let smallest = 1 << 20
  /// What is kept at most, in bytes and pieces.
  private static let most = (bytes: 1 << 27, pieces: 8)

  /// Memory of `byteCount` bytes, 64-byte aligned, with anything in it.
  static func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let isLarge = byteCount >= smallest
    let spare = isLarge ? pieces.withLock { takeLast(of: byteCount, from: &$0) } : nil
    return spare?.base ?? .allocate(byteCount: max(64, byteCount), alignment: 64)
  }

  private static func takeLast(of byteCount: Int, from pieces: inout [Piece]) -> Piece? {
    pieces.lastIndex { $0.byteCount == byteCount }.map { pieces.remove(at: $0) }
  }

  /// Keeps a piece that ``take(_:)`` gave, if it is large, and frees the oldest where there are too many.
  static func giveBack(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
    guard byteCount >= smallest else { return base.deallocate() }
    let piece = Piece(base: base, byteCount: byteCount)
    let dropped = pieces.withLock { pieces -> [Piece] in
      pieces.append(piece)
      var count = 0
      while pieces.count - count > most.pieces
        || pieces[count...].reduce(0, { $0 + $1.byteCount }) > most.bytes
      { count += 1 }
      defer { pieces.removeFirst(count) }
      return Array(pieces[..<count])
    }
    for piece in dropped { piece.base.deallocate() }
  }
}

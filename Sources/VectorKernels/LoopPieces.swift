// How a loop is cut for threads that are not equally fast: large pieces first, small ones last.

/// Some consecutive places of one group.
public struct LoopPiece: Sendable, Equatable {
  /// The group that the places belong to.
  public let group: Int
  /// Where they lie in it.
  public let places: Range<Int>
}

/// Cuts groups of `count` places each into pieces, in order, for threads that take one after the other.
///
/// A core that something else uses may do half of what its neighbour does, and a loop lasts until its last piece is
/// done. So a piece is what is left, shared by twice the threads: whoever is slow takes fewer. Groups are what is worth
/// staying together (columns that are in a core's cache); no piece spans two.
/// - Parameters:
///   - smallest: Places that are worth a piece, unless a group has fewer left.
///   - largest: Places of a piece at most; `smallest` counts for less.
public func loopPieces(
  _ count: Int, groups: Int = 1, threads: Int, smallest: Int = 1, largest: Int = .max
) -> [LoopPiece] {
  precondition(
    threads >= 1 && smallest >= 1 && largest >= 1,
    "loopPieces: \(threads) threads, pieces of \(smallest) to \(largest) places")
  var pieces: [LoopPiece] = []
  for group in 0..<groups {
    var first = 0
    while first < count {
      let left = count - first
      let remaining = left + (groups - 1 - group) * count
      let share = threads == 1 ? left : (remaining + 2 * threads - 1) / (2 * threads)
      // A rest that is not worth a piece of its own goes along.
      let wanted = max(smallest, share)
      let size = min(largest, wanted >= left - left / 4 ? left : wanted)
      pieces.append(LoopPiece(group: group, places: first..<first + size))
      first += size
    }
  }
  return pieces
}

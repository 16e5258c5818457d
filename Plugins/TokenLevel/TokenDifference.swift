// Which tokens two responses do not share, by their longest common runs.

/// The tokens of two sequences that are not part of a run they have in common.
///
/// Takes the longest common run (the earliest, where several are equally long), then does the same with what
/// lies before it in both and with what lies behind it. What no run covers was replaced, inserted or deleted.
struct TokenDifference {
  /// For each token of the first and of the second sequence, whether it is the other's too.
  private(set) var firstIsShared: [Bool], secondIsShared: [Bool]

  /// Compares two sequences in `O(n·m)` steps at worst, and in about `n + m` where tokens seldom repeat.
  init(_ first: ArraySlice<Int32>, _ second: ArraySlice<Int32>) {
    firstIsShared = [Bool](repeating: false, count: first.count)
    secondIsShared = [Bool](repeating: false, count: second.count)
    var places = TokenPlaces(of: first, in: second)
    var waiting = [(0..<first.count, 0..<second.count)]
    while let (inFirst, inSecond) = waiting.popLast() {
      let run = places.longestRun(inFirst, inSecond)
      guard run.length > 0 else { continue }
      for offset in 0..<run.length {
        firstIsShared[run.first + offset] = true
        secondIsShared[run.second + offset] = true
      }
      waiting.append((inFirst.lowerBound..<run.first, inSecond.lowerBound..<run.second))
      waiting.append(
        (run.first + run.length..<inFirst.upperBound, run.second + run.length..<inSecond.upperBound))
    }
  }
}

/// Where the tokens of one sequence stand in another.
private struct TokenPlaces {
  /// For each token of the first sequence, its first place in the second one; −1 where it has none.
  private var starts: [Int]
  /// For each place of the second sequence, the next one with the same token; −1 behind the last.
  private var following: [Int]
  /// The lengths of the common runs that end at each place of the second sequence, shifted by one: for the token of
  /// the first sequence that was looked at last, and for this one. All zeros between calls.
  private var before: [Int], now: [Int]

  init(of first: ArraySlice<Int32>, in second: ArraySlice<Int32>) {
    // A table of the second sequence's tokens, at most half full: each at the first free place from its own on.
    var slots = 2
    while slots < 2 * second.count { slots *= 2 }
    var table = [Int](repeating: -1, count: slots)
    let tokens = Array(second)
    following = [Int](repeating: -1, count: tokens.count)
    for place in tokens.indices.reversed() {
      let slot = Self.slot(of: tokens[place], in: table, of: tokens)
      following[place] = table[slot]
      table[slot] = place
    }
    let found = table
    starts = first.map { found[Self.slot(of: $0, in: found, of: tokens)] }
    before = [Int](repeating: 0, count: tokens.count + 1)
    now = before
  }

  /// Where a table of places has a token, or has room for it.
  private static func slot(of token: Int32, in table: [Int], of tokens: [Int32]) -> Int {
    let mask = table.count - 1
    var slot = Int(truncatingIfNeeded: UInt32(bitPattern: token) &* 0x9E37_79B1) >> 8 & mask
    while table[slot] >= 0, tokens[table[slot]] != token { slot = (slot + 1) & mask }
    return slot
  }

  /// The longest run of tokens within `inFirst` that stands in the second sequence within `inSecond` too.
  mutating func longestRun(
    _ inFirst: Range<Int>, _ inSecond: Range<Int>
  ) -> (first: Int, second: Int, length: Int) {
    var best = (first: inFirst.lowerBound, second: inSecond.lowerBound, length: 0)
    for i in inFirst {
      forEachPlace(of: i, inSecond) { places, j in
        let length = places.before[j] + 1
        places.now[j + 1] = length
        if length > best.length { best = (i - length + 1, j - length + 1, length) }
      }
      swap(&before, &now)
      if i > inFirst.lowerBound { forEachPlace(of: i - 1, inSecond) { places, j in places.now[j + 1] = 0 } }
    }
    if let last = inFirst.last { forEachPlace(of: last, inSecond) { places, j in places.before[j + 1] = 0 } }
    return best
  }

  /// Calls `body` with each place within `range` of a token of the first sequence, in order.
  @inline(__always)
  private mutating func forEachPlace(
    of token: Int, _ range: Range<Int>, _ body: (inout TokenPlaces, _ place: Int) -> Void
  ) {
    var place = starts[token]
    while place >= 0, place < range.upperBound {
      if place >= range.lowerBound { body(&self, place) }
      place = following[place]
    }
  }
}

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
    let (a, b) = (Array(first), Array(second))
    firstIsShared = [Bool](repeating: false, count: a.count)
    secondIsShared = [Bool](repeating: false, count: b.count)
    var places: [Int32: [Int]] = [:]
    for (place, token) in b.enumerated() { places[token, default: []].append(place) }
    var waiting = [(a.indices, b.indices)]
    // Lengths of the common runs that end at each place of b (shifted by one), for the last token of a and this one.
    var (before, now) = ([Int](repeating: 0, count: b.count + 1), [Int](repeating: 0, count: b.count + 1))
    while let (inA, inB) = waiting.popLast() {
      let run = Self.longestRun(a, inA, inB, places, &before, &now)
      guard run.length > 0 else { continue }
      for offset in 0..<run.length {
        firstIsShared[run.first + offset] = true
        secondIsShared[run.second + offset] = true
      }
      waiting.append((inA.lowerBound..<run.first, inB.lowerBound..<run.second))
      waiting.append(
        (run.first + run.length..<inA.upperBound, run.second + run.length..<inB.upperBound))
    }
  }

  /// The longest run of tokens of `a` within `inA` that stands in `b` within `inB` too.
  ///
  /// `before` and `now` are scratch of all zeros, and are left so.
  private static func longestRun(
    _ a: [Int32], _ inA: Range<Int>, _ inB: Range<Int>, _ places: [Int32: [Int]], _ before: inout [Int],
    _ now: inout [Int]
  ) -> (first: Int, second: Int, length: Int) {
    var best = (first: inA.lowerBound, second: inB.lowerBound, length: 0)
    guard !inB.isEmpty else { return best }
    for i in inA {
      for j in places[a[i]] ?? [] where inB.contains(j) {
        let length = before[j] + 1
        now[j + 1] = length
        if length > best.length { best = (i - length + 1, j - length + 1, length) }
      }
      swap(&before, &now)
      if i > inA.lowerBound { clear(a[i - 1], inB, places, &now) }
    }
    if let last = inA.last { clear(a[last], inB, places, &before) }
    return best
  }

  /// Zeros at the places that `token` wrote to.
  private static func clear(
    _ token: Int32, _ inB: Range<Int>, _ places: [Int32: [Int]], _ lengths: inout [Int]
  ) {
    for j in places[token] ?? [] where inB.contains(j) { lengths[j + 1] = 0 }
  }
}

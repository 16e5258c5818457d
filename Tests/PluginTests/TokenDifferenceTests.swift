// The difference of two responses: by hand, against plain search, and in its cost.

import Testing

@testable import TokenLevelLosses

@Suite struct TokenDifferenceTests {
  private func marks(_ a: [Int32], _ b: [Int32]) -> [[Int]] {
    let difference = TokenDifference(a[...], b[...])
    return [difference.firstIsShared, difference.secondIsShared].map { $0.map { $0 ? 1 : 0 } }
  }

  @Test func `equal, empty and disjoint sequences`() {
    #expect(marks([1, 2, 3], [1, 2, 3]) == [[1, 1, 1], [1, 1, 1]])
    #expect(marks([], [1]) == [[], [0]] && marks([1], []) == [[0], []] && marks([], []) == [[], []])
    #expect(marks([1, 2], [3, 4]) == [[0, 0], [0, 0]])
  }

  @Test func `a replacement, an insertion, a deletion`() {
    #expect(marks([1, 2, 3, 4], [1, 9, 3, 4]) == [[1, 0, 1, 1], [1, 0, 1, 1]])
    #expect(marks([1, 2, 4], [1, 2, 3, 4]) == [[1, 1, 1], [1, 1, 0, 1]])
    #expect(marks([1, 2, 3, 4], [1, 4]) == [[1, 0, 0, 1], [1, 1]])
  }

  @Test func `the longest run comes first, even where more tokens could be matched without it`() {
    // 5 6 7 is the longest run; with it, neither 1 nor 2 can be matched in order.
    #expect(marks([5, 6, 7, 1, 2], [1, 2, 5, 6, 7]) == [[1, 1, 1, 0, 0], [0, 0, 1, 1, 1]])
  }

  /// The definition, word by word: try every start in both and every length.
  private func plain(_ a: [Int32], _ b: [Int32]) -> [[Int]] {
    var result = [[Int](repeating: 0, count: a.count), [Int](repeating: 0, count: b.count)]
    func visit(_ inA: Range<Int>, _ inB: Range<Int>) {
      var best = (first: 0, second: 0, length: 0)
      for i in inA {
        for j in inB {
          var length = 0
          while i + length < inA.upperBound, j + length < inB.upperBound, a[i + length] == b[j + length] {
            length += 1
          }
          if length > best.length { best = (i, j, length) }
        }
      }
      guard best.length > 0 else { return }
      for k in 0..<best.length { (result[0][best.first + k], result[1][best.second + k]) = (1, 1) }
      visit(inA.lowerBound..<best.first, inB.lowerBound..<best.second)
      visit(best.first + best.length..<inA.upperBound, best.second + best.length..<inB.upperBound)
    }
    visit(a.indices, b.indices)
    return result
  }

  @Test func `agrees with plain search`() {
    var dice = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let kinds = Int32.random(in: 1...8, using: &dice)
      func sequence() -> [Int32] {
        (0..<Int.random(in: 0...14, using: &dice)).map { _ in Int32.random(in: 0..<kinds, using: &dice) }
      }
      let (a, b) = (sequence(), sequence())
      #expect(marks(a, b) == plain(a, b), "\(a) \(b)")
    }
  }

  @Test func `two thousand tokens of one kind are compared in a moment`() {
    let (a, b) = ([Int32](repeating: 1, count: 2000), [Int32](repeating: 1, count: 1999))
    #expect(marks(a, b)[0].reduce(0, +) == 1999)
  }
}

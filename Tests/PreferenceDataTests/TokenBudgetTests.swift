// Cuts by tokens: as few as possible, within the budget, and even.

import Testing

@testable import PreferenceData

@Suite struct TokenBudgetTests {
  @Test(
    arguments: [
      ([], 10, []), ([3], 10, [0..<1]), ([30], 10, [0..<1]), ([3, 3, 3], 10, [0..<3]),
      ([6, 3, 3, 3], 12, [0..<2, 2..<4]), ([5, 5, 5, 1], 15, [0..<2, 2..<4]),
      ([20, 1, 1, 20], 10, [0..<1, 1..<3, 3..<4]),
    ] as [([Int], Int, [Range<Int>])])
  func `rows are cut evenly`(_ costs: [Int], _ budget: Int, _ ranges: [Range<Int>]) {
    #expect(TokenBudget(costs, budget).ranges == ranges)
  }

  @Test func `no cut is needless, too large, or uneven`() {
    var state: UInt64 = 7
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for _ in 0..<300 {
      let costs = (0..<next(12) + 1).map { _ in next(20) + 1 }
      let budget = next(60) + 1
      let ranges = TokenBudget(costs, budget).ranges
      #expect(ranges.flatMap(Array.init) == Array(costs.indices))
      func largest(_ ranges: [Range<Int>]) -> Int { ranges.map { costs[$0].reduce(0, +) }.max() ?? 0 }
      for range in ranges where range.count > 1 { #expect(costs[range].reduce(0, +) <= budget) }
      // Every other way to cut the rows: none with fewer pieces fits, none with as many has a smaller largest piece.
      for mask in 0..<(1 << (costs.count - 1)) {
        var (other, first) = ([Range<Int>](), 0)
        for place in 1...costs.count where place == costs.count || mask >> (place - 1) & 1 == 1 {
          other.append(first..<place)
          first = place
        }
        guard other.allSatisfy({ $0.count == 1 || costs[$0].reduce(0, +) <= budget }) else { continue }
        #expect(other.count >= ranges.count)
        if other.count == ranges.count { #expect(largest(other) >= largest(ranges)) }
      }
    }
  }
}

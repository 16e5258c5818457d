// Rows in their order, cut into as few pieces as a budget of tokens allows, and these as even as they come.

/// Where a sequence of rows is cut.
struct TokenBudget {
  /// The pieces, in order; together they are all rows. A single row may exceed the budget.
  let ranges: [Range<Int>]

  /// Cuts rows of `costs` tokens each.
  init(_ costs: [Int], _ budget: Int) {
    let fewest = Self.cut(costs, budget)
    // The smallest budget that needs no more pieces makes the largest piece as small as it can be.
    var (low, high) = ((costs.reduce(0, +) + max(1, fewest.count) - 1) / max(1, fewest.count), budget)
    while low < high {
      let middle = low + (high - low) / 2
      if Self.cut(costs, middle).count <= fewest.count { high = middle } else { low = middle + 1 }
    }
    ranges = Self.cut(costs, min(max(low, 1), budget))
  }

  /// Fills one piece after the other.
  private static func cut(_ costs: [Int], _ budget: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var used = 0
    for (index, cost) in costs.enumerated() {
      if let last = ranges.last, used + cost <= budget {
        ranges[ranges.count - 1] = last.lowerBound..<index + 1
        used += cost
      } else {
        ranges.append(index..<index + 1)
        used = cost
      }
    }
    return ranges
  }
}

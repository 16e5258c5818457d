// The scalar twin of Winograd's inner products: sums of blocks of depth, two levels of three exchanged.

import VectorKernelsInterface

/// How measured panels are multiplied.
package enum ScalarWinograd {
  /// The numbers of a row in one block of depth, and what its head says.
  private struct Row {
    let numbers: [Float]
    let taken: Float, scale: Float
    let reserve: Float

    init(_ given: [Float], filledTo levels: Int, blocks: Int) {
      let filled = given + Array(repeating: 0, count: levels - given.count)
      var (squares, sizes, taken, crossed) = (0.0, 0.0, 0.0, 0.0)
      let third = levels / 3
      for level in 0..<third {
        for next in 0..<3 {
          let x = Double(filled[level + next * third])
          squares += x * x
          sizes += x.magnitude
        }
        let product = Double(filled[level]) * Double(filled[level + third])
        taken += product
        crossed = crossed.addingProduct(product, product)
      }
      let mean = squares / Double(given.count)
      let exponent = mean == 0 ? -1023 : mean.isFinite ? Int(mean.exponent) : 1024
      let wanted = (exponent + 1) >> 1
      let half = min(WinogradPanel.greatestScale, max(-WinogradPanel.greatestScale, wanted))
      let bound = Double(
        sign: .plus, exponent: 4 * half,
        significand: WinogradPanel.greatestCrossed * Double(given.count * blocks))
      let isEven = sizes * sizes >= squares * (WinogradPanel.leastEvenness * Double(given.count))
      reserve = wanted == half && crossed <= bound ? (isEven ? 0 : 1) : WinogradPanel.usual
      scale = Float(sign: .plus, exponent: half, significand: 1)
      self.taken = Float(Double(sign: .plus, exponent: -2 * half, significand: 1) * taken)
      let factor = Float(sign: .plus, exponent: -half, significand: 1)
      numbers = filled.map { $0 * factor }
    }
  }

  /// `c` (+)= `a·b`.
  package static func multiply(
    _ a: (Int, Int) -> Float, _ b: (Int, Int) -> Float, depth: Int, into c: Matrix<Float>, accumulating: Bool
  ) {
    let (each, blocks) = (WinogradPanel.levels(depth), WinogradPanel.blocks(depth))
    for (block, first) in stride(from: 0, to: depth, by: max(1, each)).enumerated() {
      let levels = first..<min(depth, first + each)
      let rows = (0..<c.rows).map { row in Row(levels.map { a(row, $0) }, filledTo: each, blocks: blocks) }
      let columns = (0..<c.columns).map { column in
        Row(levels.map { b($0, column) }, filledTo: each, blocks: blocks)
      }
      for (i, row) in rows.enumerated() {
        for (j, column) in columns.enumerated() {
          let isUsual = row.reserve + column.reserve >= WinogradPanel.usual
          let sum = isUsual ? usual(row, column) : exchanged(row, column)
          let scale = column.scale * row.scale
          c[i, j] = accumulating || block > 0 ? c[i, j].addingProduct(sum, scale) : sum * scale
        }
      }
    }
  }

  /// All products as usual, level by level of each third.
  private static func usual(_ a: Row, _ b: Row) -> Float {
    let third = a.numbers.count / 3
    return (0..<3 * third).reduce(0) { sum, place in
      let level = place % 3 * third + place / 3
      return sum.addingProduct(a.numbers[level], b.numbers[level])
    }
  }

  private static func exchanged(_ a: Row, _ b: Row) -> Float {
    let third = a.numbers.count / 3
    var sum: Float = 0
    for level in 0..<third {
      let x = b.numbers[level + third] + a.numbers[level]
      let y = b.numbers[level] + a.numbers[level + third]
      sum = sum.addingProduct(x, y)
        .addingProduct(a.numbers[level + 2 * third], b.numbers[level + 2 * third])
    }
    return sum - a.taken - b.taken
  }
}

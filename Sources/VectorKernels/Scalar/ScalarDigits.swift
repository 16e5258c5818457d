// The scalar twin of products of digits: whole sums for each weight of digits, then one number of all of them.

import VectorKernelsInterface

/// How tiles of bytes multiply numbers that share a scale.
package enum ScalarDigits {
  /// Numbers as four digits each, below half a scale, and how far the largest stands above the middle one, less what sums of
  /// so many terms allow.
  package struct Row {
    package let halfScale: Float, spread: Float
    package let digits: [[Int]]

    package init(_ numbers: [Float], terms: Int) {
      let bits = numbers.map { $0.bitPattern & 0x7fff_ffff }
      let largest = Float(bitPattern: bits.max() ?? 0)
      guard largest.isFinite, largest >= .leastNormalMagnitude else {
        (halfScale, spread) = (largest.isFinite ? 0 : .nan, 0)
        digits = numbers.map { _ in [0, 0, 0, 0] }
        return
      }
      let top = max(largest, DigitTiles.smallestTop)
      let logarithms = bits.map { $0 >> 19 }.filter { $0 != 0 }
      let middle = Float(logarithms.reduce(0, +)) / Float(logarithms.count)
      let spread =
        largest < top
        ? DigitTiles.greatestSpread
        : Float(largest.bitPattern >> 19) - middle - DigitTiles.allowance(terms: terms)
      (halfScale, self.spread) = (top * (0x1p30 / 0x7f7f_0000), spread)
      let toWhole = 0x7f7f_0000 / top
      digits = numbers.map { x in
        var rest = Int((x * toWhole).rounded(.toNearestOrEven))
        var digits: [Int] = []
        // From the last on: what is nearest to a multiple of 256.
        for _ in 0..<4 {
          let digit = Int(Int8(truncatingIfNeeded: rest))
          digits.insert(digit, at: 0)
          rest = (rest - digit) / 256
        }
        if spread <= DigitTiles.threeDigits { digits[3] = 0 }
        return digits
      }
    }
  }

  /// `c` (+)= `a·b`: scales of `a` hold for a span of depth, those of `b` for all of it.
  package static func multiply(
    _ a: (Int, Int) -> Float, _ b: (Int, Int) -> Float, depth: Int, into c: Matrix<Float>, accumulating: Bool
  ) {
    let columns = (0..<c.columns).map { column in Row((0..<depth).map { b($0, column) }, terms: depth) }
    let steps = (depth + 63) / 64
    let spans = (steps + DigitTiles.spanSteps - 1) / DigitTiles.spanSteps
    for row in 0..<c.rows {
      for span in 0..<spans {
        let levels = 64 * (steps * span / spans)..<min(depth, 64 * (steps * (span + 1) / spans))
        let left = Row(levels.map { a(row, $0) }, terms: depth)
        for column in 0..<c.columns {
          let right = columns[column]
          let value = product(left, right, levels)
          let (small, large) =
            left.halfScale < right.halfScale
            ? (left.halfScale, right.halfScale) : (right.halfScale, left.halfScale)
          let isAdding = accumulating || span > 0
          c[row, column] =
            isAdding ? c[row, column].addingProduct(value * small, large) : value * small * large
        }
      }
    }
  }

  /// The sum of products, as a share of a quarter of both scales.
  private static func product(_ left: Row, _ right: Row, _ levels: Range<Int>) -> Float {
    var sums = [0, 0, 0, 0]
    for (place, level) in levels.enumerated() {
      for i in 0..<4 {
        for j in 0..<4 - i { sums[i + j] += left.digits[place][i] * right.digits[level][j] }
      }
    }
    let isSpread = left.spread + right.spread > DigitTiles.narrow
    let low = isSpread ? Float(sums[2]).addingProduct(Float(sums[3]), 0x1p-8) : Float(sums[2])
    let middle = Float(sums[1]).addingProduct(low, 0x1p-8)
    return Float(sums[0]).addingProduct(middle, 0x1p-8) * 0x1p-12
  }
}

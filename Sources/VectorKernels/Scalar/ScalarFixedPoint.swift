// The scalar twin of fixed-point sums: integers of 14 bits, second digits, exact sums of blocks of depth.

import VectorKernelsInterface

/// How panels of integers are multiplied.
package enum ScalarFixedPoint {
  /// The integers of a row in one block of depth.
  private struct Row {
    /// First and second digits.
    let digits: [[Int32]]
    /// The exponent of the first digits' unit; not a number where a number is not finite.
    let exponent: Float
    let need: Float

    init(_ numbers: [Float]) {
      let bits = numbers.map(\.magnitude.bitPattern).max() ?? 0
      guard bits < Float.infinity.bitPattern else {
        (digits, exponent, need) = (Array(repeating: numbers.map { _ in 0 }, count: 2), .nan, 0)
        return
      }
      let whole = IntegerPanel.exponent(largest: bits)
      let sum = Self.rounded(numbers, whole).reduce(0) { $0 + Int($1.magnitude) }
      let largest = Int(Float(bitPattern: bits) * Self.power(whole))
      let less = IntegerPanel.bitsLess(largest: largest, sum: sum)
      let integers = Self.rounded(numbers, whole - less)
      let rest = zip(numbers, integers).map { $0 * Self.power(whole - less) - Float($1) }
      digits = [integers, Self.rounded(rest, IntegerPanel.secondBits)]
      exponent = Float(less - whole)
      need = IntegerPanel.need(largest: largest, sum: sum, count: numbers.count, bitsLess: less)
    }

    private static func power(_ exponent: Int) -> Float {
      Float(sign: .plus, exponent: exponent, significand: 1)
    }

    private static func rounded(_ numbers: [Float], _ exponent: Int) -> [Int32] {
      numbers.map { Int32(($0 * power(exponent)).rounded(.toNearestOrEven)) }
    }
  }

  /// `c` (+)= `a·b`.
  package static func multiply(
    _ a: (Int, Int) -> Float, _ b: (Int, Int) -> Float, depth: Int, into c: Matrix<Float>, accumulating: Bool
  ) {
    let each = IntegerPanel.levels(depth)
    for (block, first) in stride(from: 0, to: depth, by: max(1, each)).enumerated() {
      let levels = first..<min(depth, first + each)
      let rows = (0..<c.rows).map { row in Row(levels.map { a(row, $0) }) }
      let columns = (0..<c.columns).map { column in Row(levels.map { b($0, column) }) }
      for (i, row) in rows.enumerated() {
        for (j, column) in columns.enumerated() {
          var rest: Float = 0
          if row.need + column.need >= IntegerPanel.needed {
            if row.need > 0 { rest += product(row, column, 1, 0) }
            if column.need > 0 { rest += product(row, column, 0, 1) }
          }
          let sum = product(row, column, 0, 0) + rest
          c[i, j] = accumulating || block > 0 ? c[i, j] + sum : sum
        }
      }
    }
  }

  private static func product(_ a: Row, _ b: Row, _ x: Int, _ y: Int) -> Float {
    let sum = zip(a.digits[x], b.digits[y]).reduce(Int32(0)) { $0 + $1.0 * $1.1 }
    let exponent = a.exponent + b.exponent - Float((x + y) * IntegerPanel.secondBits)
    guard !exponent.isNaN else { return .nan }
    return Float(Double(sign: .plus, exponent: Int(exponent), significand: Double(Float(sum))))
  }
}

// The scalar twins of the matrix products: three plain loops, in the order of the depth.

/// How an instruction set adds a product to a sum.
package enum ScalarProduct {
  /// Single precision: a fused multiply-add for each step of depth, or a rounded product and a rounded sum.
  package static func multiply(
    _ a: (Int, Int) -> Float, _ b: (Int, Int) -> Float, depth: Int, into c: Matrix<Float>,
    accumulating: Bool, fused: Bool
  ) {
    for row in 0..<c.rows {
      for column in 0..<c.columns {
        var sum = accumulating ? c[row, column] : 0
        for level in 0..<depth {
          let (x, y) = (a(row, level), b(level, column))
          sum = fused ? sum.addingProduct(x, y) : sum + x * y
        }
        c[row, column] = sum
      }
    }
  }

  /// Pairs of bfloat16: of each two steps of depth the later one is added first, both fused.
  package static func multiplyPairs(
    _ a: (Int, Int) -> Float, _ b: (Int, Int) -> Float, depth: Int, into c: Matrix<Float>,
    accumulating: Bool
  ) {
    for row in 0..<c.rows {
      for column in 0..<c.columns {
        var sum = accumulating ? c[row, column] : 0
        for level in stride(from: 0, to: depth, by: 2) {
          if level + 1 < depth { sum = sum.addingProduct(a(row, level + 1), b(level + 1, column)) }
          sum = sum.addingProduct(a(row, level), b(level, column))
        }
        c[row, column] = sum
      }
    }
  }
}

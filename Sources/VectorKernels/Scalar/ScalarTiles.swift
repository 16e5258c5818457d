// The scalar twin of products on tiles: each 32 steps of depth summed by themselves, then added.

/// How tiles of bfloat16 add products to sums. Numbers below 2⁻¹²⁶ count as 0, before and after.
package enum ScalarTiles {
  /// The three parts that stand for a number: each the nearest bfloat16 to what is left, ties away from 0.
  ///
  /// Numbers that would round to infinity are cut off instead.
  package static func parts(of x: Float) -> [Float] {
    func nearest(_ x: Float) -> Float { Float(bitPattern: (x.bitPattern &+ 0x8000) & 0xffff_0000) }
    let high = nearest(x.isNaN ? x : max(-0x1.fep127, min(0x1.fep127, x)))
    let middle = nearest(x - high)
    return [high, middle, x - high - middle]
  }

  /// The first `count` of the parts that stand for a number; the last of two is rounded, ties to even.
  package static func parts(of x: Float, _ count: Int) -> [Float] {
    let all = parts(of: x)
    guard count == 2 else { return Array(all.prefix(count)) }
    var (rest, rounded) = (x - all[0], UInt16(0))
    ScalarKernels.toBrainFloat(&rest, &rounded, 1)
    return [all[0], Float(bitPattern: UInt32(rounded) << 16)]
  }

  /// `c` (+)= `a·b`, where both give bfloat16 numbers.
  package static func multiply(
    _ a: (Int, Int) -> Float, _ b: (Int, Int) -> Float, depth: Int, into c: Matrix<Float>, accumulating: Bool
  ) {
    multiply({ [a($0, $1)] }, { [b($0, $1)] }, [(0, 0)], depth, c, accumulating)
  }

  /// `c` (+)= `a·b` of numbers in parts, as many for both or one for `b`.
  ///
  /// Of the nine products of three parts the six largest are taken, of the four of two parts three.
  package static func multiply(
    _ a: (Int, Int) -> Float, parts: Int, _ b: (Int, Int) -> Float, parts others: Int, depth: Int,
    into c: Matrix<Float>, accumulating: Bool
  ) {
    let three = [(2, 0), (0, 0), (1, 0), (1, 1), (0, 1), (0, 2)]
    let order = parts == 3 ? three : [(1, 0), (0, 0), (0, 1)]
    multiply(
      { Self.parts(of: a($0, $1), parts) }, { Self.parts(of: b($0, $1), others) },
      order.filter { $0.1 < others }, depth, c, accumulating)
  }

  private static func multiply(
    _ a: (Int, Int) -> [Float], _ b: (Int, Int) -> [Float], _ order: [(Int, Int)], _ depth: Int,
    _ c: Matrix<Float>, _ accumulating: Bool
  ) {
    let right = (0..<c.columns).map { column in (0..<depth).map { b($0, column).map(flushed) } }
    for row in 0..<c.rows {
      let left = (0..<depth).map { a(row, $0).map(flushed) }
      for column in 0..<c.columns {
        var sum = accumulating ? flushed(c[row, column]) : 0
        for start in stride(from: 0, to: depth, by: 32) {
          let levels = start..<min(depth, start + 32)
          for (i, j) in order { sum = flushed(sum + step(left, right[column], levels, i, j)) }
        }
        c[row, column] = sum
      }
    }
  }

  /// The sum over 32 steps of depth: even and odd ones apart, then both.
  private static func step(_ a: [[Float]], _ b: [[Float]], _ levels: Range<Int>, _ i: Int, _ j: Int) -> Float
  {
    var (even, odd): (Float, Float) = (0, 0)
    for level in stride(from: levels.lowerBound, to: levels.upperBound, by: 2) {
      even = flushed(even.addingProduct(a[level][i], b[level][j]))
      if level + 1 < levels.upperBound {
        odd = flushed(odd.addingProduct(a[level + 1][i], b[level + 1][j]))
      }
    }
    return flushed(even + odd)
  }

  private static func flushed(_ x: Float) -> Float {
    x.magnitude < .leastNormalMagnitude ? (x.sign == .minus ? -0.0 : 0) : x
  }
}

// The scalar twins of attention's rows, in double precision.

package import VectorKernelsInterface

extension ScalarKernels: AttentionKernels {
  package static func exponentiate(
    _ scores: Floats, _ scale: Float, _ visible: Int, _ n: Int, into weights: MutableFloats
  ) -> Float {
    let row = exponentials(scores, scale, visible)
    for i in 0..<n { weights[i] = i < visible ? Float(row[i]) : 0 }
    return Float(1 / row.reduce(0, +))
  }

  package static func exponentiate(
    _ scores: Floats, _ scale: Float, _ visible: Int, _ n: Int, into weights: UnsafeMutablePointer<UInt16>
  ) -> Float {
    let row = exponentials(scores, scale, visible)
    let inverse = Float(1 / row.reduce(0, +))
    round(row.map(Float.init), n, into: weights)
    return inverse
  }

  package static func softmaxGradient(
    _ scores: MutableFloats, _ slopes: Floats, _ scale: Float, _ visible: Int, _ n: Int,
    shares: MutableFloats, gradient: MutableFloats
  ) {
    let (p, g) = softmaxGradient(scores, slopes, scale, visible)
    for i in 0..<n {
      shares[i] = i < visible ? p[i] : 0
      gradient[i] = i < visible ? g[i] : 0
    }
  }

  package static func softmaxGradient(
    _ scores: MutableFloats, _ slopes: Floats, _ scale: Float, _ visible: Int, _ n: Int,
    shares: UnsafeMutablePointer<UInt16>, gradient: UnsafeMutablePointer<UInt16>
  ) {
    let (p, g) = softmaxGradient(scores, slopes, scale, visible)
    round(p, n, into: shares)
    round(g, n, into: gradient)
  }

  package static func scaled(_ x: Floats, _ s: Float, _ n: Int, into y: MutableFloats) {
    for i in 0..<n { y[i] = x[i] * s }
  }

  package static func scaled(_ x: Floats, _ s: Float, _ n: Int, into y: UnsafeMutablePointer<UInt16>) {
    round((0..<n).map { x[$0] * s }, n, into: y)
  }

  private static func exponentials(_ scores: Floats, _ scale: Float, _ visible: Int) -> [Double] {
    let row = (0..<visible).map { Double(scores[$0]) * Double(scale) }
    let largest = row.reduce(-.infinity, max)
    return row.map { Oracle.exponential($0 - largest) }
  }

  private static func softmaxGradient(
    _ scores: Floats, _ slopes: Floats, _ scale: Float, _ visible: Int
  ) -> ([Float], [Float]) {
    let row = exponentials(scores, scale, visible)
    let sum = row.reduce(0, +)
    var projection = 0.0
    for i in 0..<visible { projection += row[i] / sum * Double(slopes[i]) }
    return (
      row.map { Float($0 / sum) },
      (0..<visible).map { Float(Double(scale) * row[$0] / sum * (Double(slopes[$0]) - projection)) }
    )
  }

  /// Writes `row` rounded to bfloat16, and zeros up to column `n`.
  private static func round(_ row: [Float], _ n: Int, into target: UnsafeMutablePointer<UInt16>) {
    for i in 0..<n { target[i] = 0 }
    row.withUnsafeBufferPointer {
      if let base = $0.baseAddress { toBrainFloat(base, target, row.count) }
    }
  }
}

// The scalar twins of the row-wise kernels: norms, rotary positions, gates, score statistics.

package import VectorKernelsInterface

extension ScalarKernels {
  package static func normalize(
    _ x: Floats, _ weight: Floats, _ epsilon: Float, _ y: MutableFloats, _ n: Int
  ) -> Float {
    var squares = 0.0
    for i in 0..<n { squares += Double(x[i]) * Double(x[i]) }
    let inverse = Float(1 / (squares / Double(n) + Double(epsilon)).squareRoot())
    for i in 0..<n { y[i] = weight[i] * (x[i] * inverse) }
    return inverse
  }

  package static func normalizeGradient(
    _ upstream: Floats, _ x: Floats, _ weight: Floats, _ inverse: Float, _ dx: MutableFloats,
    _ accumulating: Bool, _ n: Int
  ) {
    var projection = 0.0
    for i in 0..<n { projection += Double(upstream[i]) * Double(weight[i]) * Double(x[i]) }
    let pull = Float(projection * Double(inverse) * Double(inverse) / Double(n))
    for i in 0..<n {
      let slope = inverse * (upstream[i] * weight[i] - pull * x[i])
      dx[i] = accumulating ? dx[i] + slope : slope
    }
  }

  package static func rotate(
    _ x: MutableFloats, _ heads: Int, _ headWidth: Int, _ cosines: Floats, _ sines: Floats, _ inverse: Bool
  ) {
    let half = headWidth / 2
    for head in 0..<heads {
      let base = x + head * headWidth
      for i in 0..<half {
        let (a, b) = (base[i], base[i + half])
        let sine = inverse ? -sines[i] : sines[i]
        base[i] = a * cosines[i] - b * sine
        base[i + half] = b * cosines[i] + a * sine
      }
    }
  }

  package static func gatedSiLU(_ gate: Floats, _ up: Floats, _ out: MutableFloats, _ n: Int) {
    for i in 0..<n {
      let g = Double(gate[i])
      out[i] = Float(g * Oracle.sigmoid(g)) * up[i]
    }
  }

  package static func gatedSiLUGradient(
    _ upstream: Floats, _ gate: Floats, _ up: Floats, _ gateGradient: MutableFloats,
    _ upGradient: MutableFloats, _ n: Int
  ) {
    for i in 0..<n {
      let g = Double(gate[i])
      let (activation, incoming, linear) = (Oracle.sigmoid(g), Double(upstream[i]), Double(up[i]))
      gateGradient[i] = Float(incoming * linear * activation * (1 + g * (1 - activation)))
      upGradient[i] = Float(incoming * g * activation)
    }
  }

  package static func accumulate(_ scores: Floats, _ firstColumn: Int, _ n: Int, _ sums: inout ScoreSums) {
    var (largest, argmax) = (sums.largest, sums.argmax)
    for i in 0..<n where scores[i] > largest { (largest, argmax) = (scores[i], firstColumn + i) }
    if largest > sums.largest {
      sums.raise(to: largest, decay: Oracle.exponential(Double(sums.largest) - Double(largest)))
      sums.argmax = argmax
    }
    for i in 0..<n {
      let shifted = Double(scores[i]) - Double(largest)
      let e = Oracle.exponential(shifted)
      sums.exponentials += e
      if e > 0 { sums.weightedScores += e * shifted }
      sums.squares += e * e
      sums.scores += Double(scores[i])
    }
  }

  package static func cotangent(_ scores: Floats, _ slopes: ScoreSlopes, _ out: MutableFloats, _ n: Int) {
    for i in 0..<n {
      let shifted = Double(scores[i]) - Double(slopes.logSum)
      let p = Oracle.exponential(shifted)
      let linear = Double(slopes.probability) + Double(slopes.entropy) * shifted
      out[i] = Float(p * (linear + Double(slopes.collision) * p) + Double(slopes.constant))
    }
  }
}

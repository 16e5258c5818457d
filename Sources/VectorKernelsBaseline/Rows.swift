// Row-wise kernels: norms, rotary positions and gates.

public import VectorKernelsInterface

extension Kernels {
  public static func normalize(
    _ x: Floats, _ weight: Floats, _ epsilon: Float, _ y: MutableFloats, _ n: Int
  ) -> Float {
    let inverse = Float(1 / (dot(x, x, n) / Double(n) + Double(epsilon)).squareRoot())
    mapLanes(x, weight, y, n) { $1 * ($0 * inverse) }
    return inverse
  }

  public static func normalizeGradient(
    _ upstream: Floats, _ x: Floats, _ weight: Floats, _ inverse: Float, _ dx: MutableFloats,
    _ accumulating: Bool, _ n: Int
  ) {
    var sums = noSums()
    forEachRun(n) {
      addProducts(
        (upstream + $0).load(Lanes.self) * (weight + $0).load(Lanes.self), (x + $0).load(), to: &sums)
    } _: {
      addProducts(
        loadPart(upstream + $0, $1, 0) * loadPart(weight + $0, $1, 0), loadPart(x + $0, $1, 0), to: &sums)
    }
    let pull = Lanes(repeating: Float(-total(sums) * Double(inverse) * Double(inverse) / Double(n)))
    @inline(__always) func slope(_ upstream: Lanes, _ x: Lanes, _ weight: Lanes) -> Lanes {
      fused(pull, x, upstream * weight) * inverse
    }
    forEachRun(n) {
      let value = slope((upstream + $0).load(), (x + $0).load(), (weight + $0).load())
      (dx + $0).store(accumulating ? (dx + $0).load() + value : value)
    } _: {
      let value = slope(
        loadPart(upstream + $0, $1, 0), loadPart(x + $0, $1, 0), loadPart(weight + $0, $1, 0))
      storePart(accumulating ? loadPart(dx + $0, $1, 0) + value : value, dx + $0, $1)
    }
  }

  public static func rotate(
    _ x: MutableFloats, _ heads: Int, _ headWidth: Int, _ cosines: Floats, _ sines: Floats, _ inverse: Bool
  ) {
    let half = headWidth / 2
    let direction: Float = inverse ? -1 : 1
    for head in 0..<heads {
      let (left, right) = (x + head * headWidth, x + head * headWidth + half)
      var i = 0
      while i + 8 <= half {
        let (a, b): (SIMD8<Float>, SIMD8<Float>) = ((left + i).load(), (right + i).load())
        let cosine: SIMD8<Float> = (cosines + i).load()
        let sine = (sines + i).load(SIMD8<Float>.self) * direction
        (left + i).store(a * cosine - b * sine)
        (right + i).store(b * cosine + a * sine)
        i += 8
      }
      while i < half {
        let (a, b, sine) = (left[i], right[i], sines[i] * direction)
        left[i] = a * cosines[i] - b * sine
        right[i] = b * cosines[i] + a * sine
        i += 1
      }
    }
  }

  public static func gatedSiLU(_ gate: Floats, _ up: Floats, _ out: MutableFloats, _ n: Int) {
    mapLanes(gate, up, out, n) { $0 * Curves.sigmoid($0) * $1 }
  }

  public static func gatedSiLUGradient(
    _ upstream: Floats, _ gate: Floats, _ up: Floats, _ gateGradient: MutableFloats,
    _ upGradient: MutableFloats, _ n: Int
  ) {
    @inline(__always) func slopes(_ upstream: Lanes, _ gate: Lanes, _ up: Lanes) -> (Lanes, Lanes) {
      let activation = Curves.sigmoid(gate)
      let incoming = upstream * activation
      return (incoming * up * fused(gate, 1 - activation, Lanes(repeating: 1)), incoming * gate)
    }
    forEachRun(n) {
      let (byGate, byUp) = slopes((upstream + $0).load(), (gate + $0).load(), (up + $0).load())
      (gateGradient + $0).store(byGate)
      (upGradient + $0).store(byUp)
    } _: {
      let (byGate, byUp) = slopes(
        loadPart(upstream + $0, $1, 0), loadPart(gate + $0, $1, 0), loadPart(up + $0, $1, 0))
      storePart(byGate, gateGradient + $0, $1)
      storePart(byUp, upGradient + $0, $1)
    }
  }
}

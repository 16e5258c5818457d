// Norms of rows: single-precision streams in, activations out, and back.

public import VectorKernelsInterface

extension Kernels {
  public static func normalize(
    _ x: Floats, _ weight: Floats, _ epsilon: Float, _ y: MutableScalars, _ n: Int
  ) -> Float {
    let inverse = factor(dot(x, x, n), epsilon, n)
    normalize(x, weight, by: inverse, y, n)
    return inverse
  }

  public static func addAndNormalize(
    _ a: Floats, _ b: Floats, _ sum: MutableFloats, _ weight: Floats, _ epsilon: Float, _ y: MutableScalars,
    _ n: Int
  ) -> Float {
    var sums = noSums()
    forEachRun(n) {
      let value = (a + $0).load(Lanes.self) + (b + $0).load(Lanes.self)
      (sum + $0).store(value)
      addProducts(value, value, to: &sums)
    } _: {
      let value = loadPart(a + $0, $1, 0) + loadPart(b + $0, $1, 0)
      storePart(value, sum + $0, $1)
      addProducts(value, value, to: &sums)
    }
    let inverse = factor(total(sums), epsilon, n)
    normalize(sum, weight, by: inverse, y, n)
    return inverse
  }

  /// 1/√(mean + ε)
  @inline(__always)
  private static func factor(_ squares: Double, _ epsilon: Float, _ n: Int) -> Float {
    Float(1 / (squares / Double(n) + Double(epsilon)).squareRoot())
  }

  public static func normalize(
    _ x: Floats, _ weight: Floats, by factor: Float, _ y: MutableScalars, _ n: Int
  ) {
    y.isBrainFloat
      ? normalize(Rounded.self, x, weight, factor, y.base, n)
      : normalize(Plain.self, x, weight, factor, y.base, n)
  }

  @inline(__always)
  private static func normalize<S: Storage>(
    _: S.Type, _ x: Floats, _ weight: Floats, _ factor: Float, _ y: UnsafeMutableRawPointer, _ n: Int
  ) {
    let y = S.address(y)
    forEachRun(n) {
      S.store((weight + $0).load(Lanes.self) * ((x + $0).load(Lanes.self) * factor), y + $0)
    } _: {
      S.storePart(loadPart(weight + $0, $1, 0) * (loadPart(x + $0, $1, 0) * factor), y + $0, $1)
    }
  }

  public static func normalizeGradient(
    _ upstream: Scalars, _ x: Floats, _ weight: Floats, _ factor: Float, _ dx: MutableFloats,
    _ accumulating: Bool, _ dw: MutableFloats, _ n: Int
  ) {
    upstream.isBrainFloat
      ? slopes(Rounded.self, upstream.base, x, weight, factor, dx, accumulating, dw, n)
      : slopes(Plain.self, upstream.base, x, weight, factor, dx, accumulating, dw, n)
  }

  @inline(__always)
  private static func slopes<S: Storage>(
    _: S.Type, _ upstream: UnsafeRawPointer, _ x: Floats, _ weight: Floats, _ factor: Float,
    _ dx: MutableFloats, _ accumulating: Bool, _ dw: MutableFloats, _ n: Int
  ) {
    let upstream = S.address(upstream)
    var sums = noSums()
    forEachRun(n) {
      let (g, value) = (S.load(upstream + $0), (x + $0).load(Lanes.self))
      addProducts(g * (weight + $0).load(Lanes.self), value, to: &sums)
      (dw + $0).store(fused(g * factor, value, (dw + $0).load()))
    } _: {
      let (g, value) = (S.loadPart(upstream + $0, $1), loadPart(x + $0, $1, 0))
      addProducts(g * loadPart(weight + $0, $1, 0), value, to: &sums)
      storePart(fused(g * factor, value, loadPart(dw + $0, $1, 0)), dw + $0, $1)
    }
    let pull = Lanes(repeating: Float(-total(sums) * Double(factor) * Double(factor) / Double(n)))
    @inline(__always) func slope(_ upstream: Lanes, _ x: Lanes, _ weight: Lanes) -> Lanes {
      fused(pull, x, upstream * weight) * factor
    }
    forEachRun(n) {
      let value = slope(S.load(upstream + $0), (x + $0).load(), (weight + $0).load())
      (dx + $0).store(accumulating ? (dx + $0).load() + value : value)
    } _: {
      let value = slope(
        S.loadPart(upstream + $0, $1), loadPart(x + $0, $1, 0), loadPart(weight + $0, $1, 0))
      storePart(accumulating ? loadPart(dx + $0, $1, 0) + value : value, dx + $0, $1)
    }
  }
}

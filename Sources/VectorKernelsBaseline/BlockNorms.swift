// Layer norms of rows of the stream, and norms of heads, whose input is stored as activations are.

public import VectorKernelsInterface

extension Kernels {
  public static func layerNormalize(
    _ x: Floats, _ weight: Floats, _ bias: Floats, _ epsilon: Float, _ y: MutableScalars, _ n: Int
  ) -> (mean: Float, factor: Float) {
    var sums = noSums()
    forEachRun(n) {
      addNumbers((x + $0).load(), to: &sums)
    } _: {
      addNumbers(loadPart(x + $0, $1, 0), to: &sums)
    }
    let mean = Float(total(sums) / Double(n))
    sums = noSums()
    forEachRun(n) {
      let centred: Lanes = (x + $0).load(Lanes.self) - mean
      addProducts(centred, centred, to: &sums)
    } _: {
      let centred: Lanes = loadPart(x + $0, $1, mean) - mean
      addProducts(centred, centred, to: &sums)
    }
    let factor = Float(1 / (total(sums) / Double(n) + Double(epsilon)).squareRoot())
    layerNormalize(x, weight, bias, mean: mean, factor: factor, y, n)
    return (mean, factor)
  }

  public static func layerNormalize(
    _ x: Floats, _ weight: Floats, _ bias: Floats, mean: Float, factor: Float, _ y: MutableScalars, _ n: Int
  ) {
    y.isBrainFloat
      ? layerNormalize(Rounded.self, x, weight, bias, mean, factor, y.base, n)
      : layerNormalize(Plain.self, x, weight, bias, mean, factor, y.base, n)
  }

  @inline(__always)
  private static func layerNormalize<S: Storage>(
    _: S.Type, _ x: Floats, _ weight: Floats, _ bias: Floats, _ mean: Float, _ factor: Float,
    _ y: UnsafeMutableRawPointer, _ n: Int
  ) {
    let y = S.address(y)
    forEachRun(n) {
      let unit = ((x + $0).load(Lanes.self) - mean) * factor
      S.store(fused((weight + $0).load(Lanes.self), unit, (bias + $0).load()), y + $0)
    } _: {
      let unit = (loadPart(x + $0, $1, 0) - mean) * factor
      S.storePart(fused(loadPart(weight + $0, $1, 0), unit, loadPart(bias + $0, $1, 0)), y + $0, $1)
    }
  }

  public static func layerNormalizeGradient(
    _ upstream: Scalars, _ x: Floats, _ weight: Floats, mean: Float, factor: Float, _ dx: MutableFloats,
    _ accumulating: Bool, _ dw: MutableFloats, _ db: MutableFloats, _ n: Int
  ) {
    upstream.isBrainFloat
      ? layerSlopes(Rounded.self, upstream.base, x, weight, mean, factor, dx, accumulating, dw, db, n)
      : layerSlopes(Plain.self, upstream.base, x, weight, mean, factor, dx, accumulating, dw, db, n)
  }

  @inline(__always)
  private static func layerSlopes<S: Storage>(
    _: S.Type, _ upstream: UnsafeRawPointer, _ x: Floats, _ weight: Floats, _ mean: Float, _ factor: Float,
    _ dx: MutableFloats, _ accumulating: Bool, _ dw: MutableFloats, _ db: MutableFloats, _ n: Int
  ) {
    let upstream = S.address(upstream)
    var (sums, products) = (noSums(), noSums())
    forEachRun(n) {
      let g = S.load(upstream + $0)
      let unit = ((x + $0).load(Lanes.self) - mean) * factor
      let pulled = g * (weight + $0).load(Lanes.self)
      addNumbers(pulled, to: &sums)
      addProducts(pulled, unit, to: &products)
      (dw + $0).store(fused(g, unit, (dw + $0).load()))
      (db + $0).store((db + $0).load(Lanes.self) + g)
    } _: {
      let g = S.loadPart(upstream + $0, $1)
      let unit = (loadPart(x + $0, $1, mean) - mean) * factor
      let pulled = g * loadPart(weight + $0, $1, 0)
      addNumbers(pulled, to: &sums)
      addProducts(pulled, unit, to: &products)
      storePart(fused(g, unit, loadPart(dw + $0, $1, 0)), dw + $0, $1)
      storePart(loadPart(db + $0, $1, 0) + g, db + $0, $1)
    }
    let level = Lanes(repeating: Float(-total(sums) / Double(n)))
    let pull = Lanes(repeating: Float(-total(products) / Double(n)))
    @inline(__always) func slope(_ upstream: Lanes, _ x: Lanes, _ weight: Lanes) -> Lanes {
      fused(pull, (x - mean) * factor, fused(upstream, weight, level)) * factor
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

  public static func normalizeActivations(
    _ x: Scalars, _ weight: Floats, _ epsilon: Float, _ y: MutableScalars, _ n: Int
  ) -> Float {
    x.isBrainFloat
      ? normalizeActivations(Rounded.self, x.base, weight, epsilon, y.base, n)
      : normalizeActivations(Plain.self, x.base, weight, epsilon, y.base, n)
  }

  @inline(__always)
  private static func normalizeActivations<S: Storage>(
    _: S.Type, _ x: UnsafeRawPointer, _ weight: Floats, _ epsilon: Float, _ y: UnsafeMutableRawPointer,
    _ n: Int
  ) -> Float {
    let (x, y) = (S.address(x), S.address(y))
    var sums = noSums()
    forEachRun(n) {
      let value = S.load(x + $0)
      addProducts(value, value, to: &sums)
    } _: {
      let value = S.loadPart(x + $0, $1)
      addProducts(value, value, to: &sums)
    }
    let factor = Float(1 / (total(sums) / Double(n) + Double(epsilon)).squareRoot())
    forEachRun(n) {
      S.store((weight + $0).load(Lanes.self) * (S.load(x + $0) * factor), y + $0)
    } _: {
      S.storePart(loadPart(weight + $0, $1, 0) * (S.loadPart(x + $0, $1) * factor), y + $0, $1)
    }
    return factor
  }

  public static func normalizeActivationsGradient(
    _ upstream: Scalars, _ x: Scalars, _ weight: Floats, _ factor: Float, _ dx: MutableScalars,
    _ dw: MutableFloats, _ n: Int
  ) {
    x.isBrainFloat
      ? activationSlopes(Rounded.self, upstream.base, x.base, weight, factor, dx.base, dw, n)
      : activationSlopes(Plain.self, upstream.base, x.base, weight, factor, dx.base, dw, n)
  }

  @inline(__always)
  private static func activationSlopes<S: Storage>(
    _: S.Type, _ upstream: UnsafeRawPointer, _ x: UnsafeRawPointer, _ weight: Floats, _ factor: Float,
    _ dx: UnsafeMutableRawPointer, _ dw: MutableFloats, _ n: Int
  ) {
    let (upstream, x, dx) = (S.address(upstream), S.address(x), S.address(dx))
    var sums = noSums()
    forEachRun(n) {
      let (g, value) = (S.load(upstream + $0), S.load(x + $0))
      addProducts(g * (weight + $0).load(Lanes.self), value, to: &sums)
      (dw + $0).store(fused(g * factor, value, (dw + $0).load()))
    } _: {
      let (g, value) = (S.loadPart(upstream + $0, $1), S.loadPart(x + $0, $1))
      addProducts(g * loadPart(weight + $0, $1, 0), value, to: &sums)
      storePart(fused(g * factor, value, loadPart(dw + $0, $1, 0)), dw + $0, $1)
    }
    let pull = Lanes(repeating: Float(-total(sums) * Double(factor) * Double(factor) / Double(n)))
    forEachRun(n) {
      let pulled = S.load(upstream + $0) * (weight + $0).load(Lanes.self)
      S.store(fused(pull, S.load(x + $0), pulled) * factor, dx + $0)
    } _: {
      let pulled = S.loadPart(upstream + $0, $1) * loadPart(weight + $0, $1, 0)
      S.storePart(fused(pull, S.loadPart(x + $0, $1), pulled) * factor, dx + $0, $1)
    }
  }
}

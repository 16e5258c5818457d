// Element-wise kernels, sums and the optimizer's step.

import ProcessorFeatures
public import VectorKernelsInterface

extension Kernels: ElementKernels {
  public static func exponential(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    mapLanes(x, y, n) { Curves.exponential($0) }
  }

  public static func logarithm(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    mapLanes(x, y, n) { Curves.logarithm($0) }
  }

  public static func hyperbolicTangent(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    mapLanes(x, y, n) { Curves.hyperbolicTangent($0) }
  }

  public static func sigmoid(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    mapLanes(x, y, n) { Curves.sigmoid($0) }
  }

  public static func softplus(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    mapLanes(x, y, n) { Curves.softplus($0) }
  }

  public static func reciprocalSquareRoot(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    mapLanes(x, y, n) { 1 / processor_square_root($0) }
  }

  public static func add(_ x: Floats, _ y: MutableFloats, _ n: Int) {
    mapLanes(x, y, y, n) { $1 + $0 }
  }

  public static func addScaled(_ x: Floats, _ s: Float, _ y: MutableFloats, _ n: Int) {
    mapLanes(x, y, y, n) { fused(Lanes(repeating: s), $0, $1) }
  }

  public static func scale(_ y: MutableFloats, _ s: Float, _ n: Int) {
    mapLanes(y, y, n) { $0 * s }
  }

  public static func multiply(_ x: Floats, _ y: Floats, _ z: MutableFloats, _ n: Int) {
    mapLanes(x, y, z, n) { $0 * $1 }
  }

  public static func blend(_ x: Floats, _ y: MutableFloats, _ weight: Float, _ n: Int) {
    let rest = 1 - weight
    mapLanes(x, y, y, n) { fused(Lanes(repeating: weight), $0, $1 * rest) }
  }

  public static func sum(_ x: Floats, _ n: Int) -> Double {
    var sums = noSums()
    forEachRun(n) {
      // The next page: the processor looks no further ahead than the end of this one. 9 to 12 GB/s a thread.
      processor_prefetch(x + $0 + 1024)
      addNumbers((x + $0).load(), to: &sums)
    } _: {
      addNumbers(loadPart(x + $0, $1, 0), to: &sums)
    }
    return total(sums)
  }

  public static func dot(_ x: Floats, _ y: Floats, _ n: Int) -> Double {
    var sums = noSums()
    forEachRun(n) {
      addProducts((x + $0).load(), (y + $0).load(), to: &sums)
    } _: {
      addProducts(loadPart(x + $0, $1, 0), loadPart(y + $0, $1, 0), to: &sums)
    }
    return total(sums)
  }

  public static func isFinite(_ x: Floats, _ n: Int) -> Bool {
    // 0·x is 0 for finite x and NaN otherwise.
    var zeros = Lanes.zero
    forEachRun(n) {
      zeros += (x + $0).load(Lanes.self) * 0
    } _: {
      zeros += loadPart(x + $0, $1, 0) * 0
    }
    return all(zeros .== 0)
  }

  public static func adamw(
    _ values: MutableFloats, _ gradient: Floats, _ first: MutableFloats, _ second: MutableFloats,
    _ factors: AdamWFactors, _ n: Int
  ) {
    // torch.lerp blends from the nearer end.
    let isFromOld = factors.firstBlend < 0.5
    let blend = Lanes(repeating: isFromOld ? factors.firstBlend : factors.firstBlend - 1)
    @inline(__always) func step(
      _ value: Lanes, _ gradient: Lanes, _ old: Lanes, _ square: Lanes
    ) -> (Lanes, Lanes, Lanes) {
      let new = gradient * factors.gradientScale
      let blended = fused(blend, new - old, isFromOld ? old : new)
      let squared = square * factors.secondKeep + new * factors.secondBlend * new
      let denominator = processor_square_root(squared) / factors.secondCorrection + factors.epsilon
      return (value * factors.shrink + blended * factors.step / denominator, blended, squared)
    }
    forEachRun(n) {
      let (value, blended, squared) = step(
        (values + $0).load(), (gradient + $0).load(), (first + $0).load(), (second + $0).load())
      (values + $0).store(value)
      (first + $0).store(blended)
      (second + $0).store(squared)
    } _: {
      let (value, blended, squared) = step(
        loadPart(values + $0, $1, 0), loadPart(gradient + $0, $1, 0), loadPart(first + $0, $1, 0),
        loadPart(second + $0, $1, 0))
      storePart(value, values + $0, $1)
      storePart(blended, first + $0, $1)
      storePart(squared, second + $0, $1)
    }
  }
}

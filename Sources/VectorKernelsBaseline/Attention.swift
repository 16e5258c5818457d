// Rows of attention: exponentials, their sum and rounding in as few passes over a row as there can be.

import ProcessorFeatures
public import VectorKernelsInterface

/// `x`, and `fill` from column `count` on.
@inline(__always)
private func first(_ count: Int, of x: Lanes, else fill: Float) -> Lanes {
  // Numbers, since integers are compared lane by lane.
  let columns = Lanes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
  return x.replacing(with: fill, where: columns .>= Float(count))
}

/// The largest of a row's visible scores.
@inline(__always)
private func largest(_ scores: Floats, _ visible: Int) -> Float {
  // Four at a time, so that no comparison waits for the one before it.
  var a = Lanes(repeating: -.infinity)
  var (b, c, d) = (a, a, a)
  var start = 0
  while start + 64 <= visible {
    a = larger(a, (scores + start).load())
    b = larger(b, (scores + start + 16).load())
    c = larger(c, (scores + start + 32).load())
    d = larger(d, (scores + start + 48).load())
    start += 64
  }
  while start < visible {
    a = larger(a, first(visible - start, of: (scores + start).load(), else: -.infinity))
    start += 16
  }
  return processor_largest(processor_larger(processor_larger(a, b), processor_larger(c, d)))
}

/// 2^y within 2 ulp for y below 127, 0 below −126.
@inline(__always)
private func powerOfTwo(_ y: Lanes) -> Lanes {
  // Adding and subtracting 1.5·2²³ rounds to an integer, which then stands in the lowest bits.
  let shifted = y + 12_582_912
  let f = y - (shifted - 12_582_912)
  // Minimax in relative error on ±½: 9.1e-8.
  var p = Lanes(repeating: 1.326_472_7e-3)
  p = fused(p, f, Lanes(repeating: 9.671_513e-3))
  p = fused(p, f, Lanes(repeating: 5.550_730_7e-2))
  p = fused(p, f, Lanes(repeating: 2.402_224_2e-1))
  p = fused(p, f, Lanes(repeating: 6.931_47e-1))
  p = fused(p, f, Lanes(repeating: 1))
  let raised = unsafeBitCast(p, to: Integers.self) &+ (unsafeBitCast(shifted, to: Integers.self) &<< 23)
  return unsafeBitCast(raised, to: Lanes.self).replacing(with: 0, where: y .< -126)
}

/// What a row is stored as.
private protocol Stored {
  static func store(_ x: Lanes, _ target: UnsafeMutablePointer<Self>)
}

extension Float: Stored {
  @inline(__always)
  fileprivate static func store(_ x: Lanes, _ target: UnsafeMutablePointer<Float>) { target.store(x) }
}

extension UInt16: Stored {
  @inline(__always)
  fileprivate static func store(_ x: Lanes, _ target: UnsafeMutablePointer<UInt16>) {
    UnsafeMutableRawPointer(target).storeBytes(of: brainFloats(x), as: SIMD16<UInt16>.self)
  }
}

/// Zeros in columns `range`, whose bounds are multiples of 16.
@inline(__always)
private func clear<Target: Stored>(_ target: UnsafeMutablePointer<Target>, _ range: Range<Int>) {
  var start = range.lowerBound
  while start < range.upperBound {
    Target.store(.zero, target + start)
    start += 16
  }
}

/// See `AttentionKernels.exponentiate`.
@inline(__always)
private func exponentiateRow<Target: Stored>(
  _ scores: Floats, _ scale: Float, _ visible: Int, _ n: Int, _ weights: UnsafeMutablePointer<Target>
) -> Float {
  let factor = scale * 1.442_695_04
  // Subtracted before it is scaled, so that the largest one's exponential is exactly 1.
  let peak = Lanes(repeating: largest(scores, visible))
  var sums = Lanes.zero
  var start = 0
  while start + 16 <= visible {
    let e = powerOfTwo(((scores + start).load() - peak) * factor)
    sums += e
    Target.store(e, weights + start)
    start += 16
  }
  if start < visible {
    let e = powerOfTwo(((scores + start).load() - peak) * factor)
    let seen = first(visible - start, of: e, else: 0)
    sums += seen
    Target.store(seen, weights + start)
    start += 16
  }
  clear(weights, start..<n)
  return 1 / processor_sum(sums)
}

/// See `AttentionKernels.softmaxGradient`.
@inline(__always)
private func softmaxGradientRow<Target: Stored>(
  _ scores: MutableFloats, _ slopes: Floats, _ scale: Float, _ visible: Int, _ n: Int,
  _ shares: UnsafeMutablePointer<Target>, _ gradient: UnsafeMutablePointer<Target>
) {
  let factor = scale * 1.442_695_04
  // Subtracted before it is scaled, so that the largest one's exponential is exactly 1.
  let peak = Lanes(repeating: largest(scores, visible))
  var (sums, products) = (Lanes.zero, Lanes.zero)
  var start = 0
  while start + 16 <= visible {
    let e = powerOfTwo(((scores + start).load() - peak) * factor)
    sums += e
    products = fused(e, (slopes + start).load(), products)
    (scores + start).store(e)
    start += 16
  }
  let end = (visible + 15) / 16 * 16
  if start < visible {
    let e = powerOfTwo(((scores + start).load() - peak) * factor)
    let seen = first(visible - start, of: e, else: 0)
    sums += seen
    products = fused(seen, first(visible - start, of: (slopes + start).load(), else: 0), products)
    (scores + start).store(seen)
  }
  let inverse = 1 / processor_sum(sums)
  let projection = Lanes(repeating: processor_sum(products) * inverse)
  start = 0
  while start < end {
    let e: Lanes = (scores + start).load()
    // Hidden slopes may be anything; their weight is 0.
    let slope = first(visible - start, of: (slopes + start).load(), else: 0)
    let p = e * inverse
    Target.store(p, shares + start)
    Target.store(p * scale * (slope - projection), gradient + start)
    start += 16
  }
  clear(shares, end..<n)
  clear(gradient, end..<n)
}

extension Kernels: AttentionKernels {
  public static func exponentiate(
    _ scores: Floats, _ scale: Float, _ visible: Int, _ n: Int, into weights: MutableFloats
  ) -> Float {
    exponentiateRow(scores, scale, visible, n, weights)
  }

  public static func exponentiate(
    _ scores: Floats, _ scale: Float, _ visible: Int, _ n: Int, into weights: UnsafeMutablePointer<UInt16>
  ) -> Float {
    exponentiateRow(scores, scale, visible, n, weights)
  }

  public static func softmaxGradient(
    _ scores: MutableFloats, _ slopes: Floats, _ scale: Float, _ visible: Int, _ n: Int,
    shares: MutableFloats, gradient: MutableFloats
  ) {
    softmaxGradientRow(scores, slopes, scale, visible, n, shares, gradient)
  }

  public static func softmaxGradient(
    _ scores: MutableFloats, _ slopes: Floats, _ scale: Float, _ visible: Int, _ n: Int,
    shares: UnsafeMutablePointer<UInt16>, gradient: UnsafeMutablePointer<UInt16>
  ) {
    softmaxGradientRow(scores, slopes, scale, visible, n, shares, gradient)
  }

  public static func scaled(_ x: Floats, _ s: Float, _ n: Int, into y: MutableFloats) {
    mapLanes(x, y, n) { $0 * s }
  }

  public static func scaled(_ x: Floats, _ s: Float, _ n: Int, into y: UnsafeMutablePointer<UInt16>) {
    forEachRun(n) {
      UInt16.store((x + $0).load() * s, y + $0)
    } _: {
      let last = brainFloats(loadPart(x + $0, $1, 0) * s)
      for index in 0..<$1 { y[$0 + index] = last[index] }
    }
  }
}

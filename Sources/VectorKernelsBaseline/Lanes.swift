// Loops over sixteen elements at a time, with the last few in a vector filled up with something harmless.

import ProcessorFeatures
import VectorKernelsInterface

/// The first `count` of sixteen elements, then `fill`.
@inline(__always)
func loadPart(_ source: Floats, _ count: Int, _ fill: Float) -> Lanes {
  var result = Lanes(repeating: fill)
  for index in 0..<count { result[index] = source[index] }
  return result
}

/// Writes the first `count` of sixteen elements.
@inline(__always)
func storePart(_ value: Lanes, _ target: MutableFloats, _ count: Int) {
  for index in 0..<count { target[index] = value[index] }
}

/// Calls `whole` for each run of sixteen elements, then `part` with the rest if there is one.
@inline(__always)
func forEachRun(_ n: Int, _ whole: (_ start: Int) -> Void, _ part: (_ start: Int, _ count: Int) -> Void) {
  var start = 0
  while start + 16 <= n {
    whole(start)
    start += 16
  }
  if start < n { part(start, n - start) }
}

/// y = f(x)
@inline(__always)
func mapLanes(_ x: Floats, _ y: MutableFloats, _ n: Int, _ function: (Lanes) -> Lanes) {
  forEachRun(n) {
    (y + $0).store(function((x + $0).load()))
  } _: {
    storePart(function(loadPart(x + $0, $1, 1)), y + $0, $1)
  }
}

/// z = f(x, y)
@inline(__always)
func mapLanes(_ x: Floats, _ y: Floats, _ z: MutableFloats, _ n: Int, _ function: (Lanes, Lanes) -> Lanes) {
  forEachRun(n) {
    (z + $0).store(function((x + $0).load(), (y + $0).load()))
  } _: {
    storePart(function(loadPart(x + $0, $1, 1), loadPart(y + $0, $1, 1)), z + $0, $1)
  }
}

/// Sixteen double-precision sums. (A tuple: see `Strip` for why there are no structs of vectors.)
typealias Sums = (low: SIMD8<Double>, high: SIMD8<Double>)

/// Sixteen zeros.
@inline(__always)
func noSums() -> Sums { (.zero, .zero) }

/// Adds each number to its sum.
@inline(__always)
func addNumbers(_ x: Lanes, to sums: inout Sums) {
  sums.low += processor_widen(x.lowHalf)
  sums.high += processor_widen(x.highHalf)
}

/// Adds each product, which is exact, to its sum.
@inline(__always)
func addProducts(_ x: Lanes, _ y: Lanes, to sums: inout Sums) {
  sums.low += processor_widen(x.lowHalf) * processor_widen(y.lowHalf)
  sums.high += processor_widen(x.highHalf) * processor_widen(y.highHalf)
}

/// The sum of all, added pairwise.
@inline(__always)
func total(_ sums: Sums) -> Double {
  let eight = sums.low + sums.high
  let four = eight.lowHalf + eight.highHalf
  let two = four.lowHalf + four.highHalf
  return two.x + two.y
}

/// The larger one of each pair; where `b` is NaN, `a`.
@inline(__always)
func larger(_ a: Lanes, _ b: Lanes) -> Lanes {
  a.replacing(with: b, where: b .> a)
}

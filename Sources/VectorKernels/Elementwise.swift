// Element-wise functions and updates of whole buffers and matrices, split over the pool when they are long.

import VectorKernelsInterface

/// Elements per piece of parallel work; also the granularity of sums, so fixed for good.
let blockLength = 1 << 15

/// Calls `body(start, length)` for consecutive blocks of `count` elements.
func forEachBlock(of count: Int, _ body: @Sendable (Int, Int) -> Void) {
  let blocks = (count + blockLength - 1) / blockLength
  if blocks <= 1 { return body(0, count) }
  KernelPool.shared.parallel(blocks) { block in
    let start = block * blockLength
    body(start, min(blockLength, count - start))
  }
}

/// Traps unless two buffers are of one length.
@inline(__always)
func requireEqualCounts<A, B>(_ a: AlignedBuffer<A>, _ b: AlignedBuffer<B>, _ operation: StaticString) {
  precondition(a.count == b.count, "\(operation): \(a.count) and \(b.count) elements")
}

/// Writes `e^x` for each element; `y` may be `x`.
public func exp(_ x: FloatBuffer, into y: FloatBuffer) {
  requireEqualCounts(x, y, "exp")
  forEachBlock(of: x.count) { activeKernels.exponential(x.base + $0, y.base + $0, $1) }
}

/// Writes the natural logarithm of each element; `y` may be `x`.
public func log(_ x: FloatBuffer, into y: FloatBuffer) {
  requireEqualCounts(x, y, "log")
  forEachBlock(of: x.count) { activeKernels.logarithm(x.base + $0, y.base + $0, $1) }
}

/// Writes the hyperbolic tangent of each element; `y` may be `x`.
public func tanh(_ x: FloatBuffer, into y: FloatBuffer) {
  requireEqualCounts(x, y, "tanh")
  forEachBlock(of: x.count) { activeKernels.hyperbolicTangent(x.base + $0, y.base + $0, $1) }
}

/// Writes `1/(1 + e^−x)` for each element; `y` may be `x`.
public func sigmoid(_ x: FloatBuffer, into y: FloatBuffer) {
  requireEqualCounts(x, y, "sigmoid")
  forEachBlock(of: x.count) { activeKernels.sigmoid(x.base + $0, y.base + $0, $1) }
}

/// Writes `log(1 + e^x)` for each element; `y` may be `x`.
public func softplus(_ x: FloatBuffer, into y: FloatBuffer) {
  requireEqualCounts(x, y, "softplus")
  forEachBlock(of: x.count) { activeKernels.softplus(x.base + $0, y.base + $0, $1) }
}

/// Writes `1/√x` for each element; `y` may be `x`.
public func reciprocalSquareRoot(_ x: FloatBuffer, into y: FloatBuffer) {
  requireEqualCounts(x, y, "reciprocalSquareRoot")
  forEachBlock(of: x.count) { activeKernels.reciprocalSquareRoot(x.base + $0, y.base + $0, $1) }
}

/// Adds `x` to `y`.
public func add(_ x: FloatBuffer, to y: FloatBuffer) {
  requireEqualCounts(x, y, "add")
  forEachBlock(of: x.count) { activeKernels.add(x.base + $0, y.base + $0, $1) }
}

/// Adds `x` to `y`, row by row.
///
/// - Shapes: both `[rows, columns]`.
public func add<Scalar: ActivationScalar>(_ x: Matrix<Scalar>, to y: Matrix<Float>) {
  requireEqualShapes(x, y, "add")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      let source: Scalars = x.scalars(i)
      activeKernels.add(source, y.row(i), x.columns)
    }
  }
}

/// Writes `a + b` into `sum`, row by row.
///
/// - Shapes: all `[rows, columns]`; `sum` may be `a` or `b`.
public func add(_ a: Matrix<Float>, _ b: Matrix<Float>, into sum: Matrix<Float>) {
  requireEqualShapes(a, b, "add")
  requireEqualShapes(a, sum, "add")
  // What stands in `sum` already needs no copy, and two numbers have one sum in either order.
  let (first, second) = sum.row(0) == b.row(0) ? (b, a) : (a, b)
  forEachRowRange(a.rows, columns: a.columns) { range in
    for i in range {
      if sum.row(i) != first.row(i) { sum.row(i).update(from: first.row(i), count: a.columns) }
      activeKernels.add(second.row(i), sum.row(i), a.columns)
    }
  }
}

/// Adds `s·x` to `y`.
public func addScaled(_ x: FloatBuffer, by s: Float, to y: FloatBuffer) {
  requireEqualCounts(x, y, "addScaled")
  forEachBlock(of: x.count) { activeKernels.addScaled(x.base + $0, s, y.base + $0, $1) }
}

/// Multiplies every element of `y` by `s`.
public func scale(_ y: FloatBuffer, by s: Float) {
  forEachBlock(of: y.count) { activeKernels.scale(y.base + $0, s, $1) }
}

/// Writes the element-wise product of `x` and `y` into `z`, which may be either of them.
public func multiply(_ x: FloatBuffer, _ y: FloatBuffer, into z: FloatBuffer) {
  requireEqualCounts(x, y, "multiply")
  requireEqualCounts(x, z, "multiply")
  forEachBlock(of: x.count) { activeKernels.multiply(x.base + $0, y.base + $0, z.base + $0, $1) }
}

/// Replaces `y` by `weight·x + (1 − weight)·y`.
public func blend(_ x: FloatBuffer, into y: FloatBuffer, weight: Float) {
  requireEqualCounts(x, y, "blend")
  forEachBlock(of: x.count) { activeKernels.blend(x.base + $0, y.base + $0, weight, $1) }
}

/// Does one step of AdamW, in the order of single-precision operations of PyTorch's loop over parameters.
///
///     values −= learningRate·decay·values;  first ← lerp(first, gradient, 1 − β₁)
///     second ← β₂·second + (1 − β₂)·gradient²
///     values −= learningRate/(1 − β₁ᵗ) · first / (√second/√(1 − β₂ᵗ) + ε)
///
/// - Parameters:
///   - gradientScale: what every scalar of `gradient` is multiplied by first, rounded.
///   - step: `t`, which counts from 1.
public func adamw(
  values: FloatBuffer, gradient: FloatBuffer, scaledBy gradientScale: Float = 1, first: FloatBuffer,
  second: FloatBuffer, learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, decay: Double,
  step: Int
) {
  requireEqualCounts(values, gradient, "adamw")
  requireEqualCounts(values, first, "adamw")
  requireEqualCounts(values, second, "adamw")
  precondition(step > 0, "adamw: step \(step) instead of 1 or more")
  let factors = AdamWFactors(
    learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, decay: decay, step: step,
    gradientScale: gradientScale)
  forEachBlock(of: values.count) {
    activeKernels.adamw(
      values.base + $0, gradient.base + $0, first.base + $0, second.base + $0, factors, $1)
  }
}

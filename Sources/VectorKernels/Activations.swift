// Kernels on activations, in whichever type they are stored: norms, rotary positions.

import VectorKernelsInterface

extension Matrix where Scalar: ActivationScalar {
  /// Row `row`, as kernels read it.
  @inline(__always)
  func scalars(_ row: Int) -> Scalars {
    Scalars(UnsafeRawPointer(self.row(row)), isBrainFloat: Scalar.self == UInt16.self)
  }

  /// Row `row`, as kernels write it.
  @inline(__always)
  func scalars(_ row: Int) -> MutableScalars {
    MutableScalars(UnsafeMutableRawPointer(self.row(row)), isBrainFloat: Scalar.self == UInt16.self)
  }

  /// Writes one number, rounded to what is stored.
  func set(_ number: Float, _ row: Int, _ column: Int) {
    let target: MutableScalars = scalars(row)
    if target.isBrainFloat {
      withUnsafePointer(to: number) {
        activeKernels.toBrainFloat($0, target.base.assumingMemoryBound(to: UInt16.self) + column, 1)
      }
    } else {
      target.base.assumingMemoryBound(to: Float.self)[column] = number
    }
  }
}

/// `x` as activations are stored: itself in single precision, else its rounding in `room`.
///
/// - Shapes: `room` makes a matrix of `x`'s shape.
public func stored<Scalar: ActivationScalar>(_ x: Matrix<Float>, in room: () -> Matrix<Scalar>) -> Matrix<
  Scalar
> {
  if let same = x as? Matrix<Scalar> { return same }
  let rounded = room()
  requireEqualShapes(x, rounded, "stored")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      let target: MutableScalars = rounded.scalars(i)
      activeKernels.toBrainFloat(x.row(i), target.base.assumingMemoryBound(to: UInt16.self), x.columns)
    }
  }
  return rounded
}

/// Writes `weight·x/√(mean(x²) + ε)`, row by row, and the factors `1/√(…)` that the gradient needs.
///
/// - Shapes: `x` and `y` are `[rows, d]`, `weight` `[d]`, `inverses` `[rows]`.
public func rootMeanSquareNorm<Scalar: ActivationScalar>(
  x: Matrix<Float>, weight: FloatBuffer, epsilon: Float, into y: Matrix<Scalar>, inverses: FloatBuffer
) {
  requireEqualShapes(x, y, "rootMeanSquareNorm")
  requireNorm(x, weight, inverses, "rootMeanSquareNorm")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      inverses.base[i] = activeKernels.normalize(x.row(i), weight.base, epsilon, y.scalars(i), x.columns)
    }
  }
}

/// Writes `a + b` into `sum`, and its norm as ``rootMeanSquareNorm(x:weight:epsilon:into:inverses:)`` does.
///
/// - Shapes: `a`, `b`, `sum` and `y` are `[rows, d]`, `weight` `[d]`, `inverses` `[rows]`; `sum` may be `a` or `b`.
public func addAndNormalize<Scalar: ActivationScalar>(
  _ a: Matrix<Float>, _ b: Matrix<Float>, into sum: Matrix<Float>, weight: FloatBuffer, epsilon: Float,
  normed y: Matrix<Scalar>, inverses: FloatBuffer
) {
  requireEqualShapes(a, b, "addAndNormalize")
  requireEqualShapes(a, sum, "addAndNormalize")
  requireEqualShapes(a, y, "addAndNormalize")
  requireNorm(a, weight, inverses, "addAndNormalize")
  forEachRowRange(a.rows, columns: a.columns) { range in
    for i in range {
      inverses.base[i] = activeKernels.addAndNormalize(
        a.row(i), b.row(i), sum.row(i), weight.base, epsilon, y.scalars(i), a.columns)
    }
  }
}

/// Writes `weight·x·factor`, row by row: the norm once more, from the factors that it returned.
///
/// - Shapes: as in ``rootMeanSquareNorm(x:weight:epsilon:into:inverses:)``.
public func rootMeanSquareNorm<Scalar: ActivationScalar>(
  x: Matrix<Float>, weight: FloatBuffer, knownInverses inverses: FloatBuffer, into y: Matrix<Scalar>
) {
  requireEqualShapes(x, y, "rootMeanSquareNorm")
  requireNorm(x, weight, inverses, "rootMeanSquareNorm")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      activeKernels.normalize(x.row(i), weight.base, by: inverses.base[i], y.scalars(i), x.columns)
    }
  }
}

/// Writes, or adds to `dx`, the gradient by `x`; adds the gradient by `weight` to `weightGradient`.
///
/// A weight's sum runs over blocks of 64 rows, then over the blocks, whatever the threads.
/// - Shapes: as in ``rootMeanSquareNorm(x:weight:epsilon:into:inverses:)``; `upstream` and `dx` are `[rows, d]`.
public func rootMeanSquareNormGradient<Scalar: ActivationScalar>(
  upstream: Matrix<Scalar>, x: Matrix<Float>, weight: FloatBuffer, inverses: FloatBuffer,
  into dx: Matrix<Float>, accumulating: Bool = false, weightGradient: FloatBuffer?
) {
  requireEqualShapes(upstream, x, "rootMeanSquareNormGradient")
  requireEqualShapes(dx, x, "rootMeanSquareNormGradient")
  requireNorm(x, weight, inverses, "rootMeanSquareNormGradient")
  precondition(
    (weightGradient?.count ?? x.columns) == x.columns,
    "rootMeanSquareNormGradient: \(weightGradient?.count ?? 0) weights for \(x.columns) columns")
  let height = 64
  let blocks = (x.rows + height - 1) / height
  withScratch(max(1, blocks * x.columns)) { partial in
    KernelPool.shared.parallel(blocks) { block in
      let sum = partial.base + block * x.columns
      sum.update(repeating: 0, count: x.columns)
      for i in block * height..<min(x.rows, (block + 1) * height) {
        activeKernels.normalizeGradient(
          upstream.scalars(i), x.row(i), weight.base, inverses.base[i], dx.row(i), accumulating, sum,
          x.columns)
      }
    }
    guard let weightGradient else { return }
    for block in 0..<blocks {
      activeKernels.add(partial.base + block * x.columns, weightGradient.base, x.columns)
    }
  }
}

private func requireNorm(
  _ x: Matrix<Float>, _ weight: FloatBuffer, _ inverses: FloatBuffer, _ operation: StaticString
) {
  precondition(
    weight.count == x.columns && inverses.count == x.rows,
    "\(operation): \(weight.count) weights and \(inverses.count) factors for \(x.rows) × \(x.columns)")
}

/// Turns pairs of columns by their token's angles, in place; `inverse` turns them back (the gradient).
///
/// Of every head the first columns are turned, as many as there are angles twice: column `i` pairs with the one as
/// many columns further as there are angles, as in the Llama family. The others stay.
/// - Parameters:
///   - headWidth: the columns of a head.
///   - step: how far apart heads begin; `headWidth` unless given.
/// - Shapes: `x` `[tokens, (heads − 1)·step + headWidth]`; row `t` of `cosines` and `sines` `[tokens, angles]` is
///   token `t`'s.
public func rotate<Scalar: ActivationScalar>(
  x: Matrix<Scalar>, headWidth: Int, step: Int? = nil, cosines: Matrix<Float>, sines: Matrix<Float>,
  inverse: Bool = false
) {
  let (step, width) = (step ?? headWidth, 2 * cosines.columns)
  precondition(
    headWidth > 0 && width <= headWidth && step >= headWidth && (x.columns - headWidth) % step == 0,
    "rotate: \(width) columns of heads of \(headWidth), \(step) apart, in \(x.columns) columns")
  requireEqualShapes(cosines, sines, "rotate")
  precondition(cosines.rows == x.rows, "rotate: angles of \(cosines.rows) tokens for \(x.rows)")
  let heads = (x.columns - headWidth) / step + 1
  forEachRowRange(x.rows, columns: x.columns) { range in
    for t in range {
      activeKernels.rotate(x.scalars(t), heads, step, width, cosines.row(t), sines.row(t), inverse)
    }
  }
}

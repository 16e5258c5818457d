// Norms of rows and of heads, with means taken off or without, and their gradients.

import VectorKernelsInterface

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
  sumOverBlocks(x.rows, into: [weightGradient], columns: x.columns) { rows, sums in
    for i in rows {
      activeKernels.normalizeGradient(
        upstream.scalars(i), x.row(i), weight.base, inverses.base[i], dx.row(i), accumulating, sums[0].base,
        x.columns)
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

/// Writes `weight·(x − mean)/√(variance + ε) + bias`, row by row, and what the gradient needs: means and the
/// factors `1/√(…)`.
///
/// - Shapes: `x` and `y` are `[rows, d]`, `weight` and `bias` `[d]`, `means` and `factors` `[rows]`.
public func layerNorm<Scalar: ActivationScalar>(
  x: Matrix<Float>, weight: FloatBuffer, bias: FloatBuffer, epsilon: Float, into y: Matrix<Scalar>,
  means: FloatBuffer, factors: FloatBuffer
) {
  requireEqualShapes(x, y, "layerNorm")
  requireLayerNorm(x, weight, bias, means, factors, "layerNorm")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      let found = activeKernels.layerNormalize(
        x.row(i), weight.base, bias.base, epsilon, y.scalars(i), x.columns)
      (means.base[i], factors.base[i]) = found
    }
  }
}

/// The layer norm once more, from the means and factors that it wrote.
///
/// - Shapes: as in ``layerNorm(x:weight:bias:epsilon:into:means:factors:)``.
public func layerNorm<Scalar: ActivationScalar>(
  x: Matrix<Float>, weight: FloatBuffer, bias: FloatBuffer, knownMeans means: FloatBuffer,
  factors: FloatBuffer, into y: Matrix<Scalar>
) {
  requireEqualShapes(x, y, "layerNorm")
  requireLayerNorm(x, weight, bias, means, factors, "layerNorm")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      activeKernels.layerNormalize(
        x.row(i), weight.base, bias.base, mean: means.base[i], factor: factors.base[i], y.scalars(i),
        x.columns)
    }
  }
}

/// Writes, or adds to `dx`, the layer norm's gradient by `x`; adds those by weight and bias to theirs.
///
/// Their sums run over blocks of 64 rows, then over the blocks, whatever the threads.
/// - Shapes: as in ``layerNorm(x:weight:bias:epsilon:into:means:factors:)``; `upstream` and `dx` are `[rows, d]`.
public func layerNormGradient<Scalar: ActivationScalar>(
  upstream: Matrix<Scalar>, x: Matrix<Float>, weight: FloatBuffer, means: FloatBuffer, factors: FloatBuffer,
  into dx: Matrix<Float>, accumulating: Bool = false, weightGradient: FloatBuffer?, biasGradient: FloatBuffer?
) {
  requireEqualShapes(upstream, x, "layerNormGradient")
  requireEqualShapes(dx, x, "layerNormGradient")
  requireLayerNorm(x, weight, weight, means, factors, "layerNormGradient")
  sumOverBlocks(x.rows, into: [weightGradient, biasGradient], columns: x.columns) { rows, sums in
    for i in rows {
      activeKernels.layerNormalizeGradient(
        upstream.scalars(i), x.row(i), weight.base, mean: means.base[i], factor: factors.base[i], dx.row(i),
        accumulating, sums[0].base, sums[1].base, x.columns)
    }
  }
}

private func requireLayerNorm(
  _ x: Matrix<Float>, _ weight: FloatBuffer, _ bias: FloatBuffer, _ means: FloatBuffer,
  _ factors: FloatBuffer, _ operation: StaticString
) {
  precondition(
    weight.count == x.columns && bias.count == x.columns && means.count == x.rows && factors.count == x.rows,
    "\(operation): \(weight.count) weights, \(bias.count) biases and \(factors.count) factors for "
      + "\(x.rows) × \(x.columns)")
}

/// Writes `weight·x/√(mean(x²) + ε)` for every head of every row on its own, and the factors that the gradient needs.
///
/// - Shapes: `x` and `y` are `[rows, heads·width]`, `weight` `[width]`, `inverses` `[rows·heads]`, head after head.
public func headNorm<Scalar: ActivationScalar>(
  x: Matrix<Scalar>, weight: FloatBuffer, epsilon: Float, into y: Matrix<Scalar>, inverses: FloatBuffer
) {
  requireEqualShapes(x, y, "headNorm")
  let heads = requireHeads(x, weight, inverses, "headNorm")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      for head in 0..<heads {
        inverses.base[i * heads + head] = activeKernels.normalizeActivations(
          x.scalars(i, from: head * weight.count), weight.base, epsilon,
          y.scalars(i, from: head * weight.count), weight.count)
      }
    }
  }
}

/// Turns the gradient by what ``headNorm(x:weight:epsilon:into:inverses:)`` made into the one by its input, in
/// place, and adds the one by the weight to `weightGradient`.
///
/// - Shapes: as there; `gradient` is `[rows, heads·width]`.
public func headNormGradient<Scalar: ActivationScalar>(
  _ gradient: Matrix<Scalar>, x: Matrix<Scalar>, weight: FloatBuffer, inverses: FloatBuffer,
  weightGradient: FloatBuffer?
) {
  requireEqualShapes(gradient, x, "headNormGradient")
  let (heads, width) = (requireHeads(x, weight, inverses, "headNormGradient"), weight.count)
  sumOverBlocks(x.rows, into: [weightGradient], columns: width) { rows, sums in
    for i in rows {
      for head in 0..<heads {
        let slopes: MutableScalars = gradient.scalars(i, from: head * width)
        activeKernels.normalizeActivationsGradient(
          Scalars(UnsafeRawPointer(slopes.base), isBrainFloat: slopes.isBrainFloat),
          x.scalars(i, from: head * width), weight.base, inverses.base[i * heads + head], slopes,
          sums[0].base, width)
      }
    }
  }
}

private func requireHeads<Scalar>(
  _ x: Matrix<Scalar>, _ weight: FloatBuffer, _ inverses: FloatBuffer, _ operation: StaticString
) -> Int {
  let heads = weight.count > 0 ? x.columns / weight.count : 0
  precondition(
    heads * weight.count == x.columns && inverses.count == x.rows * heads,
    "\(operation): \(weight.count) weights and \(inverses.count) factors for \(x.rows) × \(x.columns)")
  return heads
}

/// Calls `body` for blocks of 64 rows with sums that start at 0, which are then added to `targets` in order.
private func sumOverBlocks(
  _ rows: Int, into targets: [FloatBuffer?], columns: Int,
  _ body: @Sendable (Range<Int>, [FloatBuffer]) -> Void
) {
  for case let target? in targets {
    precondition(target.count == columns, "gradient: \(target.count) weights for \(columns) columns")
  }
  let height = 64
  let blocks = (rows + height - 1) / height
  withScratch(max(1, targets.count * blocks * columns)) { partial in
    KernelPool.shared.parallel(blocks) { block in
      let sums = targets.indices.map { place in
        let start = (block * targets.count + place) * columns
        return partial.window(start..<start + columns)
      }
      for sum in sums { sum.base.update(repeating: 0, count: columns) }
      body(block * height..<min(rows, (block + 1) * height), sums)
    }
    for (place, target) in targets.enumerated() {
      guard let target else { continue }
      for block in 0..<blocks {
        activeKernels.add(partial.base + (block * targets.count + place) * columns, target.base, columns)
      }
    }
  }
}

// Kernels of the families beside Llama's: layer norms, norms of heads, gates by any function, soft caps.

import VectorKernelsInterface

/// What a feed-forward layer bends its inner numbers with.
public enum ActivationFunction: Sendable, Hashable, CaseIterable {
  /// x·σ(x)
  case silu
  /// x·Φ(x), with the normal distribution's Φ
  case gelu
  /// The approximation of `gelu` by a hyperbolic tangent.
  case geluTanh
  /// max(x, 0)
  case relu

  /// The kernels' word for it.
  var kind: ActivationKind {
    switch self {
    case .silu: .silu
    case .gelu: .gelu
    case .geluTanh: .geluTanh
    case .relu: .relu
    }
  }
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

extension Matrix where Scalar: ActivationScalar {
  /// Row `row` from column `column` on, as kernels read it.
  @inline(__always)
  fileprivate func scalars(_ row: Int, from column: Int) -> Scalars {
    Scalars(UnsafeRawPointer(self.row(row) + column), isBrainFloat: Scalar.self == UInt16.self)
  }

  /// Row `row` from column `column` on, as kernels write it.
  @inline(__always)
  fileprivate func scalars(_ row: Int, from column: Int) -> MutableScalars {
    MutableScalars(UnsafeMutableRawPointer(self.row(row) + column), isBrainFloat: Scalar.self == UInt16.self)
  }
}

/// Writes `function(x)`, row by row; `y` may be `x`.
///
/// - Shapes: both `[rows, d]`.
public func activate<Scalar: ActivationScalar>(
  _ function: ActivationFunction, _ x: Matrix<Scalar>, into y: Matrix<Scalar>
) {
  requireEqualShapes(x, y, "activate")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range { activeKernels.activate(function.kind, x.scalars(i), y.scalars(i), x.columns) }
  }
}

/// Writes the gradient of ``activate(_:_:into:)`` by `x`, and its value once more in the place of `upstream`.
///
/// - Shapes: all `[rows, d]`.
public func activateGradient<Scalar: ActivationScalar>(
  _ function: ActivationFunction, upstreamThenValue upstream: Matrix<Scalar>, x: Matrix<Scalar>,
  into gradient: Matrix<Scalar>
) {
  requireEqualShapes(x, upstream, "activateGradient")
  requireEqualShapes(x, gradient, "activateGradient")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      activeKernels.activateGradient(
        function.kind, upstream.scalars(i), x.scalars(i), gradient.scalars(i), x.columns)
    }
  }
}

/// Writes `function(gate)·up`, row by row; `out` may be either operand.
///
/// - Shapes: all `[rows, d]`.
public func gated<Scalar: ActivationScalar>(
  _ function: ActivationFunction, gate: Matrix<Scalar>, up: Matrix<Scalar>, into out: Matrix<Scalar>
) {
  requireEqualShapes(gate, up, "gated")
  requireEqualShapes(gate, out, "gated")
  forEachRowRange(gate.rows, columns: gate.columns) { range in
    for i in range {
      activeKernels.gated(function.kind, gate.scalars(i), up.scalars(i), out.scalars(i), gate.columns)
    }
  }
}

/// Writes the gradients of ``gated(_:gate:up:into:)`` by both operands, and its value once more in the place of
/// `upstream`.
///
/// - Shapes: all `[rows, d]`; each gradient may overwrite its operand.
public func gatedGradient<Scalar: ActivationScalar>(
  _ function: ActivationFunction, upstreamThenValue upstream: Matrix<Scalar>, gate: Matrix<Scalar>,
  up: Matrix<Scalar>, gateGradient: Matrix<Scalar>, upGradient: Matrix<Scalar>
) {
  for other in [gate, up, gateGradient, upGradient] { requireEqualShapes(upstream, other, "gatedGradient") }
  forEachRowRange(gate.rows, columns: gate.columns) { range in
    for i in range {
      activeKernels.gatedGradient(
        function.kind, upstream.scalars(i), gate.scalars(i), up.scalars(i), gateGradient.scalars(i),
        upGradient.scalars(i), gate.columns)
    }
  }
}

/// Replaces every number by `cap·tanh(scale·x/cap)`, on the calling thread.
public func softCap(_ x: Matrix<Float>, scale: Float = 1, cap: Float) {
  for i in 0..<x.rows { activeKernels.softCap(x.row(i), scale: scale, cap, x.columns) }
}

/// Turns the gradient by what ``softCap(_:scale:cap:)`` made into the one by what it was given, in place and on the
/// calling thread.
///
/// - Shapes: `capped`, what it made, and `slopes` `[rows, columns]`.
public func softCapGradient<Scalar: ActivationScalar>(
  _ slopes: Matrix<Scalar>, capped: Matrix<Float>, scale: Float = 1, cap: Float
) {
  requireEqualShapes(slopes, capped, "softCapGradient")
  for i in 0..<capped.rows {
    activeKernels.softCapGradient(capped.row(i), scale: scale, cap, slopes.scalars(i), capped.columns)
  }
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
  forEachRowRange(a.rows, columns: a.columns) { range in
    for i in range {
      let other = sum.row(i) == b.row(i) ? a.row(i) : b.row(i)
      let first = sum.row(i) == b.row(i) ? b.row(i) : a.row(i)
      if sum.row(i) != first { sum.row(i).update(from: first, count: a.columns) }
      activeKernels.add(other, sum.row(i), a.columns)
    }
  }
}

/// Writes the rows of `x` as the columns of `y`.
///
/// - Shapes: `x` `[rows, columns]`, `y` `[columns, rows]`.
public func transpose(_ x: Matrix<Float>, into y: Matrix<Float>) {
  precondition(
    x.rows == y.columns && x.columns == y.rows,
    "transpose: \(x.rows) × \(x.columns) into \(y.rows) × \(y.columns)")
  // Squares that stay in the first-level cache.
  let side = 32
  KernelPool.shared.parallel((y.rows + side - 1) / side) { piece in
    for first in stride(from: 0, to: x.rows, by: side) {
      for column in piece * side..<min((piece + 1) * side, x.columns) {
        let target = y.row(column)
        for row in first..<min(first + side, x.rows) { target[row] = x.row(row)[column] }
      }
    }
  }
}

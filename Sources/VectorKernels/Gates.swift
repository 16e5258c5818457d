// The functions that feed-forward layers bend numbers with, alone or as gates, and soft caps.

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

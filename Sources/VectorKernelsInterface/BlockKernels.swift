// What every instruction set implements for the other families' blocks: layer norms, norms of heads, gates, soft caps.

/// What a feed-forward layer bends its inner numbers with.
public enum ActivationKind: Sendable, Hashable, CaseIterable {
  /// x·σ(x)
  case silu
  /// x·Φ(x), with the normal distribution's Φ
  case gelu
  /// x·σ(2√(2/π)·(x + 0.044715·x³)): the approximation of `gelu` by a hyperbolic tangent
  case geluTanh
  /// max(x, 0)
  case relu
}

/// Serial loops over rows of activations; whatever they are stored in, arithmetic is in single precision.
///
/// All activations of one call are stored alike. Input and output may be the same memory, but must not overlap
/// otherwise.
public protocol BlockKernels: SendableMetatype {
  /// y = w·(x − μ)/√(mean((x − μ)²) + ε) + b for one row; returns the mean μ and the factor 1/√(…).
  static func layerNormalize(
    _ x: Floats, _ weight: Floats, _ bias: Floats, _ epsilon: Float, _ y: MutableScalars, _ n: Int
  ) -> (mean: Float, factor: Float)
  /// `layerNormalize` where mean and factor are known.
  static func layerNormalize(
    _ x: Floats, _ weight: Floats, _ bias: Floats, mean: Float, factor: Float, _ y: MutableScalars, _ n: Int)
  /// dx (+)= the gradient of `layerNormalize` for one row; dw += the one by the weight, db += the one by the bias.
  static func layerNormalizeGradient(
    _ upstream: Scalars, _ x: Floats, _ weight: Floats, mean: Float, factor: Float, _ dx: MutableFloats,
    _ accumulating: Bool, _ dw: MutableFloats, _ db: MutableFloats, _ n: Int)

  /// y = w·x/√(mean(x²) + ε) for activations; returns the factor 1/√(…).
  static func normalizeActivations(
    _ x: Scalars, _ weight: Floats, _ epsilon: Float, _ y: MutableScalars, _ n: Int
  ) -> Float
  /// dx = the gradient of `normalizeActivations`, given its factor; dw += the one by the weight.
  static func normalizeActivationsGradient(
    _ upstream: Scalars, _ x: Scalars, _ weight: Floats, _ factor: Float, _ dx: MutableScalars,
    _ dw: MutableFloats, _ n: Int)

  /// y = f(x)
  static func activate(_ function: ActivationKind, _ x: Scalars, _ y: MutableScalars, _ n: Int)
  /// dx = upstream·f′(x), and f(x) once more in `upstream`'s place.
  static func activateGradient(
    _ function: ActivationKind, _ upstream: MutableScalars, _ x: Scalars, _ dx: MutableScalars, _ n: Int)
  /// out = f(gate)·up
  static func gated(
    _ function: ActivationKind, _ gate: Scalars, _ up: Scalars, _ out: MutableScalars, _ n: Int)
  /// The gradients of `gated`, and its value once more in `upstream`'s place.
  static func gatedGradient(
    _ function: ActivationKind, _ upstream: MutableScalars, _ gate: Scalars, _ up: Scalars,
    _ gateGradient: MutableScalars, _ upGradient: MutableScalars, _ n: Int)

  /// x = cap·tanh(s·x/cap), in place.
  static func softCap(_ x: MutableFloats, scale s: Float, _ cap: Float, _ n: Int)
  /// slopes = s·(1 − (capped/cap)²)·slopes, in place: the gradient of `softCap`, from what it made.
  static func softCapGradient(
    _ capped: Floats, scale s: Float, _ cap: Float, _ slopes: MutableScalars, _ n: Int)
}

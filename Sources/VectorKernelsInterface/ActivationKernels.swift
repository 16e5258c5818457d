// What every instruction set implements for activations, which are stored in single precision or in bfloat16.

/// Activations to read: single-precision scalars, or bfloat16 ones.
public struct Scalars {
  public var base: UnsafeRawPointer
  public var isBrainFloat: Bool

  public init(_ base: UnsafeRawPointer, isBrainFloat: Bool) {
    (self.base, self.isBrainFloat) = (base, isBrainFloat)
  }
}

/// Activations to write.
public struct MutableScalars {
  public var base: UnsafeMutableRawPointer
  public var isBrainFloat: Bool

  public init(_ base: UnsafeMutableRawPointer, isBrainFloat: Bool) {
    (self.base, self.isBrainFloat) = (base, isBrainFloat)
  }
}

/// Serial loops over rows of activations; whatever they are stored in, arithmetic is in single precision.
///
/// All activations of one call are stored alike. Input and output may be the same memory, but must not overlap
/// otherwise.
public protocol ActivationKernels: SendableMetatype {
  /// y = w·x/√(mean(x²) + ε) for one row; returns the factor 1/√(…).
  static func normalize(_ x: Floats, _ weight: Floats, _ epsilon: Float, _ y: MutableScalars, _ n: Int)
    -> Float
  /// sum = a + b, then `normalize` of the sum.
  static func addAndNormalize(
    _ a: Floats, _ b: Floats, _ sum: MutableFloats, _ weight: Floats, _ epsilon: Float, _ y: MutableScalars,
    _ n: Int
  ) -> Float
  /// y = w·x·f: `normalize` where the factor is known.
  static func normalize(_ x: Floats, _ weight: Floats, by factor: Float, _ y: MutableScalars, _ n: Int)
  /// dx (+)= the gradient of `normalize` for one row, given its factor; dw += the one by the weight.
  static func normalizeGradient(
    _ upstream: Scalars, _ x: Floats, _ weight: Floats, _ factor: Float, _ dx: MutableFloats,
    _ accumulating: Bool, _ dw: MutableFloats, _ n: Int)

  /// Turns the first `width` columns of every head of one token by its angles:
  /// (a, b) → (a·cos − b·sin, b·cos + a·sin), b half a `width` after a; heads begin `step` columns apart.
  static func rotate(
    _ x: MutableScalars, _ heads: Int, _ step: Int, _ width: Int, _ cosines: Floats, _ sines: Floats,
    _ inverse: Bool)

  /// y += x
  static func add(_ x: Scalars, _ y: MutableFloats, _ n: Int)
  /// y += x
  static func add(_ x: Floats, _ y: MutableScalars, _ n: Int)

  /// The derivative of a row's objective by each of its `n` scores.
  static func cotangent(_ scores: Floats, _ slopes: ScoreSlopes, _ out: MutableScalars, _ n: Int)
}

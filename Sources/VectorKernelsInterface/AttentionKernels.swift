// What every instruction set implements for attention: rows of scores become weights, and slopes gradients.

/// Serial loops over one row of scores each; `VectorKernels` checks sizes and picks the conformer.
///
/// `n` is a multiple of 16, and columns from `visible` on count as hidden: weight and gradient 0. Outputs may
/// start where the row of scores (or slopes) does, whatever they are stored in. What comes out for a column
/// depends on the visible columns alone, not on `n`.
public protocol AttentionKernels: SendableMetatype {
  /// e = exp(scale·(s − max s)); returns 1/Σ e.
  static func exponentiate(
    _ scores: Floats, _ scale: Float, _ visible: Int, _ n: Int, into weights: MutableFloats
  ) -> Float
  /// The same, with weights rounded to bfloat16 (their sum is not).
  static func exponentiate(
    _ scores: Floats, _ scale: Float, _ visible: Int, _ n: Int, into weights: UnsafeMutablePointer<UInt16>
  )
    -> Float

  /// With p = softmax(scale·s): writes p and scale·p·(g − Σ p·g); the scores are used up.
  static func softmaxGradient(
    _ scores: MutableFloats, _ slopes: Floats, _ scale: Float, _ visible: Int, _ n: Int,
    shares: MutableFloats, gradient: MutableFloats)
  /// The same, with both rounded to bfloat16.
  static func softmaxGradient(
    _ scores: MutableFloats, _ slopes: Floats, _ scale: Float, _ visible: Int, _ n: Int,
    shares: UnsafeMutablePointer<UInt16>, gradient: UnsafeMutablePointer<UInt16>)

  /// y = s·x for any `n`.
  static func scaled(_ x: Floats, _ s: Float, _ n: Int, into y: MutableFloats)
  /// The same, rounded to bfloat16.
  static func scaled(_ x: Floats, _ s: Float, _ n: Int, into y: UnsafeMutablePointer<UInt16>)
}

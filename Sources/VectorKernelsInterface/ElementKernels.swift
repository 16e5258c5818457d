// What every instruction set implements for element-wise and row-wise work: loops over bare memory, no checks.

/// Single-precision scalars to read.
public typealias Floats = UnsafePointer<Float>
/// Single-precision scalars to write.
public typealias MutableFloats = UnsafeMutablePointer<Float>

/// Serial loops over unchecked memory; `VectorKernels` checks sizes, splits the work and picks the conformer.
///
/// Input and output may be the same memory, but must not overlap otherwise.
public protocol ElementKernels: ActivationKernels, BlockKernels {
  // Functions of one variable: y = f(x) for `n` elements.
  static func exponential(_ x: Floats, _ y: MutableFloats, _ n: Int)
  static func logarithm(_ x: Floats, _ y: MutableFloats, _ n: Int)
  static func hyperbolicTangent(_ x: Floats, _ y: MutableFloats, _ n: Int)
  static func sigmoid(_ x: Floats, _ y: MutableFloats, _ n: Int)
  static func softplus(_ x: Floats, _ y: MutableFloats, _ n: Int)
  static func reciprocalSquareRoot(_ x: Floats, _ y: MutableFloats, _ n: Int)

  /// y += x
  static func add(_ x: Floats, _ y: MutableFloats, _ n: Int)
  /// y += s·x
  static func addScaled(_ x: Floats, _ s: Float, _ y: MutableFloats, _ n: Int)
  /// y *= s
  static func scale(_ y: MutableFloats, _ s: Float, _ n: Int)
  /// z = x·y
  static func multiply(_ x: Floats, _ y: Floats, _ z: MutableFloats, _ n: Int)
  /// y = w·x + (1 − w)·y
  static func blend(_ x: Floats, _ y: MutableFloats, _ weight: Float, _ n: Int)

  // Sums over `n` elements in double precision. Sixteen partial sums, element i in sum i mod 16, are added
  // pairwise at the end (i with i + 8, then + 4, + 2, + 1): every conformer returns the same bits.
  static func sum(_ x: Floats, _ n: Int) -> Double
  static func dot(_ x: Floats, _ y: Floats, _ n: Int) -> Double
  static func isFinite(_ x: Floats, _ n: Int) -> Bool

  // Conversions of `n` elements.
  static func fromBrainFloat(_ x: UnsafePointer<UInt16>, _ y: MutableFloats, _ n: Int)
  static func toBrainFloat(_ x: Floats, _ y: UnsafeMutablePointer<UInt16>, _ n: Int)
  static func fromHalf(_ x: UnsafePointer<UInt16>, _ y: MutableFloats, _ n: Int)
  static func toHalf(_ x: Floats, _ y: UnsafeMutablePointer<UInt16>, _ n: Int)

  /// Adds a row's next `n` scores, whose first one belongs to column `firstColumn`, to its running sums.
  static func accumulate(_ scores: Floats, _ firstColumn: Int, _ n: Int, _ sums: inout ScoreSums)
  /// One step of AdamW for `n` parameters.
  static func adamw(
    _ values: MutableFloats, _ gradient: Floats, _ first: MutableFloats, _ second: MutableFloats,
    _ factors: AdamWFactors, _ n: Int)
}

/// Running sums over the scores `s` of one row, with `m` their largest so far and `e = exp(s − m)`.
public struct ScoreSums: Sendable, Equatable, BitwiseCopyable {
  /// `m`; minus infinity before any score.
  public var largest: Float = -.infinity
  /// The first column whose score is `m`.
  public var argmax = -1
  /// `Σ e`
  public var exponentials = 0.0
  /// `Σ e·(s − m)`
  public var weightedScores = 0.0
  /// `Σ e²`
  public var squares = 0.0
  /// `Σ s`
  public var scores = 0.0

  public init() {}

  /// Restates the sums relative to `next`, a larger maximum.
  @inline(__always)
  public mutating func raise(to next: Float, decay: Double) {
    let shift = Double(largest) - Double(next)
    weightedScores = exponentials == 0 ? 0 : decay * (weightedScores + shift * exponentials)
    exponentials *= decay
    squares *= decay * decay
    largest = next
  }
}

/// What `ActivationKernels.cotangent` needs of one row: with `p = exp(s − logSum)`,
///
///     ∂/∂s = p·(probability + entropy·(s − logSum) + collision·p) + constant
public struct ScoreSlopes: Sendable {
  public var logSum: Float, probability: Float, entropy: Float, collision: Float, constant: Float

  public init(logSum: Float, probability: Float, entropy: Float, collision: Float, constant: Float) {
    (self.logSum, self.probability, self.entropy) = (logSum, probability, entropy)
    (self.collision, self.constant) = (collision, constant)
  }
}

/// The scalars of one AdamW step, rounded to single precision where PyTorch rounds them.
public struct AdamWFactors: Sendable {
  /// 1 − learning rate · decay
  public var shrink: Float
  /// 1 − β₁, β₂, 1 − β₂
  public var firstBlend: Float, secondKeep: Float, secondBlend: Float
  /// √(1 − β₂ᵗ), ε, −learning rate / (1 − β₁ᵗ)
  public var secondCorrection: Float, epsilon: Float, step: Float
  /// What the gradient is multiplied by first.
  public var gradientScale: Float

  public init(
    learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, decay: Double, step: Int,
    gradientScale: Float = 1
  ) {
    func power(_ base: Double, _ exponent: Int) -> Double {
      var (result, factor, rest) = (1.0, base, exponent)
      while rest > 0 {
        if rest & 1 == 1 { result *= factor }
        factor *= factor
        rest >>= 1
      }
      return result
    }
    shrink = Float(1 - learningRate * decay)
    firstBlend = Float(1 - beta1)
    secondKeep = Float(beta2)
    self.gradientScale = gradientScale
    secondBlend = Float(1 - beta2)
    secondCorrection = Float((1 - power(beta2, step)).squareRoot())
    self.epsilon = Float(epsilon)
    self.step = Float(-(learningRate / (1 - power(beta1, step))))
  }
}

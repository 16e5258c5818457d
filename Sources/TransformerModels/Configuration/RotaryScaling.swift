// How rotary frequencies are stretched for contexts longer than the model was first trained on.

import VectorKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A rule that turns the plain frequencies of rotary positions into the model's own.
public enum RotaryScaling: Sendable, Hashable {
  /// The plain frequencies.
  case none
  /// Every plane turns `factor` times slower.
  case linear(factor: Double)
  /// Beyond `positions` tokens the base grows with the sequence, so that no plane turns faster than it was trained to.
  case dynamic(factor: Double, positions: Int)
  /// YaRN's rule: slow planes turn `factor` times slower, fast ones as before, a ramp over planes in between.
  case yarn(YarnRule)
  /// Llama 3.1's rule: slow planes turn `factor` times slower, fast ones as before, a ramp over wavelengths in between.
  case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalPositions: Int)
  /// LongRoPE's rule: every plane has factors of its own, one for short sequences and one for long ones.
  case longrope(LongRotaryRule)

  /// YaRN's numbers.
  ///
  /// - Source: Peng et al., 2023, arXiv:2309.00071, Section 3.
  public struct YarnRule: Sendable, Hashable {
    /// How much slower slow planes turn.
    public var factor: Double
    /// How many positions the model was first trained on.
    public var originalPositions: Int
    /// How many turns over those positions make a plane fast, and how few make it slow.
    public var fastTurns = 32.0, slowTurns = 1.0
    /// Whether the ramp begins and ends at whole planes.
    public var truncates = true
    /// What cosines and sines are multiplied by.
    public var attentionFactor: Double

    /// The rule with the attention factor `0.1·log(factor) + 1` unless another is given.
    public init(factor: Double, originalPositions: Int, attentionFactor: Double? = nil) {
      (self.factor, self.originalPositions) = (factor, originalPositions)
      self.attentionFactor = attentionFactor ?? Self.magnitude(factor)
    }

    /// `0.1·weight·log(factor) + 1`, and 1 for factors up to 1.
    static func magnitude(_ factor: Double, weight: Double = 1) -> Double {
      factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1
    }
  }

  /// LongRoPE's numbers.
  ///
  /// - Source: Ding et al., 2024, arXiv:2402.13753.
  public struct LongRotaryRule: Sendable, Hashable {
    /// How much slower each plane turns in sequences of up to `originalPositions` tokens, and in longer ones.
    public var short: [Double], long: [Double]
    /// How many positions the model was first trained on.
    public var originalPositions: Int
    /// What cosines and sines are multiplied by.
    public var attentionFactor: Double

    /// The rule with the attention factor `√(1 + log(factor)/log(originalPositions))` unless another is given.
    public init(
      short: [Double], long: [Double], originalPositions: Int, factor: Double, attentionFactor: Double? = nil
    ) {
      (self.short, self.long, self.originalPositions) = (short, long, originalPositions)
      self.attentionFactor =
        attentionFactor
        ?? (factor <= 1 ? 1 : (1 + log(factor) / log(Double(originalPositions))).squareRoot())
    }
  }

  /// What cosines and sines are multiplied by.
  var attentionFactor: Float {
    switch self {
    case .yarn(let rule): Float(rule.attentionFactor)
    case .longrope(let rule): Float(rule.attentionFactor)
    default: 1
    }
  }

  /// A number that two sequences share if they have the same frequencies: 0 for those of usual length.
  func regime(length: Int) -> Int {
    switch self {
    case .dynamic(_, let positions): length > positions ? length : 0
    case .longrope(let rule): length > rule.originalPositions ? 1 : 0
    default: 0
    }
  }

  /// Whether earlier tokens are to be turned anew once a growing text changes its regime.
  var turnsAnew: Bool { if case .longrope = self { true } else { false } }

  /// The frequencies of the planes of `width` columns in radians per position, for sequences of a regime.
  func frequencies(base: Double, width: Int, regime: Int = 0) -> [Float] {
    let periods = rotaryPeriods(base: base, width: width)
    switch self {
    case .none: return periods.map { 1 / $0 }
    case .linear(let factor): return periods.map { 1 / $0 / Float(factor) }
    case .dynamic(let factor, let positions):
      guard regime > 0 else { return periods.map { 1 / $0 } }
      let stretch = factor * Double(regime) / Double(positions) - (factor - 1)
      let grown = base * pow(stretch, Double(width) / Double(width - 2))
      return rotaryPeriods(base: grown, width: width).map { 1 / $0 }
    case .yarn(let rule): return Self.yarn(rule, base: base, width: width, periods)
    case .longrope(let rule):
      return zip(regime > 0 ? rule.long : rule.short, periods).map { 1 / (Float($0) * $1) }
    case .llama3(let factor, let low, let high, let positions):
      let length = Float(positions)
      let (slowest, fastest) = (Float(Double(positions) / low), Float(Double(positions) / high))
      return periods.map { period in
        let frequency = 1 / period
        let wavelength = 2 * Float.pi / frequency
        if wavelength > slowest { return frequency / Float(factor) }
        if wavelength < fastest { return frequency }
        let share = (length / wavelength - Float(low)) / Float(high - low)
        return (1 - share) * frequency / Float(factor) + share * frequency
      }
    }
  }

  private static func yarn(_ rule: YarnRule, base: Double, width: Int, _ periods: [Float]) -> [Float] {
    /// The plane that makes so many turns over the original positions.
    func plane(turns: Double) -> Double {
      Double(width) * log(Double(rule.originalPositions) / (turns * 2 * Double.pi)) / (2 * log(base))
    }
    var (first, last) = (plane(turns: rule.fastTurns), plane(turns: rule.slowTurns))
    if rule.truncates { (first, last) = (first.rounded(.down), last.rounded(.up)) }
    first = max(first, 0)
    last = min(last, Double(width - 1))
    // A step needs some breadth.
    if first == last { last += 0.001 }
    // Of three columns that turn, transformers has one place on the ramp for both planes.
    return periods.enumerated().map { place, period in
      let place = width / 2 == 1 ? 0 : place
      let ramp = min(max((Float(place) - Float(first)) / Float(last - first), 0), 1)
      let kept = 1 - ramp
      return 1 / (Float(rule.factor) * period) * (1 - kept) + 1 / period * kept
    }
  }
}

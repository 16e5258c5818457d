// How much people agree about a prompt: the dispersion φ of a Mallows model, fixed or read off entropies.

import PreferenceCore

/// Where a prompt's dispersion `φ(x)` comes from.
///
/// From the reference's entropies, with mean token entropy `H̄_y` of each response in units of its
/// maximum `log V`, and `H̄(x)` the mean over the responses to `x`, clamped to `[10⁻⁶, 1]`:
///
///     w(x) = −2 log φ(x) = −s log H̄(x)
///
/// A confident reference (small `H̄`) means agreement, small `φ` and a large weight; `H̄ = 1` means
/// no agreement at all and weight 0. A number in `(0, 1)` fixes `φ` for every prompt.
public enum Dispersion: HyperparameterValue {
  /// From the entropies of reference 0 at the completion tokens.
  case entropy
  /// The same `φ` for every prompt.
  case fixed(Double)

  public static let typeName = "entropy|number"
  public static let prose = "entropy or a number"
  public static let words = ["entropy"]

  /// `φ` must lie strictly between agreement (0) and indifference (1).
  static var constraint: Constraint<Dispersion> {
    Constraint("entropy or in (0, 1)") { dispersion in
      guard case .fixed(let phi) = dispersion else { return true }
      return phi > 0 && phi < 1
    }
  }

  public init?(_ literal: Literal) {
    switch literal {
    case .word("entropy"): self = .entropy
    case .number(let phi): self = .fixed(phi)
    default: return nil
    }
  }

  public var literal: Literal {
    switch self {
    case .entropy: .word("entropy")
    case .fixed(let phi): .number(phi)
    }
  }

  /// The statistics it takes beyond log-probabilities, from the references.
  var referenceStatistics: Set<TokenStatistic> {
    if case .entropy = self { [.logProbability, .entropy] } else { [.logProbability] }
  }

  /// Refuses a scale where nothing is scaled.
  func validate(scale: Double) throws(HyperparameterError) {
    if case .fixed = self, scale != Self.publishedScale {
      throw HyperparameterError("scale", "has no effect when 'dispersion' is a number; leave one of them out")
    }
  }

  /// The authors' multiplier: one over the mean `−log H̄` of their model and prompts.
  static let publishedScale = 0.29

  /// `w(x) = −2 log φ(x)` for each completion's prompt, a constant. `[N]`.
  ///
  /// Logs its mean over prompts, and that of `−log H̄`, from which to choose a scale of one's own.
  func weights(_ batch: ScoredBatch, scale: Double, _ metrics: inout MetricRecorder) -> Tensor {
    let prompts = batch.layout.comparisons
    let weights: [Double]
    switch self {
    case .fixed(let phi):
      weights = [Double](repeating: -2 * Elementary.log(phi), count: batch.count)
    case .entropy:
      let surprise = negativeLogEntropies(batch, prompts)
      weights = surprise.map { scale * $0 }
      metrics.record("mallows/negative_log_entropy", Tensor(prompts.map { surprise[$0[0]] }))
    }
    metrics.record("mallows/weight", Tensor(prompts.map { weights[$0[0]] }))
    return Tensor(weights)
  }

  /// `−log H̄(x)` for each completion's prompt. Count `N`.
  private func negativeLogEntropies(_ batch: ScoredBatch, _ prompts: [[Int]]) -> [Double] {
    let reference = batch.references[0]
    let sums = stopGradient(batch.sequenceSum(of: .entropy, reference)).scalars
    let highest = reference.maximumEntropy
    var shares = zip(sums, batch.tokenCounts).map { sum, count in sum / (Double(max(1, count)) * highest) }
    for responses in prompts {
      let mean = responses.reduce(0) { $0 + shares[$1] } / Double(responses.count)
      for response in responses { shares[response] = mean }
    }
    return shares.map { -Elementary.log(min(max($0, 1e-6), 1)) }
  }
}

// Mallows-φ: preference probabilities of the Mallows model with Kendall's tau.

import PreferenceCore

/// The negative log-likelihood of each preference under the Kendall link.
///
/// With `z = βh` in the place of a difference of ranks and `λ = −log φ(x) = w(x)/2`,
///
///     ℓ(h) = −log g(z),   g(z) = [C(λ(z+1)) − C(λz)]/λ for z ≥ 0,   g(−z) = 1 − g(z),   C(u) = u/(1−e^(−u))
///
/// Misranked pairs pull with at most `λβ`, well ranked ones with a force that decays as `φ^z`. `g`
/// jumps at `z = 0`, where training starts: see ``KendallLink`` for what happens there.
///
/// - Shapes: margins `h` and losses `ℓ` are `[P]`, one scalar for each pair; `h` in nats.
/// - Source: Chen et al., 2024, arXiv:2405.14953, Section 4; Mallows, 1957, Biometrika 44, Section 5.
public struct MallowsPhi: PairwiseLoss {
  public static let card = LossCard(
    "mallows-phi", "The Mallows model with Kendall's tau: bounded pull on misranked pairs.",
    formula: "−log g(βh), g(z) = [C(λ(z+1)) − C(λz)]/λ, g(−z) = 1 − g(z), λ = −s/2·log H̄(x) or −log φ",
    source: "Chen et al., 2024, arXiv:2405.14953, Section 4",
    departures: [
      "the authors released no code for this loss; the link is from the Mallows model itself and unverified "
        + "against the paper's print",
      "at margin 0, where the paper's sign function gives no gradient, the right branch of the link is "
        + "taken; smoothing > 0 joins the branches by a cubic instead",
      "λ = w/2 with the w of mallows-theta, so that both read one dispersion",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field("dispersion", \.dispersion, Dispersion.constraint, "Where φ comes from: entropies, or one number."),
    Field("scale", \.scale, .positive, "The multiplier s that brings the mean weight near 1."),
    Field("smoothing", \.smoothing, .nonnegative, "Half-width δ of |βh| on which the branches are joined."),
  ]

  public var beta = 0.1
  public var dispersion = Dispersion.entropy
  public var scale = Dispersion.publishedScale
  public var smoothing = 0.0
  public init() {}

  public func validate() throws(HyperparameterError) { try dispersion.validate(scale: scale) }

  public var requirements: Requirements {
    var needs = Requirements(.pairwise)
    needs.referenceStatistics = dispersion.referenceStatistics
    return needs
  }

  public var rewardScale: Double { beta }

  /// `log 2` where the branches are joined, else the right branch's `−log g(0⁺)`, if `φ` is fixed.
  public var startingValue: Double? {
    if smoothing > 0 { return Elementary.log(2) }
    guard case .fixed(let phi) = dispersion else { return nil }
    return KendallLink(lambda: -Elementary.log(phi), smoothing: 0).loss(0)
  }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let weights = dispersion.weights(pairs.batch, scale: scale, &context.metrics)
    let smoothing = smoothing
    // λ is a constant of the prompt, hence the 0 for its derivative.
    return Tensor.mapped(
      beta * pairs.margin, 0.5 * weights.rows(pairs.chosen),
      value: { z, lambda in KendallLink(lambda: lambda, smoothing: smoothing).loss(z) },
      derivatives: { z, lambda in (KendallLink(lambda: lambda, smoothing: smoothing).slope(z), 0) })
  }
}

// ODPO: pairs that are told apart by much in score must be told apart by much in reward.

import PreferenceCore

/// DPO with an offset: a margin that grows with the difference of two scores.
///
///     ℓ(h) = −log σ(βh − Δ),   Δ = α log(s_w − s_l)
///
/// The scores stand in the rows (`chosen_score`, `rejected_score`, or a list `score`). `α = 0` is DPO.
/// Differences are taken as at least `10⁻⁶`: a chosen side that does not score higher asks for next to nothing.
///
/// - Shapes: margins `h`, scores `s` and losses `ℓ` are `[P]`; `h` in nats, scores in their own unit.
/// - Source: Amini, Vieira and Cotterell, 2024, arXiv:2402.10571, Equation 8.
public struct OffsetDPO: PairwiseLoss {
  public static let card = LossCard(
    "odpo", "DPO with an offset by the difference of two scores.",
    formula: "−log σ(βh − α log(s_w − s_l))",
    source: "Amini et al., 2024, arXiv:2402.10571, Equation 8",
    departures: [
      "the equation's number is from memory",
      "differences of scores are taken as at least 1e-6, where the logarithm would end",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field(
      "alpha", \.alpha, .nonnegative, "How much margin α the logarithm of a difference of scores asks for."),
  ]

  public var beta = 0.1
  public var alpha = 1.0
  public init() {}

  public var requirements: Requirements {
    var needs = Requirements(.pairwise)
    (needs.annotations, needs.rankedAnnotations) = (["score"], ["score"])
    return needs
  }

  public var rewardScale: Double { beta }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let scores = pairs.batch.annotation("score")
    let difference = scores.rows(pairs.chosen) - scores.rows(pairs.rejected)
    let offset = alpha * log(maximum(difference, 1e-6))
    context.metrics.record("odpo/offset", offset)
    return -logSigmoid(beta * pairs.margin - pairs.scaled(offset))
  }
}

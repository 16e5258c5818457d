// TDPO: DPO that also keeps the two sides' divergences from the reference in balance, token by token.

import PreferenceCore

/// DPO with the difference of sequential divergences taken off the margin.
///
/// With `K = Σ_t KL(π_ref ‖ π_θ)` over the next-token distributions of a completion,
///
///     version 2: ℓ = −log σ(β [h − α (K_l − sg K_w)])
///     version 1: ℓ = −log σ(β [h − (K_l − K_w)])
///
/// Policies drift further from the reference on rejected completions than on chosen ones; these terms hold them
/// back there. In version 2 no gradient flows into `K_w`, so the chosen side may move. `α = 0` is DPO.
///
/// - Shapes: margins `h`, divergences `K` and losses `ℓ` are `[P]`, in nats.
/// - Source: Zeng et al., 2024, arXiv:2404.11999, Equations 15 and 17.
public struct TDPO: PairwiseLoss {
  public static let card = LossCard(
    "tdpo", "DPO that balances both sides' divergences from the reference.",
    formula: "−log σ(β[h − α(K_l − sg K_w)]), K = Σ_t KL(π_ref ‖ π_θ); version 1: −log σ(β[h − (K_l − K_w)])",
    source: "Zeng et al., 2024, arXiv:2404.11999, Equations 15 and 17",
    departures: ["the equations' numbers are from memory; the formulas were read in two other systems' code"])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field("alpha", \.alpha, .nonnegative, "What the difference of divergences counts, α; version 2 only."),
    Field("version", \.version, .within(1...2), "Which of the paper's two losses."),
  ]

  public var beta = 0.1
  public var alpha = 0.5
  public var version = 2
  public init() {}

  public func validate() throws(HyperparameterError) {
    if version == 1, alpha != Self().alpha {
      throw HyperparameterError("alpha", "has no effect when 'version' is 1; leave one of them out")
    }
  }

  public var requirements: Requirements {
    var needs = Requirements(.pairwise)
    needs.policyStatistics.insert(.divergence)
    return needs
  }

  public var rewardScale: Double { beta }
  public var startingValue: Double? { Elementary.log(2) }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let divergences = pairs.batch.sequenceSum(of: .divergence, pairs.batch.policy)
    let (chosen, rejected) = (divergences.rows(pairs.chosen), divergences.rows(pairs.rejected))
    context.metrics.record("tdpo/divergence_chosen", stopGradient(chosen))
    context.metrics.record("tdpo/divergence_rejected", stopGradient(rejected))
    let excess = version == 1 ? rejected - chosen : alpha * (rejected - stopGradient(chosen))
    return -logSigmoid(beta * (pairs.margin - pairs.scaled(excess)))
  }
}

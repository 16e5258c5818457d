// β-DPO: a temperature of its own for every batch, by how well the batch is told apart already.

import PreferenceCore

/// DPO whose `β` follows the batch's mean reward margin.
///
/// With the margins `M_i = β₀ h_i` of a step and a moving average `M₀` of the means of earlier steps,
///
///     ℓ(h) = −log σ(β h),   β = β₀ [1 + α (mean M − M₀)]
///
/// Batches that are told apart better than usual are held more firmly. `β` is a constant: no gradient flows into
/// it, and it never falls below `β₀/1000`. Before the first step has ended there is no `M₀`, and `β = β₀`. The
/// batch has one `β`, so the loss couples its pairs. `α = 0` is DPO.
///
/// - Shapes: margins `h` and losses `ℓ` are `[P]`; `h` in nats.
/// - Source: Wu et al., 2024, arXiv:2407.08639, Section 4.
public struct BetaDPO: PairwiseLoss {
  public static let card = LossCard(
    "beta-dpo", "DPO with a temperature that follows the batch.",
    formula: "−log σ(βh), β = β₀[1 + α(mean(β₀h) − M₀)]",
    source: "Wu et al., 2024, arXiv:2407.08639, Section 4",
    departures: [
      "unverified: formula and defaults are from memory",
      "the paper's filter, which leaves out pairs with unusual margins, is not part of this",
      "β does not fall below β₀/1000; the first step has no average to compare with and takes β₀",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "The temperature β₀ of a batch like those before it."),
    Field("alpha", \.alpha, .nonnegative, "How strongly β follows the batch's mean margin."),
    Field(
      "momentum", \.momentum, .within(0..<1), "How slowly the average M₀ forgets; 0 keeps the last step's."),
  ]

  public var beta = 0.1
  public var alpha = 0.6
  public var momentum = 0.9
  public init() {}

  public var requirements: Requirements {
    var needs = Requirements(.pairwise)
    needs.couplesItems = true
    return needs
  }

  public var rewardScale: Double { beta }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let margin = pairs.margin
    let rewards = stopGradient(beta * margin)
    let usual = context.remembered("margin")
    context.remember("margin", rewards, as: .moving(momentum: momentum))
    let deviation = usual.map { rewards.mean() - $0 } ?? .scalar(0)
    let adapted = maximum(beta * (1 + alpha * deviation), beta / 1000)
    context.metrics.record("beta-dpo/beta", adapted)
    return -logSigmoid(adapted * margin)
  }
}

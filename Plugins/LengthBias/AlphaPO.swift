// AlphaPO: SimPO with a bent reward, to steer how far likely and unlikely responses are moved.

import PreferenceCore

/// SimPO whose reward is a power of the mean token probability instead of its logarithm.
///
/// With the geometric mean `p̄ = exp(log π_θ(y)/T)` of a completion's token probabilities,
///
///     ℓ = −log σ(β [r_w − r_l] − γ),   r = (1 − p̄^(−α))/α
///
/// The slope of `r` against `log p̄` is `p̄^(−α)`: for `α > 0` unlikely completions move more, for `α < 0` likely
/// ones. `α → 0` is SimPO, and `α = 0` is taken to be it.
///
/// - Shapes: rewards `r` and losses are `[P]`.
/// - Source: Gupta et al., 2025, arXiv:2501.03884, Equation 6.
public struct AlphaPO: ReferenceFreeLoss {
  public static let card = LossCard(
    "alphapo", "SimPO with a reward bent by a power of the mean probability.",
    formula: "−log σ(β[r_w − r_l] − γ), r = (1 − p̄^(−α))/α, p̄ = exp(log π_θ(y)/T)",
    source: "Gupta et al., 2025, arXiv:2501.03884, Equation 6",
    departures: [
      "the equation's number is from memory",
      "exponents −α log p̄ are taken as at most 80, beyond which the reward is flat",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Scale β of the difference of rewards."),
    Field("alpha", \.alpha, .within(-2...2), "Shape α of the reward; 0 is the mean log-probability itself."),
    Field("gamma", \.gamma, .nonnegative, "Target margin γ, in units of β times reward."),
  ]

  public var beta = 2.5
  public var alpha = 0.25
  public var gamma = 0.1
  public init() {}

  public var rewardScale: Double { beta }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let rewards = reward(pairs.batch.meanLogRatio)
    let margin = pairs.shifted(rewards.rows(pairs.chosen) - rewards.rows(pairs.rejected))
    return -logSigmoid(beta * margin - pairs.scaled(.filled([pairs.count], with: gamma)))
  }

  /// `r` of mean log-probabilities `log p̄`.
  private func reward(_ logMean: Tensor) -> Tensor {
    // e^80 is still finite in single precision.
    alpha == 0 ? logMean : (-1 / alpha) * expm1(minimum(-alpha * logMean, 80))
  }
}

// SimPO: log-probabilities per token as rewards, no reference, and a target margin.

import PreferenceCore

/// A logistic loss of the difference of mean log-probabilities, beyond a target.
///
///     ℓ = −log σ(β [log π_θ(y_w)/T_w − log π_θ(y_l)/T_l − γ/β])
///
/// What is trained is what generation ranks by: the mean log-probability. There is no reference model, so nothing
/// but the learning rate holds the policy.
///
/// - Shapes: mean log-probabilities and losses are `[P]`; the former in nats per token.
/// - Source: Meng, Xia and Chen, 2024, arXiv:2405.14734, Equation 6.
public struct SimPO: ReferenceFreeLoss {
  public static let card = LossCard(
    "simpo", "Mean log-probabilities as rewards, without a reference, with a target margin.",
    formula: "−log σ(β[log π_θ(y_w)/T_w − log π_θ(y_l)/T_l − γ/β])",
    source: "Meng et al., 2024, arXiv:2405.14734, Equation 6",
    departures: [
      "the target is given as the ratio γ/β, as in the authors' code; the equation's number is from memory"
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Scale β of the difference of mean log-probabilities."),
    Field("gamma_beta_ratio", \.gammaBetaRatio, .nonnegative, "Target margin γ/β, in nats per token."),
  ]

  public var beta = 2.0
  public var gammaBetaRatio = 0.25
  public init() {}

  public var rewardScale: Double { beta }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let target = pairs.scaled(.filled([pairs.count], with: gammaBetaRatio))
    return -logSigmoid(beta * (pairs.meanMargin - target))
  }
}

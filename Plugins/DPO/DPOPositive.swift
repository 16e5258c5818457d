// DPO-Positive: DPO that does not let the chosen side become less likely.

import PreferenceCore

/// DPO with a penalty on the chosen side where it has fallen below the reference.
///
///     ℓ(a, b) = −log σ(β [a − b − λ max(0, −a)])
///
/// Where `a ≥ 0` it is DPO. Below, the chosen side is pulled up with `1 + λ` times DPO's force. At the kink
/// `a = 0`, where training starts, the penalty has no slope yet.
///
/// - Shapes: log-ratios `a` (chosen), `b` (rejected) and losses are `[P]`; log-ratios in nats.
/// - Source: Pal et al., 2024, arXiv:2402.13228, Equation 3.
public struct DPOPositive: PairwiseLoss {
  public static let card = LossCard(
    "dpop", "DPO-Positive: chosen completions must not become less likely.",
    formula: "−log σ(β[a − b − λ max(0, −a)])",
    source: "Pal et al., 2024, arXiv:2402.13228, Equation 3",
    departures: ["the equation's number is from memory"])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field("lambda", \.lambda, .nonnegative, "How strongly a chosen side below the reference is pulled up."),
  ]

  public var beta = 0.3
  public var lambda = 50.0
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { Elementary.log(2) }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    -logSigmoid(beta * (pairs.margin - lambda * relu(-pairs.chosenLogRatio)))
  }
}

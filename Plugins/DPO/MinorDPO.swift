// MinorDPO: the rejected side is pushed down only as long as it is above the reference.

import PreferenceCore

/// DPO with the penalty on the rejected side cut off at the reference.
///
///     ℓ(a, b) = −log σ(β [a − max(0, b)])
///
/// While the rejected side is likelier than under the reference it is DPO; below, only the chosen side learns. That
/// keeps the policy from drifting ever further down on the rejected side. At the kink `b = 0`, where training
/// starts, the active branch is taken, so that the first step is DPO's.
///
/// - Shapes: log-ratios `a` (chosen), `b` (rejected) and losses are `[P]`; log-ratios in nats.
/// - Source: Xie et al., 2024, arXiv:2408.09834, Equation 9.
public struct MinorDPO: PairwiseLoss {
  public static let card = LossCard(
    "minor-dpo", "DPO that stops pushing a rejected side that is below the reference.",
    formula: "−log σ(β[a − max(0, b)])",
    source: "Xie et al., 2024, arXiv:2408.09834, Equation 9",
    departures: [
      "no official code was found; the formula is unverified against the paper's print, the equation's number from memory",
      "at b = 0 the slope of max(0, b) is 1",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy.")
  ]

  public var beta = 0.1
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { Elementary.log(2) }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let penalty = pairs.rejectedLogRatio.mapped(
      value: { b in max(0, b) }, derivative: { b, _ in b >= 0 ? 1 : 0 })
    return -logSigmoid(beta * pairs.shifted(pairs.chosenLogRatio - penalty))
  }
}

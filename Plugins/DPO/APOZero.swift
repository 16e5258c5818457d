// APO-zero: the chosen side should rise and the rejected one fall, each by itself.

import PreferenceCore

/// APO-zero: the chosen side rises and the rejected one falls, each against the reference.
///
///     ℓ(a, b) = 1 − σ(βa) + σ(βb)
///
/// Bounded in `(0, 2)`, 1 at the start; the pull on a side vanishes once it has moved far, either way. For data
/// whose chosen completions are better than what the policy writes.
///
/// - Shapes: log-ratios `a` (chosen), `b` (rejected) and losses are `[P]`; log-ratios in nats.
/// - Source: D'Oosterlinck et al., 2024, arXiv:2408.06266, Section 4.
public struct APOZero: PairwiseLoss {
  public static let card = LossCard(
    "apo-zero", "Anchored preference optimisation: chosen up, rejected down.",
    formula: "1 − σ(βa) + σ(βb)",
    source: "D'Oosterlinck et al., 2024, arXiv:2408.06266, Section 4",
    departures: ["the section's number is from memory"], trl: ForeignName("apo_zero"))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how soon a side has moved far enough.")
  ]

  public var beta = 0.1
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { 1 }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    sigmoid(-beta * pairs.chosenLogRatio) + sigmoid(beta * pairs.rejectedLogRatio)
  }
}

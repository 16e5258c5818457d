// APO-down: for policies that write better than their data, whose every completion should become rarer.

import PreferenceCore

/// APO-down: both sides fall, the rejected one further.
///
///     ℓ(a, b) = σ(βa) + 1 − σ(β(a − b))
///
/// 1 at the start, where the chosen side feels nothing yet (its two terms cancel) and the rejected one `β/4`.
/// For data whose chosen completions are worse than what the policy writes.
///
/// - Shapes: log-ratios `a` (chosen), `b` (rejected) and losses are `[P]`; log-ratios in nats.
/// - Source: D'Oosterlinck et al., 2024, arXiv:2408.06266, Section 4.
public struct APODown: PairwiseLoss {
  public static let card = LossCard(
    "apo-down", "Anchored preference optimisation: both sides down, rejected further.",
    formula: "σ(βa) + 1 − σ(β(a − b))",
    source: "D'Oosterlinck et al., 2024, arXiv:2408.06266, Section 4",
    departures: ["the section's number is from memory"], trl: ForeignName("apo_down"))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how soon a side has moved far enough.")
  ]

  public var beta = 0.1
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { 1 }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    sigmoid(beta * pairs.chosenLogRatio) + sigmoid(-beta * pairs.margin)
  }
}

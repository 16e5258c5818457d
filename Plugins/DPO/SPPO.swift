// SPPO: both log-ratios are drawn to fixed targets, apart from each other.

import PreferenceCore

/// Self-play preference optimisation with hard labels.
///
/// If the chosen side wins for certain, the log-ratio of the optimal policy is `1/(2β)`, and that of the other
/// side `−1/(2β)`:
///
///     ℓ(a, b) = (a − 1/(2β))² + (b + 1/(2β))²
///
/// Unlike a loss of the margin it holds the chosen side's probability up by itself. `ℓ = 1/(2β²)` at the start.
///
/// - Shapes: log-ratios `a` (chosen), `b` (rejected) and losses are `[P]`; log-ratios in nats.
/// - Source: Wu et al., 2024, arXiv:2405.00675, Section 4, with `η = 1/β`.
public struct SPPO: PairwiseLoss {
  public static let card = LossCard(
    "sppo", "Self-play preference optimisation: each log-ratio is drawn to its own target.",
    formula: "(a − 1/(2β))² + (b + 1/(2β))²",
    source: "Wu et al., 2024, arXiv:2405.00675, Section 4",
    departures: [
      "win probabilities are taken as 1 and 0, as TRL does; the paper estimates them with a judge"
    ], trl: ForeignName("sppo_hard"))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Step size β = 1/η; the log-ratios are drawn to ±1/(2β) nats.")
  ]

  public var beta = 0.1
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { 1 / (2 * beta * beta) }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let target = 1 / (2 * beta)
    return square(pairs.chosenLogRatio - target) + square(pairs.rejectedLogRatio + target)
  }
}

// DiscoPOP: a loss that a language model found, between the logistic and the exponential one.

import PreferenceCore

/// The logistic loss for misranked pairs, the exponential one for well ranked pairs.
///
/// With `z = βh` and the blend `m = σ(z/τ)`,
///
///     ℓ(h) = −(1 − m) log σ(z) + m e^(−z)
///
/// Not monotone: at `τ = 0.05` it rises on `z ∈ [−0.118, 0.070]`, so that training sets out the wrong way, with
/// slope `+0.784β` at margin 0. That is the published loss. `ℓ(0) = (log 2 + 1)/2`.
///
/// - Shapes: margins `h` and losses `ℓ` are `[P]`; `h` in nats.
/// - Source: Lu et al., 2024, arXiv:2406.08414, Section 5.
public struct DiscoPOP: MarginLoss {
  public static let card = LossCard(
    "discopop", "Discovered preference optimisation: logistic blended into exponential.",
    formula: "−(1−m) log σ(z) + m e^(−z), z = βh, m = σ(z/τ)",
    source: "Lu et al., 2024, arXiv:2406.08414, Section 5",
    departures: ["the section's number is from memory"],
    trl: ForeignName("discopop", ["beta": "beta", "discopop_tau": "tau"]))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field("tau", \.tau, .positive, "How gradually, in units of βh, one loss gives way to the other."),
  ]

  public var beta = 0.05
  public var tau = 0.05
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { (Elementary.log(2) + 1) / 2 }

  public func loss(margin: Tensor) -> Tensor {
    let z = beta * margin
    // m e^−z as one exponential: the factors alone would be 0 and infinite for large negative z.
    return exp(logSigmoid(z / tau) - z) - sigmoid(-z / tau) * logSigmoid(z)
  }
}

// Robust DPO: the DPO loss corrected so that flipped labels do not bias it.

import PreferenceCore

/// An unbiased estimate of the DPO loss under labels of which a fraction `ε` is flipped.
///
///     ℓ(h) = [−(1 − ε) log σ(βh) + ε log σ(−βh)] / (1 − 2ε)
///
/// The mean of `ℓ(h)` and `ℓ(−h)` with weights `1 − ε` and `ε` is DPO's loss of the clean label.
/// The price: `ℓ → −εβh/(1 − 2ε)` as the margin grows, so it is unbounded below.
///
/// - Shapes: margins `h` and losses `ℓ` are `[P]`, one scalar for each pair; `h` in nats.
/// - Source: Chowdhury, Kini and Natarajan, 2024, arXiv:2403.00409, Equation 12.
public struct RobustDPO: MarginLoss {
  public static let card = LossCard(
    "robust", "DPO made unbiased under randomly flipped labels.",
    formula: "[−(1−ε) log σ(βh) + ε log σ(−βh)] / (1−2ε)",
    source: "Chowdhury et al., 2024, arXiv:2403.00409, Equation 12",
    departures: ["the equation's number is from memory"],
    trl: ForeignName("robust", ["beta": "beta", "label_smoothing": "label_smoothing"]))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field("label_smoothing", \.labelSmoothing, .within(0..<0.5), "Share ε of labels taken to be flipped."),
  ]

  public var beta = 0.1
  public var labelSmoothing = 0.1
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { Elementary.log(2) }

  public func loss(margin: Tensor) -> Tensor {
    let z = beta * margin
    let clean = 1 - 2 * labelSmoothing
    return ((labelSmoothing - 1) / clean) * logSigmoid(z) + (labelSmoothing / clean) * logSigmoid(-z)
  }
}

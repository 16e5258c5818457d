// Direct Preference Optimisation: the logistic loss of the log-ratio margin.

import PreferenceCore

/// DPO, with optional label smoothing (conservative DPO).
///
/// If a fraction `ε` of the labels is flipped, the likelihood of a label under Bradley–Terry
/// with implicit rewards `β log π_θ/π_ref` gives
///
///     ℓ(h) = −(1 − ε) log σ(βh) − ε log σ(−βh)
///
/// `ε = 0` is DPO: decreasing, convex, its infimum 0 never attained. With `ε > 0` the minimum
/// stands at `h = logit(1 − ε)/β`. `ℓ(0) = log 2` for every `ε`.
///
/// - Shapes: margins `h` and losses `ℓ` are `[P]`, one scalar for each pair; `h` in nats.
/// - Source: Rafailov et al., 2023, arXiv:2305.18290, Equation 7; `ε` from the authors' code.
public struct DPO: MarginLoss {
  public static let card = LossCard(
    "dpo", "Direct Preference Optimisation: the logistic loss of the margin.",
    formula: "−(1−ε) log σ(βh) − ε log σ(−βh)",
    source: "Rafailov et al., 2023, arXiv:2305.18290, Equation 7",
    departures: ["label_smoothing is conservative DPO, which stands in the authors' code, not in the paper"],
    trl: ForeignName("sigmoid"))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field("label_smoothing", \.labelSmoothing, .within(0..<0.5), "Share ε of labels taken to be flipped."),
  ]

  public var beta = 0.1
  public var labelSmoothing = 0.0
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { Elementary.log(2) }

  public func loss(margin: Tensor) -> Tensor {
    let z = beta * margin
    let loss = (labelSmoothing - 1) * logSigmoid(z)
    return labelSmoothing == 0 ? loss : loss - labelSmoothing * logSigmoid(-z)
  }
}

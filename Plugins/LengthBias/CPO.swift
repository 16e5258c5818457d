// CPO: DPO without a reference.

import PreferenceCore

/// Contrastive preference optimisation: the logistic loss of the policy's own log-probabilities.
///
///     ℓ = −(1 − ε) log σ(βd) − ε log σ(−βd),   d = log π_θ(y_w) − log π_θ(y_l)
///
/// DPO with a uniform reference. By itself it lets both sides fall and prefers whatever is long and rejected to
/// fall most; the paper adds the likelihood of the chosen side: `cpo + sft`.
///
/// - Shapes: differences `d` and losses are `[P]`; `d` in nats.
/// - Source: Xu et al., 2024, arXiv:2401.08417, Equation 6.
public struct CPO: ReferenceFreeLoss {
  public static let card = LossCard(
    "cpo", "Contrastive preference optimisation: DPO without a reference.",
    formula: "−(1−ε) log σ(βd) − ε log σ(−βd), d = log π_θ(y_w) − log π_θ(y_l)",
    source: "Xu et al., 2024, arXiv:2401.08417, Equation 6",
    departures: [
      "the equation's number is from memory",
      "the likelihood of the chosen side, which the paper adds, is written as a sum: cpo + sft",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Scale β of the difference of log-probabilities."),
    Field("label_smoothing", \.labelSmoothing, .within(0..<0.5), "Share ε of labels taken to be flipped."),
  ]

  public var beta = 0.1
  public var labelSmoothing = 0.0
  public init() {}

  public var rewardScale: Double { beta }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let z = beta * pairs.margin
    let loss = (labelSmoothing - 1) * logSigmoid(z)
    return labelSmoothing == 0 ? loss : loss - labelSmoothing * logSigmoid(-z)
  }
}

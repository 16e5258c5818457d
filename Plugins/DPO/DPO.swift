// Direct Preference Optimisation: the logistic loss of the log-ratio margin.

import PreferenceCore

/// DPO with optional label smoothing (cDPO).
///
/// `ℓ(h) = −(1 − ε) log σ(βh) − ε log σ(−βh)`
public struct DPO: MarginLoss {
  public static let card = LossCard(
    "dpo", "Direct Preference Optimisation.",
    formula: "−(1−ε) log σ(βh) − ε log σ(−βh)", source: "Rafailov et al., 2023, arXiv:2305.18290, Eq. 7")
  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how strongly the policy is held to the reference."),
    Field("label-smoothing", \.labelSmoothing, .within(0..<0.5), "Probability ε that a preference label is flipped."),
  ]
  public var beta = 0.1
  public var labelSmoothing = 0.0
  public init() {}

  public var rewardScale: Double { beta }
  public func loss(margin: Tensor) -> Tensor {
    let z = beta * margin
    return (labelSmoothing - 1) * logSigmoid(z) - labelSmoothing * logSigmoid(-z)
  }
}

public enum DPOPlugin: LossPlugin {
  public static let name = "dpo"
  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(DPO.self)
  }
}

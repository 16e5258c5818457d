// IPO: the margin is drawn to a fixed target by a squared distance.

import PreferenceCore

/// Identity Preference Optimisation: a squared distance of the margin from its target.
///
///     ℓ(h) = (h − 1/(2τ))²
///
/// `h` is the margin of log-ratios per token (`mean`: each side over its own number of tokens) or
/// of whole sequences (`sum`). Where all annotators agree the optimum is exactly `h = 1/(2τ)`, at
/// a finite distance from the reference; with agreement `p` it is `(2p − 1)/(2τ)`.
///
/// - Shapes: margins `h` and losses `ℓ` are `[P]`; `h` in nats, or nats per token for `mean`.
/// - Source: Azar et al., 2023, arXiv:2310.12036, Equation 17.
public struct IPO: PairwiseLoss {
  /// What the margin is made of.
  public enum Reduction: String, CaseIterable, HyperparameterValue {
    /// Mean log-ratios per token: each side divided by its own length.
    case mean
    /// Log-ratios of whole sequences, as the paper's formula reads.
    case sum
  }

  public static let card = LossCard(
    "ipo", "Identity Preference Optimisation: the margin is drawn to 1/(2τ).",
    formula: "(h − 1/(2τ))²",
    source: "Azar et al., 2023, arXiv:2310.12036, Equation 17",
    departures: [
      "reduction=mean divides each side by its number of tokens, as TRL does on the authors' word; "
        + "reduction=sum is the equation as printed"
    ], trl: ForeignName("ipo", ["beta": "tau"]))

  public static let hyperparameters: Schema<Self> = [
    Field("tau", \.tau, .positive, "Regularisation strength τ; the margin is drawn to 1/(2τ)."),
    Field("reduction", \.reduction, "Whether the margin is per token or of whole sequences."),
  ]

  public var tau = 0.1
  public var reduction = Reduction.mean
  public init() {}

  public var rewardScale: Double { tau }
  public var startingValue: Double? { 1 / (4 * tau * tau) }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let margin = reduction == .mean ? pairs.meanMargin : pairs.margin
    return square(margin - 1 / (2 * tau))
  }
}

/// Brings `ipo`.
public enum IPOPlugin: LossPlugin {
  public static let name = "ipo"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(IPO.self)
  }
}

// LN-DPO: DPO on log-ratios per token, so that long completions do not weigh more.

import PreferenceCore

/// DPO on the margin of mean log-ratios.
///
///     ℓ = −log σ(β [a/T_w − b/T_l])
///
/// Each side is divided by its own number of tokens. For completions of one length `T` it is DPO with `β/T`, hence
/// the larger default.
///
/// - Shapes: log-ratios `a`, `b`, lengths `T` and losses are `[P]`; log-ratios in nats.
/// - Source: Lambert et al., 2024, arXiv:2411.15124, Section 5.1.
public struct LengthNormalizedDPO: PairwiseLoss {
  public static let card = LossCard(
    "ln-dpo", "DPO on log-ratios per token.",
    formula: "−log σ(β[a/T_w − b/T_l])",
    source: "Lambert et al., 2024, arXiv:2411.15124, Section 5.1",
    departures: ["the section's number is from memory"], trl: ForeignName("sigmoid_norm"))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β of log-ratios per token.")
  ]

  public var beta = 5.0
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { Elementary.log(2) }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    -logSigmoid(beta * pairs.meanMargin)
  }
}

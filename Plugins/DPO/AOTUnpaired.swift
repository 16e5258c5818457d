// AOT-unpaired: rewards of chosen completions above those of rejected ones as distributions.

import PreferenceCore

/// Distributional preference alignment by optimal transport, blind to who was paired with whom.
///
/// With the log-ratios `a` of all chosen and `b` of all rejected completions of the step, each sorted by itself,
///
///     ℓ_k = −(1 − ε) log σ(βd_k) − ε log σ(−βd_k),   d_k = a₍ₖ₎ − b₍ₖ₎
///
/// The batch is one sample, so the loss couples its pairs; a batch of one pair gives DPO.
///
/// - Shapes: log-ratios and losses are `[P]`, in nats; losses stand in ascending order of log-ratios.
/// - Source: Melnyk et al., 2024, arXiv:2406.05882, Section 3.
public struct AOTUnpaired: PairwiseLoss {
  public static let card = LossCard(
    "aot-unpaired", "Optimal transport: chosen log-ratios above rejected ones, quantile by quantile.",
    formula: "−(1−ε) log σ(βd) − ε log σ(−βd), d = sort(a) − sort(b)",
    source: "Melnyk et al., 2024, arXiv:2406.05882, Section 3",
    departures: [
      "the section's number is from memory",
      "the two samples are the sides of pairs and equally large, as in TRL; the paper allows any two",
    ], trl: ForeignName("aot_unpaired", ["beta": "beta", "label_smoothing": "label_smoothing"]))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field("label_smoothing", \.labelSmoothing, .within(0..<0.5), "Share ε of labels taken to be flipped."),
  ]

  public var beta = 0.1
  public var labelSmoothing = 0.0
  public init() {}

  public var requirements: Requirements {
    var needs = Requirements(.pairwise)
    needs.couplesItems = true
    return needs
  }

  public var rewardScale: Double { beta }
  public var startingValue: Double? { Elementary.log(2) }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    quantileLosses(
      pairs.chosenLogRatio, above: pairs.rejectedLogRatio, beta: beta, labelSmoothing: labelSmoothing)
  }
}

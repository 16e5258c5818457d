// AOT: the policy's margins are pushed above the reference's as distributions, quantile by quantile.

import PreferenceCore

/// Distributional preference alignment by optimal transport, for pairs.
///
/// With the margins `Δ_θ = log π_θ(y_w) − log π_θ(y_l)` and `Δ_ref` of all pairs of the step, each sorted by itself,
///
///     ℓ_k = −(1 − ε) log σ(βd_k) − ε log σ(−βd_k),   d_k = Δ_θ₍ₖ₎ − Δ_ref₍ₖ₎
///
/// The policy's margins are to dominate the reference's at every quantile, whichever pairs these belong to. The
/// batch is one sample, so the loss couples its pairs; a batch of one pair gives DPO.
///
/// - Shapes: margins and losses are `[P]`, in nats; losses stand in ascending order of margins.
/// - Source: Melnyk et al., 2024, arXiv:2406.05882, Section 3.
public struct AOT: PairwiseLoss {
  public static let card = LossCard(
    "aot", "Optimal transport: the policy's margins above the reference's, quantile by quantile.",
    formula:
      "−(1−ε) log σ(βd) − ε log σ(−βd), d = sort(log π_θ(y_w)/π_θ(y_l)) − sort(log π_ref(y_w)/π_ref(y_l))",
    source: "Melnyk et al., 2024, arXiv:2406.05882, Section 3",
    departures: ["the section's number is from memory"],
    trl: ForeignName("aot", ["beta": "beta", "label_smoothing": "label_smoothing"]))

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
      pairs.shifted(pairs.policyMargin), above: pairs.referenceMargin, beta: beta,
      labelSmoothing: labelSmoothing)
  }
}

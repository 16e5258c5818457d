// NCA: noise contrastive alignment, which holds the likelihood of chosen responses up while it contrasts them.

import PreferenceCore

/// The pairwise form of noise contrastive alignment: a classifier of each response against the reference.
///
/// With the implicit rewards `r_w = βa`, `r_l = βb` of the two sides,
///
///     ℓ = −log σ(r_w) − ½ log σ(−r_w) − ½ log σ(−r_l)
///
/// Not a function of the margin: the best `r_w` is `log 2` whatever the rejected side does, so the
/// chosen likelihood cannot sink along with the rejected one. `ℓ = 2 log 2` at the start.
///
/// - Shapes: log-ratios `a`, `b` and losses are `[P]`; log-ratios in nats.
/// - Source: Chen et al., 2024, arXiv:2402.05369.
public struct NCA: PairwiseLoss {
  public static let card = LossCard(
    "nca", "Noise contrastive alignment: each side against the reference by itself.",
    formula: "−log σ(βa) − ½ log σ(−βa) − ½ log σ(−βb)",
    source: "Chen et al., 2024, arXiv:2402.05369",
    departures: [
      "the paper contrasts any number of responses weighted by rewards; this is its form for one pair, as in "
        + "TRL's nca_pair"
    ], trl: ForeignName("nca_pair"))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy.")
  ]

  public var beta = 0.1
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { 2 * Elementary.log(2) }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let (chosen, rejected) = (beta * pairs.chosenLogRatio, beta * pairs.rejectedLogRatio)
    return -(logSigmoid(chosen) + 0.5 * (logSigmoid(-chosen) + logSigmoid(-rejected)))
  }
}

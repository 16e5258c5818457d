// EXO: the divergence runs from the policy's preferences to people's, not the other way as in DPO.

import PreferenceCore

/// Efficient exact optimisation of pairs: the reverse divergence of two coins.
///
/// With `q = σ(βh)`, the modelled probability that the chosen side wins, and `1 − ε` the labelled one,
///
///     ℓ(h) = KL(q ‖ 1 − ε) = q [log q − log(1−ε)] + (1−q) [log(1−q) − log ε]
///
/// DPO is the forward divergence of the same coins. Never negative, 0 at `h = logit(1−ε)/β`; the slope
/// `βq(1−q)(βh − logit(1−ε))` fades on pairs that are badly misranked.
///
/// - Shapes: margins `h` and losses `ℓ` are `[P]`; `h` in nats.
/// - Source: Ji et al., 2024, arXiv:2402.00856, Equation 17.
public struct EXO: MarginLoss {
  public static let card = LossCard(
    "exo", "Efficient exact optimisation: the reverse divergence of preferences.",
    formula: "q[log q − log(1−ε)] + (1−q)[log(1−q) − log ε], q = σ(βh)",
    source: "Ji et al., 2024, arXiv:2402.00856, Equation 17",
    departures: ["the equation's number is from memory"],
    trl: ForeignName("exo_pair", ["beta": "beta", "label_smoothing": "label_smoothing"]))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field(
      "label_smoothing", \.labelSmoothing, .between(0, 0.5),
      "Share ε of labels taken to be flipped; at 0 the loss is infinite."),
  ]

  public var beta = 0.1
  public var labelSmoothing = 0.001
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? {
    -Elementary.log(2) - 0.5 * Elementary.log(labelSmoothing * (1 - labelSmoothing))
  }

  public func loss(margin: Tensor) -> Tensor {
    let z = beta * margin
    // 1 − q as σ(−z): it keeps its digits where q is next to 1.
    return sigmoid(z) * (logSigmoid(z) - Elementary.log1p(-labelSmoothing))
      + sigmoid(-z) * (logSigmoid(-z) - Elementary.log(labelSmoothing))
  }
}

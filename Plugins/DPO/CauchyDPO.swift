// Cauchy: DPO with a heavy-tailed model of how people choose.

import PreferenceCore

/// The negative log-likelihood of preferences under a Cauchy distribution of reward differences.
///
///     ℓ(h) = −log P(βh),   P(z) = atan(z)/π + 1/2
///
/// The tails are heavy: a pair that is misranked by far pulls with `1/|h|` only, so that flipped labels do little
/// harm, and one that is ranked well keeps a pull of `1/(πβh²)`. `ℓ(0) = log 2`.
///
/// - Shapes: margins `h` and losses `ℓ` are `[P]`; `h` in nats.
/// - Source: the code of RainbowPO (Zhao et al., 2024, arXiv:2410.04203).
public struct CauchyDPO: MarginLoss {
  public static let card = LossCard(
    "cauchy", "DPO with the Cauchy link in the place of the logistic one.",
    formula: "−log(atan(βh)/π + 1/2)",
    source: "Zhao et al., 2024, arXiv:2410.04203, authors' code")

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy.")
  ]

  public var beta = 0.1
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { Elementary.log(2) }

  public func loss(margin: Tensor) -> Tensor {
    // P(−z) = atan2(1, z)/π has no difference in it, so each tail is computed from the small side.
    (beta * margin).mapped(
      value: { z in
        z >= 0
          ? -Elementary.log1p(-Elementary.atan2(1, z) / .pi) : -Elementary.log(Elementary.atan2(1, -z) / .pi)
      },
      derivative: { z, _ in -1 / ((1 + z * z) * Elementary.atan2(1, -z)) })
  }
}

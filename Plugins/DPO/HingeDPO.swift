// Hinge: pairs that are already told apart by a margin of one teach nothing more.

import PreferenceCore

/// A hinge on the scaled margin.
///
///     ℓ(h) = max(0, 1 − βh)
///
/// The slope is `−β` up to `h = 1/β` and 0 from there on.
///
/// - Shapes: margins `h` and losses `ℓ` are `[P]`, one scalar for each pair; `h` in nats.
/// - Source: Liu et al., 2023, arXiv:2309.06657 (hinge-norm); Zhao et al., 2023, arXiv:2305.10425.
public struct HingeDPO: MarginLoss {
  public static let card = LossCard(
    "hinge", "A hinge on the margin, as in SLiC and RSO.",
    formula: "max(0, 1 − βh)",
    source: "Liu et al., 2023, arXiv:2309.06657; Zhao et al., 2023, arXiv:2305.10425",
    departures: ["SLiC's own loss has no reference and adds a likelihood term: that is another loss"],
    trl: ForeignName("hinge"))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β; margins beyond 1/β nats cost nothing.")
  ]

  public var beta = 0.1
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { 1 }

  public func loss(margin: Tensor) -> Tensor { relu(1 - beta * margin) }
}

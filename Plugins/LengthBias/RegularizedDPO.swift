// R-DPO: longer responses need a larger margin.

import PreferenceCore

/// DPO with a penalty on length.
///
///     ℓ(h) = −log σ(βh + α (T_w − T_l))
///
/// Maximising reward less `α` for every token gives this loss: a chosen side that is longer than the rejected one
/// is taken to have won partly by its length, and needs less margin from the policy. `α = 0` is DPO.
///
/// - Shapes: margins `h`, lengths `T` and losses `ℓ` are `[P]`; `h` in nats, lengths in tokens.
/// - Source: Park et al., 2024, arXiv:2403.19159, Equation 9.
public struct RegularizedDPO: PairwiseLoss {
  public static let card = LossCard(
    "r-dpo", "DPO with a penalty on length.",
    formula: "−log σ(βh + α(T_w − T_l))",
    source: "Park et al., 2024, arXiv:2403.19159, Equation 9",
    departures: [
      "the equation's number is from memory; the sign of the length term follows from the regularised objective "
        + "(other systems' code has it both ways)"
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field("alpha", \.alpha, .nonnegative, "The penalty α on each token."),
  ]

  public var beta = 0.1
  public var alpha = 0.01
  public init() {}

  public var rewardScale: Double { beta }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let lengths = pairs.batch.lengths
    let excess = lengths.rows(pairs.chosen) - lengths.rows(pairs.rejected)
    return -logSigmoid(beta * pairs.margin + pairs.scaled(alpha * excess))
  }
}

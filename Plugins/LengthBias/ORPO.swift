// ORPO: imitation of the chosen side and odds in its favour, in one stage and without a reference.

import PreferenceCore

/// The likelihood of the chosen side plus a logistic loss of log-odds.
///
/// With the mean log-probability `m = log π_θ(y)/T` of each side and its log-odds `m − log(1 − e^m)`,
///
///     ℓ = −m_w − β log σ([m_w − m_l] − [log(1 − e^(m_w)) − log(1 − e^(m_l))])
///
/// Meant for a model that has not been fine-tuned yet: the first term does that.
///
/// - Shapes: mean log-probabilities `m` and losses are `[P]`; `m` in nats per token.
/// - Source: Hong, Lee and Thorne, 2024, arXiv:2403.07691, Equations 6 and 7.
public struct ORPO: ReferenceFreeLoss {
  public static let card = LossCard(
    "orpo", "Odds-ratio preference optimisation: imitation and odds in one loss, without a reference.",
    formula: "−m_w − β log σ([m_w − m_l] − [log(1 − e^m_w) − log(1 − e^m_l)]), m = log π_θ(y)/T",
    source: "Hong et al., 2024, arXiv:2403.07691, Equations 6 and 7",
    departures: [
      "the equations' numbers are from memory",
      "the likelihood is over completion tokens, of each pair by itself; the authors' code and TRL count the "
        + "prompt's tokens as well",
      "1 − e^m is taken at m ≤ −1e-6: a side that is certain has no finite odds",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Weight β of the log-odds term, the paper's λ.")
  ]

  public var beta = 0.1
  public init() {}

  public var rewardScale: Double { beta }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let means = pairs.batch.meanLogRatio
    let odds = means - logComplement(means)
    let logOdds = pairs.shifted(odds.rows(pairs.chosen) - odds.rows(pairs.rejected))
    context.metrics.record("orpo/log_odds", stopGradient(logOdds))
    return -means.rows(pairs.chosen) - beta * logSigmoid(logOdds)
  }

  /// `log(1 − e^m)`.
  private func logComplement(_ logMean: Tensor) -> Tensor {
    minimum(logMean, -1e-6).mapped(
      value: { m in
        // Either form loses its digits on the other side of −log 2.
        m > -0.6931471805599453
          ? Elementary.log(-Elementary.expm1(m)) : Elementary.log1p(-Elementary.exp(m))
      },
      derivative: { m, _ in 1 + 1 / Elementary.expm1(m) })
  }
}

// APA: the policy is drawn to the initial one, tilted by the advantage, by squares.

import PreferenceCore

/// Advantage-induced policy alignment: a regression of log-ratios onto advantages, token by token.
///
/// With `A_t` the generalised advantage of token `t` and `π_0` the initial policy, the reference,
///
///     ℓ_t = (log π_θ(y_t) − log π_0(y_t) − A_t/λ)²  +  c · ½ (V_t − target_t)²
///
/// Its solution is `π_0 exp(A/λ)`, the optimum of reward under a KL penalty of weight λ with the normaliser
/// taken for 1. Unlike a policy gradient it stays put where the advantage is reached. Learns a value head on
/// the way. Advantages and targets are constants; they are whitened over the tokens of the step, so that
/// the scale of rewards does not matter.
///
/// - Shapes: one value for each token, `[M]`.
/// - Source: Zhu et al., 2023, arXiv:2306.02231; constants from the authors' code.
public struct APA: PreferenceLoss {
  public static let card = LossCard(
    "apa", "Advantage-induced policy alignment: log-ratios drawn to advantages by squares.",
    formula:
      "(log π_θ(y_t) − log π_ref(y_t) − A_t/λ)² + c · ½ (V_t − target_t)², target_t = V_t + A_t before whitening",
    source: "Zhu et al., 2023, arXiv:2306.02231",
    departures: [
      "the value head is one linear map on the policy's own last state; the authors train a second network",
      "values are those of now, not those of when the responses were sampled: the two agree while each "
        + "sample is used once",
      "whitening respects the mask; the authors' code takes padding in",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field(
      "lambda", \.lambda, .positive, "The temperature λ: how much advantage one nat of log-ratio is worth."),
    Field("value_weight", \.valueWeight, .nonnegative, "The coefficient c of the value head's regression."),
    Field("column", \.column, "The column of the rows that holds each response's reward."),
    Field("gamma", \.discount, .within(0...1), "The discount γ of later values."),
    Field("gae_lambda", \.trace, .within(0...1), "How far advantages look ahead: 0 one token, 1 to the end."),
    Field("whiten", \.whitens, "Whether advantages are brought to mean 0 and variance 1 over the step."),
  ]

  public var lambda = 0.1
  public var valueWeight = 1.0
  public var column = "reward"
  public var discount = 1.0
  public var trace = 0.95
  public var whitens = true
  public init() {}

  public var requirements: Requirements {
    var needs = Requirements(.unpaired)
    needs.policyStatistics = [.logProbability, AdvantageEstimate.head]
    needs.annotations = [column]
    needs.couplesItems = whitens
    needs.readsLogRatios = false
    return needs
  }

  public var rewardScale: Double { lambda }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let estimate = AdvantageEstimate(
      batch, column: column, discount: discount, trace: trace, whitens: whitens)
    let reference = batch.judgedTokens(batch.references[0][.logProbability])
    let target = reference + (1 / lambda) * estimate.advantages
    let valueLoss = estimate.valueLoss(batch)
    context.metrics.record("apa/value_error", stopGradient(valueLoss))
    context.metrics.record(
      "apa/reward", batch.annotation(column).rows(batch.completions(of: .completion)))
    return LossTerms(terms: [
      LossTerm("apa", square(batch.judgedTokens(batch.policy[.logProbability]) - target), per: .token),
      LossTerm("value", valueLoss, per: .token, coefficient: valueWeight),
    ])
  }
}

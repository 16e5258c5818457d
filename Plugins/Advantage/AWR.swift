// AWR: likelihood of what was sampled, weighted by what it was worth.

import PreferenceCore

/// Advantage-weighted regression, token by token.
///
///     ℓ_t = −min(e^(A_t/λ), m) · log π_θ(y_t)  +  c · ½ (V_t − target_t)²
///
/// Its solution is `π_sampled exp(A/λ)`: where `apa` starts from the initial policy, this starts from whoever
/// wrote the responses. No reference is read. Weights are constants and clamped at `m`; without advantages
/// this is plain likelihood.
///
/// - Shapes: one value for each token, `[M]`.
/// - Source: Peng et al., 2019, arXiv:1910.00177; for language models Zhu et al., 2023, arXiv:2306.02231.
public struct AWR: PreferenceLoss {
  public static let card = LossCard(
    "awr", "Advantage-weighted regression: likelihood of tokens by exponentials of their advantages.",
    formula:
      "−min(exp(A_t/λ), m) · log π_θ(y_t) + c · ½ (V_t − target_t)², target_t = V_t + A_t before whitening",
    source: "Peng et al., 2019, arXiv:1910.00177; Zhu et al., 2023, arXiv:2306.02231",
    departures: [
      "the default of λ is that of apa; the authors' code has 2 for dialogue and 1 for summaries",
      "weights are clamped at max_weight, as in the first paper; the code for language models does not",
      "the value head is one linear map on the policy's own last state; the authors train a second network",
      "whitening respects the mask; the authors' code takes padding in",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("lambda", \.lambda, .positive, "The temperature λ: smaller is greedier for advantage."),
    Field("value_weight", \.valueWeight, .nonnegative, "The coefficient c of the value head's regression."),
    Field("column", \.column, "The column of the rows that holds each response's reward."),
    Field("gamma", \.discount, .within(0...1), "The discount γ of later values."),
    Field("gae_lambda", \.trace, .within(0...1), "How far advantages look ahead: 0 one token, 1 to the end."),
    Field("whiten", \.whitens, "Whether advantages are brought to mean 0 and variance 1 over the step."),
    Field("max_weight", \.maximumWeight, .positive, "The largest weight m that an advantage can give."),
  ]

  public var lambda = 0.1
  public var valueWeight = 1.0
  public var column = "reward"
  public var discount = 1.0
  public var trace = 0.95
  public var whitens = true
  public var maximumWeight = 20.0
  public init() {}

  public var requirements: Requirements {
    var needs = Requirements(.unpaired, references: Requirements.anyReferences)
    needs.policyStatistics = [.logProbability, AdvantageEstimate.head]
    needs.referenceStatistics = []
    needs.annotations = [column]
    needs.couplesItems = whitens
    needs.readsLogRatios = false
    return needs
  }

  public var rewardScale: Double { lambda }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let estimate = AdvantageEstimate(
      batch, column: column, discount: discount, trace: trace, whitens: whitens)
    let exponents = (1 / lambda) * estimate.advantages
    let weights = exp(minimum(exponents, Elementary.log(maximumWeight)))
    let valueLoss = estimate.valueLoss(batch)
    context.metrics.record("awr/weight", weights)
    context.metrics.record("awr/value_error", stopGradient(valueLoss))
    context.metrics.record(
      "awr/reward", batch.annotation(column).rows(batch.completions(of: .completion)))
    return LossTerms(terms: [
      LossTerm("awr", -(weights * batch.judgedTokens(batch.policy[.logProbability])), per: .token),
      LossTerm("value", valueLoss, per: .token, coefficient: valueWeight),
    ])
  }
}

// KTO: responses marked good or bad, measured against how far the policy has drifted altogether.

import PreferenceCore

/// Kahneman–Tversky optimisation: a saturating value of gains and losses around a reference point.
///
/// With `h = log π_θ/π_ref` of a response and the policy's drift `z`,
///
///     desirable     ℓ = λ_D (1 − σ(β(h − z)))
///     undesirable   ℓ = λ_U (1 − σ(β(z − h)))
///     z = max(0, mean over mismatched (x, y′) of log π_θ(y′|x)/π_ref(y′|x))
///
/// `z` estimates `KL(π_θ ‖ π_ref)` from answers to other prompts, which the batch brings along, over the whole
/// step; it is a constant to the gradient. Rows of pairs are taken apart into good and bad responses. A step
/// without mismatched answers, such as that of a single row, has `z = 0`.
///
/// - Shapes: one value for each labelled response, `[M]`; log-ratios in nats.
/// - Source: Ethayarajh et al., 2024, arXiv:2402.01306, Equation 8.
public struct KTO: PreferenceLoss {
  public static let card = LossCard(
    "kto", "Kahneman–Tversky optimisation: good and bad responses against the policy's drift.",
    formula: "λ_D (1 − σ(β(a − z))) or λ_U (1 − σ(β(z − b)))",
    source: "Ethayarajh et al., 2024, arXiv:2402.01306, Equation 8",
    departures: [
      "the equation's number is from memory",
      "the constant λ of each response is left out, as in the authors' code: the loss is λ − value",
      "z is estimated over all mismatched answers of a step, not of each micro-batch",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how soon gains and losses saturate."),
    Field("desirable_weight", \.desirableWeight, .nonnegative, "The weight λ_D of good responses."),
    Field("undesirable_weight", \.undesirableWeight, .nonnegative, "The weight λ_U of bad responses."),
  ]

  public var beta = 0.1
  public var desirableWeight = 1.0
  public var undesirableWeight = 1.0
  public init() {}

  public var requirements: Requirements {
    var needs = Requirements(.unpaired)
    needs.needsBaselines = true
    needs.couplesItems = true
    return needs
  }

  public var rewardScale: Double { beta }
  public var startingValue: Double? {
    desirableWeight == undesirableWeight ? 0.5 * desirableWeight : nil
  }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let layout = batch.layout
    let mismatched = layout.isBaseline.indices.filter { layout.isBaseline[$0] }
    let drift = stopGradient(maximum(batch.logRatio.rows(mismatched).mean(), 0))
    context.metrics.record("kl", drift)
    let judged = batch.completions(of: .completion)
    let signs = Tensor(judged.map { layout.isDesirable[$0] ? 1 : -1 })
    let weights = Tensor(judged.map { layout.isDesirable[$0] ? desirableWeight : undesirableWeight })
    let gain = signs * (beta * (batch.logRatio.rows(judged) - drift))
    return LossTerms("kto", weights * sigmoid(-gain), per: .completion)
  }
}

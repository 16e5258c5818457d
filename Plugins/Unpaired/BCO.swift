// BCO: a binary classifier whose logit is the implicit reward.

import PreferenceCore

/// Binary classifier optimisation: good responses against bad ones, each by itself.
///
/// With the implicit reward `r = β log π_θ/π_ref` of a response and a shift `δ`,
///
///     desirable     ℓ = −log σ(r − δ)
///     undesirable   ℓ = −log σ(−(r − δ))
///
/// The two sides of a pair are added, `ℓ = −log σ(r_w − δ) − log σ(δ − r_l)`; unpaired responses count one by
/// one. `δ` is 0, or, with `shift=running`, the mean reward of every response seen so far, this step's
/// among them: then the loss bounds DPO's from above most tightly. The shift is a constant to the gradient.
///
/// - Shapes: one value for each pair `[P]`, or for each unpaired response `[M]`.
/// - Source: Jung et al., 2024, arXiv:2404.04656.
public struct BCO: PreferenceLoss {
  /// What is taken off rewards before they are classified.
  public enum Shift: String, CaseIterable, HyperparameterValue {
    /// Nothing, as in TRL 1.16.
    case zero
    /// The mean reward so far, as in the paper.
    case running
  }

  public static let card = LossCard(
    "bco", "Binary classifier optimisation: the implicit reward as a classifier's logit.",
    formula: "−log σ(βa − δ) − log σ(δ − βb)",
    source: "Jung et al., 2024, arXiv:2404.04656",
    departures: [
      "shift=zero leaves out the paper's δ, as TRL 1.16 does; shift=running is the paper's",
      "δ is the mean over all responses ever seen; the weight that the paper gives to recent ones was not "
        + "recoverable",
      "the paper's density ratio between prompts of good and of bad responses is left out",
    ], trl: ForeignName("bco_pair"))

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field("shift", \.shift, "What is taken off rewards: nothing, or their running mean."),
  ]

  public var beta = 0.1
  public var shift = Shift.zero
  public init() {}

  public var requirements: Requirements {
    var needs = Requirements(.unpaired)
    needs.couplesItems = shift == .running
    return needs
  }

  public var rewardScale: Double { beta }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let reward = shifted(beta * batch.logRatio, batch, &context)
    let pairs = batch.layout.orderedPairs
    guard pairs.isEmpty else {
      let (chosen, rejected) = (reward.rows(pairs.map(\.chosen)), reward.rows(pairs.map(\.rejected)))
      return LossTerms("bco", -(logSigmoid(chosen) + logSigmoid(-rejected)), per: .pair)
    }
    let judged = batch.completions(of: .completion)
    let signs = Tensor(judged.map { batch.layout.isDesirable[$0] ? 1 : -1 })
    return LossTerms("bco", -logSigmoid(signs * reward.rows(judged)), per: .completion)
  }

  /// Rewards less the running mean, `[N]`; learns from them for the steps to come.
  private func shifted(_ reward: Tensor, _ batch: ScoredBatch, _ context: inout LossContext) -> Tensor {
    guard shift == .running else { return reward }
    let judged = stopGradient(reward).rows(batch.completions(of: .completion))
    let (count, weight) = (Double(judged.count), context.rememberedWeight("reward"))
    let before = context.remembered("reward") ?? 0
    let mean = (before * weight + judged.sum()) / max(1, weight + count)
    context.remember("reward", judged)
    context.metrics.record("bco/shift", mean)
    return reward - mean
  }
}

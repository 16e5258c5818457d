// Reward modelling: a scalar on top of a model that tells better responses from worse ones.

import PreferenceCore

/// The Bradley–Terry likelihood of a preference under a learned reward.
///
/// With `r` the output of a scalar head behind a response's last token,
///
///     ℓ = −log σ(r_w − r_l) + c (r_w + r_l)²
///
/// Nothing is said of the model's likelihoods and no reference is read: what is trained is a judge. Only
/// differences of rewards count, unless `c > 0` keeps them around 0. `ℓ = log 2` where all rewards are equal.
///
/// - Shapes: one value for each pair, `[P]`.
/// - Source: Ouyang et al., 2022, arXiv:2203.02155, Equation 1; `c` after Eisenstein et al., 2023,
///   arXiv:2312.09244.
public struct BradleyTerry: PreferenceLoss {
  /// The head that is trained.
  static let head = TokenStatistic.headBehind("reward")

  public static let card = LossCard(
    "reward", "Bradley–Terry reward modelling: a scalar head that ranks responses.",
    formula: "−log σ(r_w − r_l) + c (r_w + r_l)²",
    source:
      "Ouyang et al., 2022, arXiv:2203.02155, Equation 1; centering: Eisenstein et al., 2023, arXiv:2312.09244",
    departures: [
      "every couple of a ranking counts alike; the paper takes the mean over the couples of a prompt first"
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("center", \.center, .nonnegative, "The coefficient c that keeps rewards around 0.")
  ]

  public var center = 0.0
  public init() {}

  public var requirements: Requirements {
    var needs = Requirements(.pairwise, references: Requirements.anyReferences)
    (needs.policyStatistics, needs.referenceStatistics) = ([Self.head], [])
    needs.readsLogRatios = false
    return needs
  }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let rewards = batch.policy[Self.head].gathered(batch.tokenCounts.map { max(0, $0 - 1) })
    let pairs = batch.layout.orderedPairs
    let (better, worse) = (rewards.rows(pairs.map(\.chosen)), rewards.rows(pairs.map(\.rejected)))
    let margin = better - worse
    let known = stopGradient(margin)
    context.metrics.record("reward/margin", known)
    context.metrics.record("reward/accuracy", known .> 0)
    context.metrics.record("reward/mean", stopGradient(0.5 * (better + worse)))
    let loss = -logSigmoid(margin)
    return LossTerms("reward", center == 0 ? loss : loss + center * square(better + worse), per: .pair)
  }
}

/// Brings `reward`.
public enum RewardModelPlugin: LossPlugin {
  public static let name = "rewardmodel"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(BradleyTerry.self)
  }
}

// WPO: off-policy pairs count as much as the policy itself would have written them.

import PreferenceCore

/// Weighs each pair's loss by how likely the policy finds its completions.
///
///     W ℓ,   W = w_w w_l,   w = exp((1/T) Σ_t [log π_θ(y_t) − log Σ_v π_θ(v)²])
///
/// A token counts against what a token drawn from the policy would score on average, `Σ_v π(v)²`, so that `w` is
/// 1 where the policy is uniform and may exceed 1 on modes. `W` is a constant: no gradient flows into it. Terms
/// that are not counted by pairs keep their weight. `W = 1` is the inner loss.
///
/// - Source: Zhou et al., 2024, arXiv:2406.11827, Section 3.3 (sampled alignment).
public struct WPO: WrapperLoss {
  public static let card = LossCard(
    "wpo", "Any loss with each pair weighted by how likely the policy finds it.",
    formula: "W ℓ, W = w_w w_l, w = exp((1/T) Σ_t [log π_θ(y_t) − log Σ_v π_θ(v)²])",
    source: "Zhou et al., 2024, arXiv:2406.11827, Section 3.3",
    departures: [
      "the section's number is from memory",
      "W is not clamped unless 'clamp' says so; the authors' and TRL's earlier code takes at most 1",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("inner", \.inner, "The loss whose pairs are weighted."),
    Field("clamp", \.clamp, .optional(.positive), "The largest weight W a pair can have; none for no limit."),
  ]

  public var inner: LossSlot = "dpo"
  public var clamp: Double?
  public init() {}

  public var requirements: Requirements {
    var needs = innerRequirements(atLeast: .pairwise)
    let name = type(of: inner.loss).card.name
    if needs.conflict == nil, !needs.readsLogRatios || needs.couplesItems {
      let trouble = needs.couplesItems ? "mixes the pairs of a batch" : "has no term counted by pairs"
      needs.conflict = RequirementConflict("wpo", "weighs the loss of each pair, but '\(name)' \(trouble)")
    }
    needs.policyStatistics.formUnion([.logProbability, .logCollision])
    return needs
  }

  /// None: pairs are weighted.
  public var startingValue: Double? { nil }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let weights = pairWeights(batch)
    context.metrics.record("wpo/weight", weights)
    var terms = context.evaluate(inner.loss, at: "inner", on: batch)
    for place in terms.terms.indices where terms.terms[place].unit == .pair {
      terms.terms[place].values = weights * terms.terms[place].values
    }
    return terms
  }

  /// `W`, a constant. `[P]`.
  private func pairWeights(_ batch: ScoredBatch) -> Tensor {
    let surprise =
      batch.sequenceSum(of: .logProbability, batch.policy)
      - batch.sequenceSum(of: .logCollision, batch.policy)
    let alignment = stopGradient(surprise / maximum(batch.lengths, 1))
    let pairs = batch.layout.orderedPairs
    let exponent = alignment.rows(pairs.map(\.chosen)) + alignment.rows(pairs.map(\.rejected))
    // log-probabilities are below 0 and collisions above −log V: no model gets near this limit.
    let weights = exp(minimum(exponent, 80))
    return clamp.map { minimum(weights, $0) } ?? weights
  }
}

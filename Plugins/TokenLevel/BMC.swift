// BMC: the tokens in which two responses differ count more, the more so the less the policy expects them.

import PreferenceCore

/// Weighs tokens that one response has and the other has not, by the policy's surprise.
///
///     log π(y) → Σ_t λ_t log π(y_t),   λ_t = 1 + M_t min(1/π_θ(y_t), δ)
///
/// for policy and references alike. `M_t` is 1 for tokens that were replaced, inserted or deleted between the
/// rejected and the chosen response, and 0 for those they share. `λ` is a constant: no gradient flows into it. `δ = 0` is
/// the inner loss. With more than two responses to a prompt, each is compared with the best one, and that with the next.
///
/// - Source: Jiang et al., 2024, arXiv:2408.07471, Section 3.2 (the modelling half).
public struct BMC: WrapperLoss {
  public static let card = LossCard(
    "bmc", "Any loss with the tokens that set the responses apart weighted up.",
    formula:
      "ℓ with log π(y) = Σ_t λ_t log π(y_t), λ_t = 1 + M_t min(1/π_θ(y_t), δ), M from the diff of the responses",
    source: "Jiang et al., 2024, arXiv:2408.07471, Section 3.2",
    departures: [
      "the references' tokens have the policy's weights, as the paper is read to; the authors' code gives them "
        + "weights of their own",
      "responses are compared without their prompt, and frequent tokens are not left out of the comparison",
      "changed stop words count like any changed token: a loss knows no words",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("inner", \.inner, "The loss whose tokens are weighted."),
    Field(
      "delta", \.delta, .nonnegative, "The most, δ, that surprise adds to the weight of a changed token."),
  ]

  public var inner: LossSlot = "dpo"
  public var delta = 2.0
  public init() {}

  public var requirements: Requirements { innerRequirements(atLeast: .pairwise) }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let changed = Self.changedTokens(batch)
    let (logs, width, delta) = (stopGradient(batch.policy[.logProbability]).scalars, batch.width, delta)
    let limit = -Elementary.log(delta)
    let weights = batch.tokenTensor { completion, position in
      let place = completion * width + position
      guard changed[place] else { return 1 }
      // Most tokens are less likely than 1/δ: nothing to exponentiate.
      return 1 + (logs[place] < limit ? delta : min(Elementary.exp(-logs[place]), delta))
    }
    let total = Double(batch.tokenCounts.reduce(0, +))
    context.metrics.record("bmc/share_changed", total: Double(changed.count { $0 }), count: total)
    return context.evaluate(inner.loss, at: "inner", on: batch.weightingTokens(by: weights))
  }

  /// For each token of each completion, whether it sets the completion apart. `[N·T]`, row-major.
  private static func changedTokens(_ batch: ScoredBatch) -> [Bool] {
    func tokens(_ completion: Int) -> ArraySlice<Int32> {
      batch.tokens[completion].prefix(batch.tokenCounts[completion])
    }
    var changed = [Bool](repeating: false, count: batch.count * batch.width)
    func mark(_ completion: Int, _ isShared: [Bool]) {
      for (place, isShared) in isShared.enumerated() { changed[completion * batch.width + place] = !isShared }
    }
    for responses in batch.layout.rankings where responses.count > 1 {
      for (place, response) in responses.enumerated().dropFirst() {
        let difference = TokenDifference(tokens(response), tokens(responses[0]))
        mark(response, difference.firstIsShared)
        if place == 1 { mark(responses[0], difference.secondIsShared) }
      }
    }
    return changed
  }
}

// LD: what a longer response says beyond the length of the shorter one counts less.

import PreferenceCore

/// Weighs tokens beyond the shorter response's length by `α`.
///
///     log π(y) → Σ_{t ≤ T_p} log π(y_t) + α Σ_{t > T_p} log π(y_t),   T_p = min(T_w, T_l)
///
/// for policy and references alike, so only the longer response changes. `α = 1` is the inner loss; `α = 0` cuts
/// both to the shorter length. Losses of means still divide by the number of tokens. With more than two responses
/// to a prompt `T_p` is the length of the shortest.
///
/// - Source: Liu et al., 2024, arXiv:2409.06411, Equation 9.
public struct LengthDesensitized: WrapperLoss {
  public static let card = LossCard(
    "ld", "Any loss with tokens beyond the shorter response's length weighted down.",
    formula: "ℓ with log π(y) = Σ_{t≤T_p} log π(y_t) + α Σ_{t>T_p} log π(y_t), T_p = min(T_w, T_l)",
    source: "Liu et al., 2024, arXiv:2409.06411, Equation 9",
    departures: ["the equation's number is from memory"])

  public static let hyperparameters: Schema<Self> = [
    Field("inner", \.inner, "The loss whose tokens are weighted."),
    Field("alpha", \.alpha, .within(0...1), "The weight α of tokens beyond the shorter response's length."),
  ]

  public var inner: LossSlot = "dpo"
  public var alpha = 0.5
  public init() {}

  public var requirements: Requirements { innerRequirements(atLeast: .pairwise) }

  public func loggedWeight(in tokens: TokenBatch) -> ((_ completion: Int, _ position: Int) -> Double)? {
    weight(shared(tokens.lengths, tokens.layout))
  }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let shared = shared(batch.tokenCounts, batch.layout)
    let beyond = zip(batch.tokenCounts, shared).reduce(0) { $0 + $1.0 - $1.1 }
    context.metrics.record(
      "ld/share_beyond", total: Double(beyond), count: Double(batch.tokenCounts.reduce(0, +)))
    let weights = batch.tokenTensor(weight(shared))
    return context.evaluate(inner.loss, at: "inner", on: batch.weightingTokens(by: weights))
  }

  /// Each completion's tokens that the shortest of those it is compared with has, too.
  private func shared(_ counts: [Int], _ layout: FeedbackLayout) -> [Int] {
    var shared = counts
    for responses in layout.comparisons {
      let shortest = responses.reduce(Int.max) { min($0, counts[$1]) }
      for response in responses { shared[response] = shortest }
    }
    return shared
  }

  private func weight(_ shared: [Int]) -> @Sendable (_ completion: Int, _ position: Int) -> Double {
    { [alpha] completion, position in position < shared[completion] ? 1 : alpha }
  }
}

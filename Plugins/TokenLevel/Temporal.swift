// Temporal decay: early tokens count more than late ones.

import PreferenceCore

/// Weighs the `t`-th token of every completion by a power of `γ`.
///
///     log π(y) → Σ_t γ^t log π(y_t),   t = 1, 2, … (start=1) or 0, 1, … (start=0)
///
/// for policy and references alike. Early tokens decide what a response will be; late ones follow from them, and
/// their number is what rewards length. The sum never exceeds `γ/(1 − γ)` tokens' worth, 49 at the default. Losses
/// of means still divide by the number of tokens. `γ = 1` is the inner loss.
///
/// - Source: Shao et al., 2025, arXiv:2502.14340, Section 4, and the authors' code.
public struct Temporal: WrapperLoss {
  public static let card = LossCard(
    "temporal", "Any loss with tokens weighted down the later they come.",
    formula: "ℓ with log π(y) = Σ_t γ^t log π(y_t)",
    source: "Shao et al., 2025, arXiv:2502.14340, Section 4",
    departures: [
      "t counts from 1, as in the authors' code; start=0 counts from 0, as the paper is read to (unverified)"
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("inner", \.inner, "The loss whose tokens are weighted."),
    Field("gamma", \.gamma, .above(0, upTo: 1), "What each token counts of the one before it, γ."),
    Field("start", \.start, .within(0...1), "The exponent of the first token."),
  ]

  public var inner: LossSlot = "dpo"
  public var gamma = 0.98
  public var start = 1
  public init() {}

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    var powers: [Double] = []
    powers.reserveCapacity(batch.width)
    var power = start == 1 ? gamma : 1
    for _ in 0..<batch.width {
      powers.append(power)
      power *= gamma
    }
    return context.evaluate(inner.loss, at: "inner", on: batch.weightingTokens(by: Tensor(powers)))
  }
}

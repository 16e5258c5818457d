// f-divergence: any loss of log-ratios, with the policy held near the reference by another divergence.

import PreferenceCore

/// Puts an f-divergence in the place of the reverse Kullback–Leibler's in any loss that reads log-ratios.
///
///     log u → f′(u) + c,   u = π_θ/π_ref of the whole response,   c so that log u = 0 stays 0
///     forward_kl: 1 − 1/u · js: log 2 + log σ(log u) · alpha: (u^(α−1) − 1)/(α − 1)
///
/// `reverse_kl` is the inner loss. What stands in for the log-ratio is summed over a response before it is bent, so
/// losses of means divide what comes out by the number of tokens. A loss of a policy's own log-probabilities
/// (`aot`, `simpo`) has no ratio to bend.
///
/// - Source: Wang et al., 2023, arXiv:2309.16240, Table 1.
public struct FDivergence: WrapperLoss {
  public static let card = LossCard(
    "f-divergence", "Any loss of log-ratios under another divergence: forward KL, Jensen–Shannon, α.",
    formula: "ℓ with log u → 1 − 1/u, log 2 + log σ(log u) or (u^(α−1) − 1)/(α − 1)",
    source: "Wang et al., 2023, arXiv:2309.16240, Table 1",
    departures: [
      "the paper bends DPO's reward alone, which is 'f-dpo'",
      "powers of u are taken of log-ratios of at most 80 nats in the growing direction, beyond which they are flat",
      "the table's number is from memory",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("inner", \.inner, "The loss whose log-ratios are bent."),
    Field("divergence", \.divergence, "The divergence f that holds the policy."),
    Field("alpha", \.alpha, .positive, "The order α of the α-divergence; 1 is its limit, the inner loss."),
  ]

  public var inner: LossSlot = "dpo"
  public var divergence = FDPO.Divergence.jensenShannon
  public var alpha = 0.5
  public init() {}

  public func validate() throws(HyperparameterError) {
    if divergence != .alpha, alpha != Self().alpha {
      throw HyperparameterError("alpha", "has no effect unless 'divergence' is alpha; leave it out")
    }
  }

  public var requirements: Requirements {
    var needs = inner.loss.requirements
    if needs.conflict == nil, !needs.readsLogRatios || !needs.readsReferences {
      needs.conflict = RequirementConflict(
        "f-divergence",
        "bends ratios to a reference, of which '\(type(of: inner.loss).card.name)' reads none")
    }
    return needs
  }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    context.evaluate(
      inner.loss, at: "inner",
      on: batch.bendingLogRatios { [divergence, alpha] in divergence.bent($0, alpha) })
  }
}

// SamPO: both responses are heard for equally many tokens.

import PreferenceCore

/// Sums over as many tokens of the longer response as the shorter one has, drawn anew at every step.
///
///     log π(y) → Σ_{t ∈ S} log π(y_t),   S uniform among the T_p-subsets of positions,   T_p = min(T_w, T_l)
///
/// The shorter response keeps all its tokens. Policy and references see the same subset, so the implicit reward is
/// a sum over it; with `independent` the references see another. Dice depend on the run's seed, the step and the
/// row alone, so neither batches nor other wrappers move them. Equal lengths are the inner loss.
///
/// - Source: Lu et al., 2024, arXiv:2406.10957, Section 3.2.
public struct SamPO: WrapperLoss {
  public static let card = LossCard(
    "sampo", "Any loss with the longer response down-sampled to the length of the shorter one.",
    formula: "ℓ with log π(y) = Σ_{t∈S} log π(y_t), |S| = min(T_w, T_l), S drawn without replacement",
    source: "Lu et al., 2024, arXiv:2406.10957, Section 3.2",
    departures: [
      "policy and references share one subset, as the paper is read to; independent=true draws another one for "
        + "the references, as the authors' code does"
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("inner", \.inner, "The loss whose tokens are sampled."),
    Field("independent", \.independent, "Whether the references are summed over a subset of their own."),
  ]

  public var inner: LossSlot = "dpo"
  public var independent = false
  public init() {}

  public func validate() throws(HyperparameterError) {
    if independent, !inner.loss.requirements.readsReferences {
      throw HyperparameterError(
        "independent", "has no effect: '\(type(of: inner.loss).card.name)' reads no reference; leave it out")
    }
  }

  public var requirements: Requirements { innerRequirements(atLeast: .pairwise) }

  public var startingValue: Double? { independent ? nil : inner.loss.startingValue }
  public var startsFlat: Bool { !independent && inner.loss.startsFlat }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let own = Self.kept(batch, context, "sampo")
    let others = independent ? Self.kept(batch, context, "sampo/reference") : nil
    return context.evaluate(
      inner.loss, at: "inner", on: batch.weightingTokens(by: own, references: others))
  }

  /// 1 at tokens that are kept, 0 at the others. `[N, T]`.
  private static func kept(_ batch: ScoredBatch, _ context: LossContext, _ name: String) -> Tensor {
    let (layout, lengths) = (batch.layout, batch.tokenCounts)
    var kept = lengths.map { [Bool](repeating: true, count: $0) }
    for responses in layout.comparisons {
      let shortest = responses.reduce(Int.max) { min($0, lengths[$1]) }
      for response in responses where lengths[response] > shortest {
        let row = batch.rows[layout.prompts[response]]
        var dice = context.generator(named: "\(name)/\(layout.ranks[response])", row: row)
        // Each position in turn, with the chance that makes every subset equally likely.
        var wanted = shortest
        for position in 0..<lengths[response] {
          let left = lengths[response] - position
          let isKept = dice.uniform() * Double(left) < Double(wanted)
          kept[response][position] = isKept
          if isKept { wanted -= 1 }
        }
      }
    }
    return batch.tokenTensor { [kept] in kept[$0][$1] ? 1 : 0 }
  }
}

// Mallows: any loss, with each prompt's margins scaled by how much people agree about it.

import PreferenceCore

/// Scales every log-ratio and whole margin by the weight `w(x) = −2 log φ(x)` of its prompt.
///
///     ℓ(w(x) · h)
///
/// Prompts on which people agree (small dispersion `φ`) count more, and those without agreement
/// less. `w` is a constant, so no gradient flows into it. Shifts of the margin, such as SimPO's
/// target margin, are scaled along. `w = 1` (`φ = e^(−1/2)`) is the inner loss.
///
/// - Source: Chen et al., 2024, arXiv:2405.14953, Section 4 and the authors' code.
public struct Mallows: WrapperLoss {
  public static let card = LossCard(
    "mallows", "Any loss with margins scaled by how much people agree about the prompt.",
    formula: "ℓ(w(x)·h), w(x) = −s log H̄(x) or −2 log φ",
    source: "Chen et al., 2024, arXiv:2405.14953, Section 4",
    departures: [
      "H̄ is the mean over tokens, as in the authors' code; the paper prints a sum over tokens",
      "H̄ is clamped to [1e-6, 1], so that a reference without any entropy stays finite",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("inner", \.inner, "The loss whose margins are scaled."),
    Field("dispersion", \.dispersion, Dispersion.constraint, "Where φ comes from: entropies, or one number."),
    Field("scale", \.scale, .positive, "The multiplier s that brings the mean weight near 1."),
  ]

  public var inner: LossSlot = "dpo"
  public var dispersion = Dispersion.entropy
  public var scale = Dispersion.publishedScale
  public init() {}

  public func validate() throws(HyperparameterError) { try dispersion.validate(scale: scale) }

  public var requirements: Requirements {
    var needs = inner.loss.requirements
    needs.referenceStatistics.formUnion(dispersion.referenceStatistics)
    if case .entropy = dispersion {
      // A loss without a reference of its own still needs one to read entropies from.
      needs.references = max(1, needs.references.lowerBound)...max(1, needs.references.upperBound)
    }
    if !needs.readsLogRatios, needs.conflict == nil {
      let name = type(of: inner.loss).card.name
      needs.conflict = RequirementConflict("mallows", "scales margins, but '\(name)' has none to scale")
    }
    return needs
  }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let weights = dispersion.weights(batch, scale: scale, &context.metrics)
    return context.evaluate(inner.loss, at: "inner", on: batch.scalingLogRatios(by: weights))
  }
}

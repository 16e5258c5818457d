// Accelerated preference optimisation: iterative training with Nesterov's momentum.

import PreferenceCore

/// Any loss against a reference extrapolated from two earlier iterates.
///
/// In iterative training each round takes the last round's policy `π̂_t` for its reference. With momentum it takes
///
///     log π_t = (1 + α) log π̂_t − α log π̂_{t−1}
///
/// up to a normaliser that cancels in pairs. Reference 0 is the last round's policy `π̂_t`, reference 1 the one before.
/// `α = 0` and equal references are the inner loss. Under Bradley–Terry rewards `r` and exact rounds the step of
/// the log-policy grows from `r/β` towards `r/(β(1 − α))`.
///
/// - Source: He, Yuan and Gu, 2024, arXiv:2410.06293, Algorithm 1.
public struct Accelerated: WrapperLoss {
  public static let card = LossCard(
    "accelerated", "Any loss against a reference extrapolated from the last two iterates.",
    formula: "ℓ with log π_ref = (1 + α) log π̂_t − α log π̂_{t−1}",
    source: "He et al., 2024, arXiv:2410.06293, Algorithm 1",
    departures: [
      "unverified: no official code was found, and the value of α is from memory",
      "the extrapolated policy is a reference only; whoever samples new responses from it samples from π̂_t",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("inner", \.inner, "The loss that sees the extrapolated reference."),
    Field("alpha", \.alpha, .within(0..<1), "The momentum α."),
  ]

  public var inner: LossSlot = "dpo"
  public var alpha = 0.3
  public init() {}

  public var requirements: Requirements { innerRequirements(mixing: 2...2) }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let alpha = alpha
    return context.evaluate(
      inner.loss, at: "inner",
      on: batch.mixingReferences { references in (1 + alpha) * references[0] - alpha * references[1] })
  }
}

/// Brings `accelerated`.
public enum AcceleratedPlugin: LossPlugin {
  public static let name = "accelerated"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(Accelerated.self)
  }
}

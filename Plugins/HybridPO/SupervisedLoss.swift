// Supervised fine-tuning: the likelihood of what is worth imitating.

import PreferenceCore

/// The mean negative log-likelihood of the tokens of chosen completions.
///
///     ℓ_t = −log π_θ(y_t | x, y_<t)
///
/// The mean runs over all chosen tokens of the whole step, so long completions count more. Chosen means
/// the better side of a pair, the desirable of unpaired completions, the first of a ranking. Takes no
/// reference, but tolerates any number, so that it can be added to any loss.
///
/// - Shapes: one value for each chosen token, in nats.
/// - Source: the usual cross-entropy; as a companion of DPO, Pang et al., 2024, arXiv:2404.19733.
public struct SupervisedLoss: PreferenceLoss {
  public static let card = LossCard(
    "sft", "Supervised fine-tuning: the likelihood of chosen completions, token by token.",
    formula: "−log π_θ(y_t), mean over all chosen tokens",
    source: "Pang et al., 2024, arXiv:2404.19733, as a companion of DPO", trl: ForeignName("sft", [:]))

  public static let hyperparameters: Schema<Self> = []

  public init() {}

  public var requirements: Requirements {
    var needs = Requirements(.unpaired, references: Requirements.anyReferences)
    needs.referenceStatistics = []
    (needs.readsLogRatios, needs.readsReferences) = (false, false)
    return needs
  }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    LossTerms("sft", -batch.chosenTokenLogProbabilities, per: .chosenToken)
  }
}

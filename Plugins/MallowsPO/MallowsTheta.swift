// Mallows-θ: DPO under the Mallows model with Spearman's rank correlation.

import PreferenceCore

/// DPO with a temperature of its own for each prompt.
///
/// Under a Mallows model with squared rank differences the chosen side wins with probability
/// `σ(−2 log φ(x) · βh)`, so
///
///     ℓ(h) = −(1 − ε) log σ(w βh) − ε log σ(−w βh),   w = −2 log φ(x)
///
/// The same as `mallows(dpo(beta))`, spelt out because it is the paper's own loss.
///
/// - Shapes: margins `h` and losses `ℓ` are `[P]`, one scalar for each pair; `h` in nats.
/// - Source: Chen et al., 2024, arXiv:2405.14953, Section 4.
public struct MallowsTheta: PairwiseLoss {
  public static let card = LossCard(
    "mallows-theta", "DPO weighted by how much people agree about the prompt.",
    formula: "−(1−ε) log σ(wβh) − ε log σ(−wβh), w = −s log H̄(x) or −2 log φ",
    source: "Chen et al., 2024, arXiv:2405.14953, Section 4",
    departures: [
      "H̄ is the mean over tokens, as in the authors' code; the paper prints a sum over tokens",
      "sums of log-ratios against a reference; the authors' code defaults to means without one: "
        + "that is mallows around a reference-free loss",
    ], twins: ["mallows"])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field("dispersion", \.dispersion, Dispersion.constraint, "Where φ comes from: entropies, or one number."),
    Field("scale", \.scale, .positive, "The multiplier s that brings the mean weight near 1."),
    Field("label_smoothing", \.labelSmoothing, .within(0..<0.5), "Share ε of labels taken to be flipped."),
  ]

  public var beta = 0.1
  public var dispersion = Dispersion.entropy
  public var scale = Dispersion.publishedScale
  public var labelSmoothing = 0.0
  public init() {}

  public func validate() throws(HyperparameterError) { try dispersion.validate(scale: scale) }

  public var requirements: Requirements {
    var needs = Requirements(.pairwise)
    needs.referenceStatistics = dispersion.referenceStatistics
    return needs
  }

  public var rewardScale: Double { beta }
  public var startingValue: Double? { Elementary.log(2) }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let weights = dispersion.weights(pairs.batch, scale: scale, &context.metrics)
    let z = beta * (weights.rows(pairs.chosen) * pairs.margin)
    let loss = (labelSmoothing - 1) * logSigmoid(z)
    return labelSmoothing == 0 ? loss : loss - labelSmoothing * logSigmoid(-z)
  }
}

// The hybrid objective: a preference loss and an auxiliary reward, under one name.

import PreferenceCore

/// A preference loss plus advantage-weighted likelihood after rewards in the rows.
///
///     L = L_inner + γ · L_auxiliary
///
/// Preferences say which of two responses is better, rewards what else is wanted of any of them: safety,
/// length, readability. `hpo(column=safety)` is `dpo + 0.1*auxiliary-reward(column=safety)`, spelt out
/// because it is the paper's own objective. `γ = 0` is the inner loss.
///
/// - Source: Badrinath, Agarwal and Xu, 2024, arXiv:2405.17956.
public struct HybridLoss: PreferenceLoss {
  public static let card = LossCard(
    "hpo", "Hybrid preference optimisation: a preference loss and an auxiliary reward.",
    formula: "ℓ_inner − γ · min(e^((r − V)/τ), m) · log π_θ(y|x), r = Σ_j α_j r_j",
    source: "Badrinath et al., 2024, arXiv:2405.17956",
    departures: AuxiliaryReward.card.departures)

  public static let hyperparameters: Schema<Self> = [
    Field("inner", \.inner, "The loss that learns from preferences."),
    Field("column", \.auxiliary.columns, "The column or columns of the rows that hold rewards."),
    Field("weights", \.auxiliary.weights, "What each column counts: one number for all, or one for each."),
    Field("gamma", \.auxiliary.gamma, .nonnegative, "The coefficient γ of the auxiliary reward."),
    Field("temperature", \.auxiliary.temperature, .positive, "τ: smaller is greedier for advantage."),
    Field(
      "expectile", \.auxiliary.expectile, .within(0.001...0.999),
      "Which expectile of the rewards V estimates."),
    Field(
      "value", \.auxiliary.value,
      "Whether V is a running estimate, or a head on the policy that sees the prompt."),
    Field("max_weight", \.auxiliary.maximumWeight, .positive, "The largest weight m an advantage can give."),
    Field("reduction", \.auxiliary.reduction, "Whether likelihoods are summed or averaged over tokens."),
  ]

  public var inner: LossSlot = "dpo"
  /// The other half.
  public var auxiliary: AuxiliaryReward
  public init() {
    auxiliary = AuxiliaryReward()
    auxiliary.gamma = 0.1
  }

  public func validate() throws(HyperparameterError) { try auxiliary.validate() }

  public var requirements: Requirements {
    inner.loss.requirements.union(
      auxiliary.requirements, named: type(of: inner.loss).card.name, and: AuxiliaryReward.card.name)
  }

  public var rewardScale: Double { inner.loss.rewardScale }

  public func loggedWeight(in tokens: TokenBatch) -> ((_ completion: Int, _ position: Int) -> Double)? {
    inner.loss.loggedWeight(in: tokens)
  }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    context.evaluate(inner.loss, at: "inner", on: batch)
      + context.evaluate(auxiliary, at: "auxiliary", on: batch)
  }
}

// A model with an adapter, and the same model as its own reference.

public import PreferenceCore

extension CausalLanguageModel {
  /// Puts an adapter beside the weights: from now on the model scores and generates with it, and learns only it.
  ///
  /// - Parameter seed: what dropout draws by.
  /// - Precondition: the model was made for ``WeightUse/adapted`` or ``WeightUse/scoring``, and has no adapter yet.
  public func attach(_ adapter: LowRankAdapter, seed: UInt64 = 0) {
    precondition(
      self.adapter == nil && (use == .adapted || use == .scoring),
      "CausalLanguageModel.attach: there is an adapter already, or the weights are trained themselves")
    self.adapter = adapter
    adapterLayout = layers.layout(of: adapter)
    dropoutSeed = seed
  }

  /// The model as it is without its adapter: a reference that shares its weights.
  public func withoutAdapter() -> any Scorer { AdapterView(self, nil) }

  /// The model with its adapter as it is now: a reference that shares its weights, and stays when the adapter moves.
  public func withFrozenAdapter() -> any Scorer {
    AdapterView(self, adapter.map { layers.layout(of: $0.copy()) })
  }
}

/// A model's weights with pairs of its own, or none: what scores never has dropout.
private final class AdapterView: Scorer, ComparedModel {
  private let model: CausalLanguageModel
  private let adapter: (any AdapterLayout)?

  init(_ model: CausalLanguageModel, _ adapter: (any AdapterLayout)?) {
    (self.model, self.adapter) = (model, adapter)
  }

  var statistics: Set<TokenStatistic> { model.statistics }

  func score(_ batch: TokenBatch, _ wanted: Set<TokenStatistic>) throws(ScoringError) -> ModelScores {
    try model.score(batch, wanted, with: adapter, isTraining: false)
  }

  var comparedVocabularyCount: Int { model.comparedVocabularyCount }

  func comparedScores(_ batch: TokenBatch) throws(ScoringError) -> any ComparedScores {
    try model.comparedScores(batch, with: adapter)
  }
}

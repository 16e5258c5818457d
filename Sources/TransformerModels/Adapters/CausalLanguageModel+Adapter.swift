// A model with an adapter, and the same model as its own reference.

public import PreferenceCore

extension CausalLanguageModel {
  /// Reads the model in `directory`, with `adapter` beside its weights or merged into them.
  ///
  /// - Parameters:
  ///   - isTrained: whether the adapter will be trained.
  ///   - merging: whether the adapter's part is to be in the weights in any case.
  ///   - seed: what dropout draws by.
  /// - Throws: as ``load(_:for:computeType:)``.
  public static func load(
    _ directory: ModelDirectory, with adapter: LowRankAdapter, isTrained: Bool, merging: Bool = false,
    computeType: ComputeType = .float32, seed: UInt64 = 0
  ) throws(ModelError) -> CausalLanguageModel {
    let merges = merging || adapter.needsMergedWeights
    let use: WeightUse =
      merges ? (isTrained ? .trained : .following) : (isTrained ? .adapted : .scoring)
    let model = try load(
      directory, for: use, computeType: computeType, hasOwnHead: !adapter.configuration.tiesEmbeddings)
    if merges { model.merge(adapter) } else { model.attach(adapter, seed: seed) }
    return model
  }

  /// Puts an adapter beside the weights: from now on the model scores and generates with it, and learns only it.
  ///
  /// - Parameter seed: what dropout draws by.
  /// - Precondition: the model was made for ``WeightUse/adapted`` or ``WeightUse/scoring``, and has no adapter yet;
  ///   the adapter is nothing but pairs.
  public func attach(_ adapter: LowRankAdapter, seed: UInt64 = 0) {
    precondition(
      self.adapter == nil && (use == .adapted || use == .scoring),
      "CausalLanguageModel.attach: there is an adapter already, or the weights are trained themselves")
    precondition(
      !adapter.needsMergedWeights,
      "CausalLanguageModel.attach: magnitudes and whole weights are merged, not put beside")
    self.adapter = adapter
    adapterLayout = layers.layout(of: adapter)
    dropoutSeed = seed
  }

  /// Puts an adapter into the weights: from now on the model scores and generates with it, learns only it, and is
  /// saved with it.
  ///
  /// - Precondition: the model was made for ``WeightUse/trained`` or ``WeightUse/following``, and has no adapter yet.
  public func merge(_ adapter: LowRankAdapter) {
    precondition(
      self.adapter == nil && (use == .trained || use == .following),
      "CausalLanguageModel.merge: there is an adapter already, or the weights are not kept in single precision"
    )
    self.adapter = adapter
    merged = MergedAdapter(adapter, into: weights)
    layers.parametersChanged()
  }

  /// Whether the adapter's part is in the weights, so that the base cannot be had by leaving it out.
  public var isMerged: Bool { merged != nil }

  /// Bytes that an adapter which is merged takes besides weights and its own parameters.
  public var mergingByteCount: Int { merged?.byteCount(isTraining: use == .trained) ?? 0 }

  /// The model as it is without its adapter: a reference that shares its weights.
  ///
  /// - Precondition: the adapter stands beside the weights.
  public func withoutAdapter() -> any Scorer {
    precondition(!isMerged, "CausalLanguageModel.withoutAdapter: the adapter is merged into the weights")
    return AdapterView(self, nil)
  }

  /// The model with its adapter as it is now: a reference that shares its weights, and stays when the adapter moves.
  ///
  /// - Precondition: the adapter stands beside the weights.
  public func withFrozenAdapter() -> any Scorer {
    precondition(!isMerged, "CausalLanguageModel.withFrozenAdapter: the adapter is merged into the weights")
    return AdapterView(self, adapter.map { layers.layout(of: $0.copy()) })
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

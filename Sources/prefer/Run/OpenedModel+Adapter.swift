// Models with adapters: for training one, and for scoring and generating with one.

import Optimizers
import PreferenceData
import TransformerModels
import VectorKernels

extension OpenedModel {
  /// Opens the model that `settings` train, with the adapter that is trained in its place, if one is.
  ///
  /// - Throws: as ``init(_:trainable:computeType:)``, and when the adapter does not fit the model.
  init(training settings: RunSettings) throws {
    let computeType = settings.computeType
    guard let options = settings.adapter else {
      try self.init(settings.model, trainable: true, computeType: computeType)
      return
    }
    let seed = UInt64(settings.seed)
    try self.init(settings.model, computeType: computeType, isTrained: true, seed: seed) { configuration in
      guard let start = settings.adapterStart else {
        return try LowRankAdapter(for: configuration, options, seed: seed)
      }
      let adapter = try LowRankAdapter.load(start, for: configuration)
      guard !adapter.needsMergedWeights || adapter.options.dropout == 0 else {
        throw CommandFailure(
          .usage,
          "the adapter '\(start)' has lora_dropout \(Numbers.short(adapter.options.dropout)), which is not "
            + "supported with use_dora, bias or modules_to_save, or beside the embedding or the head; set it to 0 in its adapter_config.json"
        )
      }
      return adapter
    }
  }

  /// Opens a model that only scores, with the adapter in `adapter` where one is named.
  ///
  /// - Throws: as ``init(_:trainable:computeType:)``, and when the adapter does not fit the model.
  init(_ path: String, adapter: String?, computeType: ComputeType) throws {
    guard let adapter else {
      try self.init(path, for: .scoring, computeType: computeType)
      return
    }
    try self.init(path, computeType: computeType, isTrained: false, seed: 0) { configuration in
      try LowRankAdapter.load(adapter, for: configuration)
    }
  }

  /// Opens a model with the adapter that `make` gives for it.
  private init(
    _ path: String, computeType: ComputeType, isTrained: Bool, seed: UInt64,
    adapter make: (ModelConfiguration) throws -> LowRankAdapter
  ) throws {
    let directory = ModelDirectory(path)
    let configuration = try directory.configuration()
    let tokenizer = try Self.tokenizer(in: path)
    try Self.check(tokenizer.tokenizer, path, fits: configuration.vocabularyCount, path)
    let model = try CausalLanguageModel.load(
      directory, with: try make(configuration), isTrained: isTrained,
      computeType: computeType, seed: seed)
    self.init(path: path, model: model, tokenizer: tokenizer)
  }

  /// The trained adapter in words; nil where the weights themselves are trained.
  var adapterDescription: String? {
    guard let adapter = model.adapter else { return nil }
    let options = adapter.options
    let trained = adapter.parameters.reduce(0) { $0 + $1.values.count }
    let layers: String =
      switch options.targets {
      case .usual: model.configuration.usualTargets.joined(separator: ", ")
      case .allLinear: "every linear layer but the head"
      case .named(let names): names.joined(separator: ", ")
      case .pattern(let pattern): pattern
      }
    let besides =
      (options.decomposesWeights ? ["magnitudes"] : []) + (options.biases == .none ? [] : ["biases"])
      + options.savedModules
    let scale = Numbers.short(options.scale)
    let dropout = options.dropout > 0 ? ", dropout \(Numbers.short(options.dropout))" : ""
    let with = besides.isEmpty ? "" : ", with \(besides.joined(separator: ", "))"
    return
      "rank \(options.rank), scale \(scale)\(dropout) on \(layers)\(with): \(Numbers.count(trained)) numbers are trained"
  }
}

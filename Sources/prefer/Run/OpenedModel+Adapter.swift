// Models with adapters: for training one, and for scoring and generating with one.

import Optimizers
import TransformerModels
import VectorKernels

extension OpenedModel {
  /// Opens the model that `settings` train, with the adapter that is trained in its place, if one is.
  ///
  /// - Throws: as ``init(_:trainable:scalarType:)``, and when the adapter does not fit the model.
  init(training settings: RunSettings) throws {
    let scalarType = settings.scalarType.rawValue
    guard let options = settings.adapter else {
      try self.init(settings.model, trainable: true, scalarType: scalarType)
      return
    }
    try self.init(settings.model, for: .adapted, scalarType: scalarType)
    let seed = UInt64(settings.seed)
    let adapter =
      try settings.adapterStart.map { try LowRankAdapter.load($0, for: model.configuration) }
      ?? LowRankAdapter(for: model.configuration, options, seed: seed)
    model.attach(adapter, seed: seed)
  }

  /// Opens a model that only scores, with the adapter in `adapter` where one is named.
  ///
  /// - Throws: as ``init(_:trainable:scalarType:)``, and when the adapter does not fit the model.
  init(_ path: String, adapter: String?, scalarType: String) throws {
    try self.init(path, for: .scoring, scalarType: scalarType)
    if let adapter { model.attach(try LowRankAdapter.load(adapter, for: model.configuration)) }
  }

  /// The trained adapter in words; nil where the weights themselves are trained.
  var adapterDescription: String? {
    guard let adapter = model.adapter else { return nil }
    let options = adapter.options
    let trained = adapter.parameters.reduce(0) { $0 + $1.values.count }
    let layers: String =
      switch options.targets {
      case .usual: "q_proj, v_proj"
      case .allLinear: "every linear layer but the head"
      case .named(let names): names.joined(separator: ", ")
      }
    let scale = Numbers.short(options.scale)
    let dropout = options.dropout > 0 ? ", dropout \(Numbers.short(options.dropout))" : ""
    return
      "rank \(options.rank), scale \(scale)\(dropout) on \(layers): \(Numbers.count(trained)) numbers are trained"
  }
}

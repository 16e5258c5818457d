// Reads a model, and refuses weights that do not fit or are not numbers.

import Optimizers
import Safetensors
import VectorKernels

extension CausalLanguageModel {
  /// Reads the model in `directory`, for training or for scoring.
  ///
  /// - Throws: as ``load(_:for:computeType:)``.
  public static func load(
    _ directory: ModelDirectory, trainable: Bool, computeType: ComputeType = .float32
  ) throws(ModelError) -> CausalLanguageModel {
    try load(directory, for: trainable ? .trained : .scoring, computeType: computeType)
  }

  /// Reads the model in `directory`, weight by weight; what was read of the files does not stay in memory.
  ///
  /// - Parameters:
  ///   - use: what the weights are for; frozen ones are kept in the products' precision alone.
  ///   - computeType: the precision of the linear layers' products.
  /// - Throws: if a file is missing or damaged, the architecture is not supported, a weight is missing,
  ///   of another shape than the configuration's, or not finite.
  public static func load(
    _ directory: ModelDirectory, for use: WeightUse, computeType: ComputeType = .float32
  ) throws(ModelError) -> CausalLanguageModel {
    try load(directory, for: use, computeType: computeType, hasOwnHead: false)
  }

  /// The same, with a head of its own in any case: where head and embedding are tied, it starts as the embedding.
  static func load(
    _ directory: ModelDirectory, for use: WeightUse, computeType: ComputeType, hasOwnHead: Bool
  ) throws(ModelError) -> CausalLanguageModel {
    var configuration = try directory.configuration()
    let weights = try directory.weights()
    let isUntied = hasOwnHead && configuration.tiesEmbeddings
    if isUntied {
      configuration.tiesEmbeddings = false
      configuration.original = configuration.original?.setting("tie_word_embeddings", to: .boolean(false))
    }
    /// The name of the tensor that fills `weight`.
    let source = { (weight: WeightSpecification) in
      let name = weight.name.description
      return isUntied && name == ModelConfiguration.headName ? ModelConfiguration.embeddingName : name
    }
    let generation = try directory.generationConfiguration()
    return try readingFiles { () throws(SafetensorsError) in
      var storage: [ParameterName: SafetensorsScalar] = [:]
      for weight in configuration.weights {
        let file = try weights.file(of: weight, under: source(weight))
        storage[weight.name] = try file.scalarType(of: source(weight))
      }
      return try CausalLanguageModel(
        configuration, use: use, computeType: computeType, storage: storage,
        generationConfiguration: generation
      ) { weight, values throws(SafetensorsError) in
        let name = source(weight)
        let file = try weights.file(of: weight, under: name)
        try file.read(name, into: values)
        guard isFinite(values) else {
          throw SafetensorsError(
            path: file.path, tensor: name, problem: "holds NaN or infinite weights",
            remedy: "the model is damaged: fetch it again or go back to an earlier checkpoint")
        }
      }
    }
  }
}

extension WeightFiles {
  /// The file that holds `weight` as its tensor `name`.
  ///
  /// - Throws: if there is none, or if its tensor is of another shape.
  fileprivate func file(
    of weight: WeightSpecification, under name: String
  ) throws(SafetensorsError) -> SafetensorsFile {
    guard let file = files[name] else {
      throw SafetensorsError(
        path: owner, tensor: name, problem: "is missing",
        remedy: "'config.json' asks for it: check that both belong to one model")
    }
    let shape = try file.shape(of: name)
    guard shape == weight.shape else {
      throw SafetensorsError(
        path: file.path, tensor: name,
        problem: "has shape \(shape), but 'config.json' asks for \(weight.shape)",
        remedy: "check that both belong to one model")
    }
    return file
  }
}

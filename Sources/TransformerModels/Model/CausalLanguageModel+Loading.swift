// Reads a model, and refuses weights that do not fit or are not numbers.

import Optimizers
import Safetensors
import VectorKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

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
  ///   - computeType: the precision of products.
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
    let stated = configuration
    let sharing = try readingFiles { () throws(SafetensorsError) in
      stated.tiesEmbeddings ? try weights.sharing(stated) : .none
    }
    let isUntied = hasOwnHead && sharing != .none
    if isUntied || stated.tiesEmbeddings && sharing == .none {
      configuration.tiesEmbeddings = false
      configuration.original = configuration.original?.setting("tie_word_embeddings", to: .boolean(false))
    }
    /// The name of the tensor that fills `weight`, as most files have it.
    let source = { [configuration] (weight: WeightSpecification) in
      let name = weight.name.description
      if sharing == .head, name == configuration.embeddingName { return configuration.headName }
      return sharing == .embedding && name == configuration.headName ? configuration.embeddingName : name
    }
    let generation = try directory.generationConfiguration()
    return try readingFiles { () throws(SafetensorsError) in
      var storage: [ParameterName: StoredWeight] = [:]
      for weight in configuration.weights {
        let (file, name) = try weights.place(of: weight, source(weight), configuration)
        storage[weight.name] = StoredWeight(
          name: source(weight) == weight.name.description ? name : weight.name.description,
          scalarType: try file.scalarType(of: name))
      }
      let embedding = storage[ParameterName(configuration.embeddingName)]
      configuration.roundsConstants =
        embedding?.scalarType == .bfloat16 && !directory.keepsConstantsExact && !ExactConstants.areAsked
      let settled = configuration
      return try CausalLanguageModel(
        settled, use: use, computeType: computeType, storage: storage, generationConfiguration: generation
      ) { weight, values throws(SafetensorsError) in
        let (file, name) = try weights.place(of: weight, source(weight), settled)
        if weight.isTurned {
          let stored = FloatBuffer(count: values.count)
          try file.read(name, into: stored)
          let (rows, columns) = (weight.shape[0], weight.shape[1])
          transpose(
            Matrix(stored, rows: columns, columns: rows), into: Matrix(values, rows: rows, columns: columns))
        } else {
          try file.read(name, into: values)
        }
        try file.requireFinite(values, of: name, in: "model")
      }
    }
  }
}

/// How a weight stands in the file that it came from.
struct StoredWeight: Sendable, Hashable {
  let name: String
  let scalarType: SafetensorsScalar
}

/// Whether rotary frequencies and the like are to stay exact, whatever weights are stored in: `PREFER_ROTARY=exact`.
enum ExactConstants {
  static let areAsked = getenv("PREFER_ROTARY").map { String(cString: $0) } == "exact"
}

extension ModelConfiguration {
  /// The names that files may give a weight: also without the module that holds all but the head, and, for the
  /// head, the one that is called so elsewhere.
  fileprivate func spellings(of name: String) -> [String] {
    let base = architecture.base + "."
    if name.hasPrefix(base) { return [name, String(name.dropFirst(base.count))] }
    return name == headName ? [name, "lm_head.weight"] : [name]
  }
}

/// Which tensor fills both embedding and head.
private enum Sharing {
  case embedding, head
  /// Each has its own: the configuration says so, or the files have two that differ, which transformers keeps apart
  /// whatever the configuration says.
  case none
}

extension WeightFiles {
  /// What the files have of an embedding and a head that the configuration ties.
  fileprivate func sharing(_ configuration: ModelConfiguration) throws(SafetensorsError) -> Sharing {
    func first(_ name: String) -> String? { configuration.spellings(of: name).first { files[$0] != nil } }
    guard let head = first(configuration.headName), let headFile = files[head] else { return .embedding }
    guard let embedding = first(configuration.embeddingName), let file = files[embedding] else {
      return .head
    }
    guard try headFile.scalarType(of: head) == file.scalarType(of: embedding) else {
      return try file.floats(of: embedding).scalars == headFile.floats(of: head).scalars ? .embedding : .none
    }
    let (one, other) = (try file.bytes(of: embedding), try headFile.bytes(of: head))
    return one.count == other.count && memcmp(one.base, other.base, one.count) == 0 ? .embedding : .none
  }

  /// The file that fills `weight` from the tensor that most files call `source`, and what this one calls it.
  ///
  /// - Throws: if there is none, or if its tensor is of another shape.
  fileprivate func place(
    of weight: WeightSpecification, _ source: String, _ configuration: ModelConfiguration
  ) throws(SafetensorsError) -> (SafetensorsFile, String) {
    let spellings = configuration.spellings(of: source)
    let name = spellings.first { files[$0] != nil } ?? spellings[0]
    guard let file = files[name] else {
      throw SafetensorsError(
        path: owner, tensor: name, problem: "is missing",
        remedy: "'config.json' asks for it: check that both belong to one model")
    }
    let shape = try file.shape(of: name)
    guard shape == weight.fileShape else {
      throw SafetensorsError(
        path: file.path, tensor: name,
        problem: "has shape \(shape), but 'config.json' asks for \(weight.fileShape)",
        remedy: "check that both belong to one model")
    }
    return (file, name)
  }
}

// A model directory, opened: weights, tokenizer and template that belong together.

import PreferenceCore
import PreferenceData
import Tokenizers
import TransformerModels

/// A model with its tokenizer.
struct OpenedModel {
  /// The directory.
  let path: String
  /// The weights.
  let model: CausalLanguageModel
  /// Tokenizer and chat template.
  let tokenizer: ModelTokenizer

  /// What was opened already.
  init(path: String, model: CausalLanguageModel, tokenizer: ModelTokenizer) {
    (self.path, self.model, self.tokenizer) = (path, model, tokenizer)
  }

  /// Opens the directory at `path`.
  ///
  /// - Throws: when a file is missing or damaged, or the tokenizer has ids that the model lacks.
  init(_ path: String, trainable: Bool = false, computeType: ComputeType) throws {
    try self.init(path, for: trainable ? .trained : .scoring, computeType: computeType)
  }

  /// Opens the directory at `path`, its weights kept as their use asks for.
  init(_ path: String, for use: WeightUse, computeType: ComputeType) throws {
    let directory = ModelDirectory(path)
    let configuration = try directory.configuration()
    tokenizer = try Self.tokenizer(in: path)
    try Self.check(tokenizer.tokenizer, path, fits: configuration.vocabularyCount, path)
    model = try CausalLanguageModel.load(
      directory, for: use, computeType: computeType)
    self.path = path
  }

  /// Opens the weights of a reference, which must know the policy's tokens.
  ///
  /// - Parameter trainable: whether its weights are to be moved towards the policy's.
  static func reference(
    _ path: String, for policy: OpenedModel, computeType: ComputeType, trainable: Bool = false
  ) throws -> CausalLanguageModel {
    let reference = try CausalLanguageModel.load(
      ModelDirectory(path), trainable: trainable, computeType: computeType)
    try checkVocabulary(of: path, reference.configuration.vocabularyCount, for: policy)
    return reference
  }

  /// Refuses a reference at `path` with another number of tokens, `its`, than the policy has.
  static func checkVocabulary(of path: String, _ its: Int, for policy: OpenedModel) throws(CommandFailure) {
    let mine = policy.model.configuration.vocabularyCount
    guard mine == its else {
      throw CommandFailure(
        .failure,
        "the reference '\(path)' has \(its) tokens and the model '\(policy.path)' has \(mine); "
          + "a reference must share the model's tokenizer")
    }
  }

  /// Puts the scalar heads on the model that a loss reads, filled with what `directories` hold of them.
  ///
  /// - Throws: when a file of theirs is damaged, or does not fit the model.
  func attachScalarHeads(for requirements: Requirements, from directories: [String?]) throws {
    for name in Set(requirements.policyStatistics.compactMap { $0.scalarHead?.name }).sorted() {
      model.attachScalarHead(name)
    }
    for directory in directories.compactMap(\.self) { try model.loadScalarHeads(from: directory) }
  }

  /// Refuses a tokenizer with ids that a model's embedding does not have.
  static func check(_ tokenizer: Tokenizer, _ path: String, fits count: Int, _ model: String)
    throws(CommandFailure)
  {
    guard tokenizer.vocabularyCount <= count else {
      throw CommandFailure(
        .failure,
        "the tokenizer of '\(path)' has ids up to \(tokenizer.vocabularyCount - 1), but '\(model)' has only "
          + "\(count) tokens; use the tokenizer that belongs to the model")
    }
  }

  /// Tokenizer and template of a directory; what is wrong with them is no mistake of the rows.
  static func tokenizer(in path: String) throws(CommandFailure) -> ModelTokenizer {
    do throws(DataError) {
      return try ModelTokenizer(directory: path)
    } catch {
      throw CommandFailure(.failure, "\(error)")
    }
  }

  /// The tokens that end an answer: the configuration's and the tokenizer's.
  var stopIDs: Set<Int32> { tokenizer.stopIDs.union(model.configuration.endTokens) }
}

// The references of a run: models that move with the policy, or what still ones said, kept between runs.

import Checkpoints
import Foundation
import PreferenceCore
import ReferenceCache
import TransformerModels
import VectorKernels

/// A run's reference models, `K` of them.
struct ReferenceModels {
  /// In the order in which the loss reads them.
  let scorers: [any Scorer]
  /// Those whose scores are kept; each once, though several references may be the same model.
  let cached: [CachedReference]

  /// No references.
  static var none: ReferenceModels { ReferenceModels(scorers: [], cached: []) }

  private init(scorers: [any Scorer], cached: [CachedReference]) {
    (self.scorers, self.cached) = (scorers, cached)
  }

  /// Opens the references that `request` names: `base` is the policy as it starts, everything else a directory.
  ///
  /// Models whose scores are kept are only looked at; they are loaded when a score is missing.
  init(of request: RunRequest, _ opened: OpenedModel) throws {
    let settings = request.settings
    let computeType = settings.computeType
    guard !settings.syncsReference else {
      scorers = try request.references.map { name in
        // Each is moved by itself.
        let model =
          name == "base"
          ? opened.model.copy()
          : try OpenedModel.reference(name, for: opened, computeType: computeType, trainable: true)
        // Whatever moves has the policy's parameters, though nobody reads a reference's heads.
        for head in opened.model.scalarHeadNames { model.attachScalarHead(head) }
        return model
      }
      cached = []
      return
    }
    // An adapter that was trained before is part of the start; it shares the policy's weights where it stands
    // beside them.
    let start = try settings.adapterStart.map { adapter -> any Scorer in
      opened.model.isMerged
        ? try OpenedModel(settings.model, adapter: adapter, computeType: computeType).model
        : opened.model.withFrozenAdapter()
    }
    let paths = request.references.map { $0 == "base" ? settings.model : $0 }
    // Divergences take the reference's whole distributions, which are nowhere kept.
    let comparesDistributions = request.objective.loss.requirements.policyStatistics.contains(.divergence)
    guard settings.precomputesReferences != false, !comparesDistributions else {
      var models: [String: any Scorer] = [:]
      for path in Set(paths) { models[path] = try Self.model(path, opened, settings) }
      let scorers = zip(request.references, paths).compactMap {
        $0 == "base" ? start ?? models[$1] : models[$1]
      }
      (self.scorers, cached) = (scorers, [])
      return
    }
    var known: [String: CachedReference] = [:]
    var all: [any Scorer] = []
    for (name, path) in zip(request.references, paths) {
      if name == "base", let start {
        all.append(start)
        continue
      }
      try OpenedModel.checkVocabulary(
        of: path, try ModelDirectory(path).configuration().vocabularyCount, for: opened)
      let identity = try ReferenceIdentity(path, computeType: computeType)
      let reference =
        known[identity.description]
        ?? Self.cached(path, identity, opened) { try Self.model(path, opened, settings) }
      known[identity.description] = reference
      all.append(reference)
    }
    (scorers, cached) = (all, known.sorted { $0.key < $1.key }.map(\.value))
  }

  /// The model at `path`; under an adapter, the policy's own weights where they are the ones.
  private static func model(
    _ path: String, _ opened: OpenedModel, _ settings: RunSettings
  ) throws -> any Scorer {
    if path == settings.model, settings.usesAdapter, !opened.model.isMerged {
      return opened.model.withoutAdapter()
    }
    return try OpenedModel.reference(path, for: opened, computeType: settings.computeType)
  }

  private static func cached(
    _ path: String, _ identity: ReferenceIdentity, _ opened: OpenedModel,
    load: @escaping () throws -> any Scorer
  ) -> CachedReference {
    let archive = ScoreArchive(of: identity.description, in: CacheFolder.path()) { warning in
      Console.note("warning: \(warning)")
    }
    return CachedReference(
      archive, statistics: opened.model.statistics,
      maximumEntropy: log(Double(opened.model.configuration.vocabularyCount))
    ) {
      let model = try load()
      guard try RunRecord.modelHash(path) == identity.modelHash else {
        throw CommandFailure(
          .failure,
          "the model in '\(path)' has changed since the run began, and it is needed as a reference; put back what "
            + "it was and continue with --resume")
      }
      return model
    }
  }

  /// The model at `path`, whose scores are kept; it is loaded when one is missing.
  static func kept(_ path: String, for opened: OpenedModel, computeType: ComputeType) throws
    -> CachedReference
  {
    try OpenedModel.checkVocabulary(
      of: path, try ModelDirectory(path).configuration().vocabularyCount, for: opened)
    let identity = try ReferenceIdentity(path, computeType: computeType)
    return cached(path, identity, opened) {
      try OpenedModel.reference(path, for: opened, computeType: computeType)
    }
  }

  /// Scores what is missing of `batches`, then lets the models go.
  ///
  /// - Parameter progress: told how many batches are done; answers whether to go on.
  func fill(
    _ batches: [TokenBatch], _ statistics: Set<TokenStatistic>, progress: (_ done: Int) -> Bool
  ) throws {
    guard !statistics.isEmpty, !cached.isEmpty else { return }
    for (place, batch) in batches.enumerated() {
      for reference in cached { _ = try reference.score(batch, statistics) }
      guard progress(place + 1) else { break }
    }
    for reference in cached { reference.release() }
  }

  /// How many completions of `batches` the references would have to score; models that move score all of them.
  func missingCount(in batches: [TokenBatch], _ statistics: Set<TokenStatistic>) -> Int {
    guard !statistics.isEmpty else { return 0 }
    return batches.reduce(0) { count, batch in
      let moving = scorers.count { !($0 is CachedReference) }
      return cached.reduce(count + moving * batch.completions.count) {
        $0 + ($1.archive.count == 0 ? batch.completions.count : $1.missingCount(in: batch, statistics))
      }
    }
  }

  /// `12 completions scored by references, 48 found in the cache`; nothing where nothing is kept.
  var account: String? { Self.account(of: cached) }

  /// The same of any references.
  static func account(of references: [CachedReference]) -> String? {
    guard !references.isEmpty else { return nil }
    let (scored, found) = references.reduce((0, 0)) { ($0.0 + $1.scoredCount, $0.1 + $1.foundCount) }
    return
      "\(Numbers.count(scored)) completions scored by references, \(Numbers.count(found)) found in the cache"
  }
}

/// Everything the numbers of a reference depend on, by content.
struct ReferenceIdentity: Hashable {
  /// The content of configuration and weights.
  let modelHash: String
  /// One line for each thing.
  let description: String

  /// - Throws: `CheckpointError` when a file cannot be read.
  init(_ directory: String, computeType: ComputeType) throws(CheckpointError) {
    modelHash = try RunRecord.modelHash(directory)
    description = """
      prefer \(Prefer.version)
      model \(modelHash)
      adapter none
      compute \(computeType.rawValue)
      instructions \(InstructionSet.current.rawValue)
      arithmetic \(ArithmeticProbe.digits(computeType))
      rotary \(ProcessInfo.processInfo.environment["PREFER_ROTARY"] ?? "as stored")

      """
  }
}

/// What a small model gives on this machine, to the bit: two machines, or two builds, that agree on it share scores.
///
/// Names of instruction sets say what the arithmetic should be; this says what it is.
enum ArithmeticProbe {
  /// Digits that differ wherever sums are ordered or rounded otherwise.
  static func digits(_ computeType: ComputeType) -> String {
    // Sums of few terms and of many, which are summed otherwise.
    let configuration = ModelConfiguration(
      vocabularyCount: 1100, width: 160, feedForwardWidth: 616, layerCount: 2, headCount: 4,
      keyValueHeadCount: 2, headWidth: 40)
    let model = CausalLanguageModel.random(
      configuration: configuration, seed: 1, initializerRange: 0.2, computeType: computeType)
    func tokens(_ count: Int, _ step: Int) -> [Int32] { (0..<count).map { Int32($0 * step % 1100) } }
    let batch = TokenBatch(
      prompts: [tokens(37, 31)], completions: [tokens(19, 57), tokens(70, 83)],
      layout: FeedbackLayout(prompts: [0, 0], ranks: [0, 1], isDesirable: [true, false]))
    guard let scores = try? model.score(batch, model.statistics) else { return "unknown" }
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    for statistic in scores.statistics {
      for value in scores[statistic].scalars { sum = (sum ^ value.bitPattern) &* 0x100_0000_01B3 }
    }
    return String(sum, radix: 16)
  }
}

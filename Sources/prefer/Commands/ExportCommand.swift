// `prefer export`: an adapter merged into its model, and the proof that nothing changed.

import CommandLineTool
import Foundation
import PreferenceCore
import Safetensors
import TransformerModels

/// Writes the model that an adapter makes of its base.
enum ExportCommand {
  static let command = Command(
    "export", "Merges an adapter into its model, checks the log-probabilities, and writes a checkpoint.",
    options: [
      Option("model", "DIR", isRequired: true, "The model that the adapter was made for."),
      Option("adapter", "DIR", isRequired: true, "The adapter, as PEFT writes them."),
      Option("output", "DIR", isRequired: true, "Where the merged model goes; must not hold one yet."),
      Option("dtype", "float32|bfloat16", "How weights are stored; as the model's unless given."),
    ],
    discussion:
      "A sample of token sequences is scored by model and adapter, and by what was written. In float32 the two "
      + "agree to 2e-4 nats, or the command fails and leaves nothing; in bfloat16 they differ by the rounding of the "
      + "merged weights, which is printed, and refused where it is more than half of what the adapter does.")

  /// The largest difference of a log-probability that single precision excuses, in nats.
  static let tolerance = 2e-4

  static func run(_ call: Invocation) throws -> ExitCode {
    let (path, output) = (call.value("model") ?? "", call.value("output") ?? "")
    guard (try? FileManager.default.contentsOfDirectory(atPath: output))?.isEmpty != false,
      !FileManager.default.fileExists(atPath: output)
        || (try? FileManager.default.contentsOfDirectory(atPath: output)) != nil
    else { throw CommandFailure(.usage, "'\(output)' is there already; name a new directory in --output") }
    let stored: SafetensorsScalar? =
      switch call.value("dtype") {
      case nil: nil
      case "float32"?: .float32
      case "bfloat16"?: .bfloat16
      case let other?: throw UsageError("--dtype takes float32|bfloat16, not '\(other)'")
      }
    var directory = ModelDirectory(path)
    // What is written in float32 is computed with exact frequencies, whatever the model's own file is.
    directory.keepsConstantsExact = stored == .float32
    let adapter = try LowRankAdapter.load(call.value("adapter") ?? "", for: try directory.configuration())
    let sample = Self.sample(vocabularyCount: try directory.configuration().vocabularyCount)
    let expected = try CausalLanguageModel.load(directory, with: adapter, isTrained: false)
      .score(sample, [.logProbability])
    let merged = try CausalLanguageModel.load(directory, with: adapter, isTrained: false, merging: true)
    let place = output + ".incomplete"
    try? FileManager.default.removeItem(atPath: place)
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: place) }
    try merged.save(to: place, storedAs: stored)
    for heads in [path, call.value("adapter") ?? ""] { try merged.attachScalarHeads(savedIn: heads) }
    try merged.saveScalarHeads(to: place)
    try TokenizerFiles.copy(from: path, to: place)
    let written = try CausalLanguageModel.load(ModelDirectory(place), trainable: false)
      .score(sample, [.logProbability])
    let gap = Self.gap(expected, written)
    let isExact = merged.storedTypes(storedAs: stored) == [.float32]
    guard gap <= Self.tolerance || !isExact, gap.isFinite else {
      throw CommandFailure(
        .failure,
        "the merged model differs from model and adapter by \(Numbers.short(gap)) nats in a log-probability, more than "
          + "\(Numbers.short(Self.tolerance)); nothing was written")
    }
    // Who names a precision has decided; whose model happens to be stored in one should not lose the training to it.
    if !isExact, stored == nil, gap > Self.tolerance {
      let base = try CausalLanguageModel.load(directory, trainable: false).score(sample, [.logProbability])
      let effect = Self.gap(expected, base)
      guard gap <= effect / 2 else {
        throw CommandFailure(
          .failure,
          "rounding the merged weights to the model's bfloat16 moves log-probabilities by \(Numbers.short(gap)) nats, "
            + "the adapter itself by no more than \(Numbers.short(effect)): its training would be lost; give --dtype "
            + "float32, or --dtype bfloat16 to round all the same")
      }
    }
    try? FileManager.default.removeItem(atPath: output)
    try FileManager.default.moveItem(atPath: place, toPath: output)
    let tokens = sample.completions.reduce(0) { $0 + $1.count }
    Console.output(
      "merged model in \(output): log-probabilities of \(tokens) tokens differ by at most \(Numbers.short(gap)) nats"
        + (isExact ? "" : " (weights are stored in less than float32)"))
    return .success
  }

  /// The largest difference of two models' log-probabilities, in nats.
  private static func gap(_ a: ModelScores, _ b: ModelScores) -> Double {
    zip(a[.logProbability].scalars, b[.logProbability].scalars).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  /// Token sequences that depend on nothing but the number of tokens there are.
  static func sample(vocabularyCount: Int) -> TokenBatch {
    func tokens(_ count: Int, _ seed: Int) -> [Int32] {
      var state = UInt64(seed)
      return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int32((state >> 33) % UInt64(vocabularyCount))
      }
    }
    return TokenBatch(
      prompts: [tokens(5, 1), tokens(17, 2)],
      completions: [tokens(48, 3), tokens(31, 4), tokens(40, 5), tokens(24, 6)],
      layout: FeedbackLayout(
        prompts: [0, 0, 1, 1], ranks: [0, 1, 0, 1], isDesirable: [true, false, true, false]), rows: [0, 1])
  }
}

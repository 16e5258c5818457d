// One measured training step: a model, a batch, and where the time goes.

import BuiltinLosses
import Optimizers
import PreferenceCore
import Safetensors
import TransformerModels
import VectorKernels

/// What a step is made of.
struct StepSettings {
  /// The model's architecture, used where `directory` is nil.
  var configuration: ModelConfiguration
  var directory: String?
  var type = ComputeType.float32
  var loss = "dpo"
  /// Pairs in a step, tokens of a sequence (prompt and completion), and of those the prompt's.
  var pairs = 4, tokens = 512, prompt = 256
  /// Pairs that are scored at a time.
  var microBatch = 4
  /// The rank of adapters beside every linear layer of the blocks; nil where the weights themselves learn.
  var rank: Int?
  /// Whether references are scored in the first step only.
  var remembersReferences = false
  /// Steps that are timed, after one that is not.
  var steps = 3

  /// The batch: fixed dice, every sequence as long as the next.
  var batches: [TokenBatch] {
    var dice = LossGenerator(seed: 7)
    let vocabulary = UInt64(configuration.vocabularyCount)
    func text(_ count: Int) -> [Int32] { (0..<count).map { _ in Int32(dice.next() % vocabulary) } }
    return stride(from: 0, to: pairs, by: microBatch).map { first in
      let count = min(microBatch, pairs - first)
      return TokenBatch(
        prompts: (0..<count).map { _ in text(prompt) },
        completions: (0..<2 * count).map { _ in text(tokens - prompt) }, layout: .pairs(count),
        rows: Array(first..<first + count))
    }
  }
}

/// What was measured.
struct StepMeasurement {
  /// The shortest step and the middle one, in seconds.
  let seconds: Double, median: Double
  /// The phases of the shortest step.
  let phases: [StepPhase]
  /// Useful floating-point operations of a step.
  let operations: Double
  /// Tokens of all sequences, a prompt once for each; and those that a model really reads.
  let tokens: Int, distinctTokens: Int
  let parameterCount: Int, trainedCount: Int

  /// Useful floating-point operations per second.
  var rate: Double { operations / seconds }

  /// Takes the steps.
  init(_ settings: StepSettings) throws {
    let model = try Self.model(settings)
    let clock = StepClock()
    let loss = try LossRegistry.builtin.resolve(settings.loss)
    let references = (0..<loss.requirements.references.lowerBound).map { _ in
      TimedReference(
        settings.rank == nil ? model.copy(for: .scoring) : model.withoutAdapter(), clock,
        remembers: settings.remembersReferences)
    }
    let trainer = try Trainer(
      TimedPolicy(model, clock), references: references, loss: loss, optimizer: AdamW())
    let batches = settings.batches
    var runs: [(seconds: Double, phases: [StepPhase])] = []
    for _ in 0...settings.steps {
      clock.reset()
      let seconds = try trainer.step(batches, learningRate: 1e-6).seconds
      runs.append(
        (seconds, clock.phases + [StepPhase(name: "optimizer and the rest", seconds: seconds - clock.total)]))
    }
    let timed = runs.dropFirst().sorted { $0.seconds < $1.seconds }
    (seconds, phases, median) = (timed[0].seconds, timed[0].phases, timed[timed.count / 2].seconds)
    let cost = StepCost(model.configuration, batches, rank: settings.rank)
    let scored = settings.remembersReferences ? 0 : Double(references.count)
    operations = cost.training(isAdapted: settings.rank != nil) + scored * cost.forward
    tokens = 2 * settings.pairs * settings.tokens
    distinctTokens = batches.reduce(into: TokenWork()) { $0.add($1) }.tokens
    parameterCount = model.parameterCount
    trainedCount = model.parameters.reduce(0) { $0 + $1.values.count }
  }

  private static func model(_ settings: StepSettings) throws -> CausalLanguageModel {
    let use: WeightUse = settings.rank == nil ? .trained : .adapted
    var model: CausalLanguageModel
    if let directory = settings.directory {
      model = try CausalLanguageModel.load(ModelDirectory(directory), for: use, computeType: settings.type)
    } else {
      model = CausalLanguageModel.random(
        configuration: settings.configuration, seed: 1, computeType: settings.type)
      if use != .trained { model = model.copy(for: use) }
    }
    if let rank = settings.rank {
      let options = LowRankOptions(rank: rank, alpha: 2 * Double(rank), targets: .allLinear)
      model.attach(try LowRankAdapter(for: model.configuration, options, seed: 2))
    }
    if CausalLanguageModel.gainsByScores { model.scoreLimit = 1 << 30 }
    return model
  }
}

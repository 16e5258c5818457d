// The trainer against TRL: the same rows, the same checkpoint, the same numbers at every step.

import BuiltinLosses
import Foundation
import Optimizers
import PreferenceCore
import Testing
import Tokenizers
import TransformerModels

/// One run of TRL's DPOTrainer as it was recorded.
struct RecordedTrace: Decodable, Sendable, CustomTestStringConvertible {
  struct Settings: Decodable, Sendable {
    var perDeviceTrainBatchSize: Int
    var gradientAccumulationSteps: Int?
    var maxLength: Int
    var truncationMode: String?
    var lrSchedulerType: Schedule.Kind
    var learningRate: Double
    var warmupSteps: Int?
    var weightDecay: Double?
    var lossType: [String]
    var beta: Double
    var labelSmoothing: Double?
    var syncRefModel: Bool?
    var refModelMixupAlpha: Double?
    var refModelSyncSteps: Int?
  }
  var name: String
  var config: Settings
  var steps: [[String: Double]]
  var weightSumAndSquareSumAfter: [String: [Double]]
  var testDescription: String { name }

  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures")

  static let all: [RecordedTrace] = {
    let file = fixtures.appendingPathComponent("traces/trl_traces.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return (try? decoder.decode([RecordedTrace].self, from: Data(contentsOf: file))) ?? []
  }()

  /// Whether rows have a rejected side; supervised fine-tuning sees the chosen one alone.
  var isPaired: Bool { config.lossType != ["sft"] }

  /// The loss in this package's words.
  var loss: String {
    switch config.lossType {
    case ["sigmoid"]: "dpo(beta=\(config.beta))"
    case ["robust"]: "robust(beta=\(config.beta), label_smoothing=\(config.labelSmoothing ?? 0))"
    case ["ipo"]: "ipo(tau=\(config.beta))"
    case ["hinge"]: "hinge(beta=\(config.beta))"
    case ["sft"]: "sft"
    default: "\(config.lossType)"
    }
  }
}

@Suite struct TrainerTraceTests {
  @Test func `nine runs were recorded`() { #expect(RecordedTrace.all.count == 9) }

  private struct Row: Decodable {
    struct Message: Decodable { var role: String, content: String }
    var prompt: [Message], chosen: [Message], rejected: [Message]
  }

  /// The rows as TRL tokenizes them: the template is `<|im_start|>role\ncontent<|im_end|>\n` throughout.
  private static func rows(_ trace: RecordedTrace) throws -> [(prompts: [[Int32]], completions: [[Int32]])] {
    let folder = RecordedTrace.fixtures.appendingPathComponent("hf/llama").path
    let tokenizer = try Tokenizer(directory: folder)
    let text = try String(
      contentsOf: RecordedTrace.fixtures.appendingPathComponent("traces/rows.jsonl"), encoding: .utf8)
    func render(_ messages: [Row.Message]) -> String {
      messages.map { "<|im_start|>\($0.role)\n\($0.content)<|im_end|>\n" }.joined()
    }
    return try text.split(separator: "\n").map { line in
      let row = try JSONDecoder().decode(Row.self, from: Data(line.utf8))
      let opening = render(row.prompt) + "<|im_start|>assistant\n"
      let prompt = tokenizer.encode(opening, addingSpecials: false)
      var (prompts, completions): ([[Int32]], [[Int32]]) = ([], [])
      for side in trace.isPaired ? [row.chosen, row.rejected] : [row.chosen] {
        let all = tokenizer.encode(render(row.prompt + side), addingSpecials: false)
        var kept = Array(all.prefix(trace.config.maxLength))
        var boundary = prompt.count
        if trace.config.truncationMode == "keep_end", all.count > trace.config.maxLength {
          kept = Array(all.suffix(trace.config.maxLength))
          // Where the whole prompt is cut away, nothing predicts the first token that is left: it becomes context.
          boundary = max(1, boundary - (all.count - trace.config.maxLength))
        }
        prompts.append(Array(kept.prefix(boundary)))
        completions.append(Array(kept.dropFirst(boundary)))
      }
      return (prompts, completions)
    }
  }

  @Test(arguments: RecordedTrace.all)
  func `follows TRL`(_ trace: RecordedTrace) throws {
    let folder = ModelDirectory(RecordedTrace.fixtures.appendingPathComponent("hf/llama").path)
    let policy = try CausalLanguageModel.load(folder, trainable: true)
    let reference = try CausalLanguageModel.load(folder, trainable: false)
    var optimizer = AdamW()
    optimizer.weightDecay = trace.config.weightDecay ?? 0
    var options = TrainingOptions()
    options.startsAtReference = true
    if trace.config.syncRefModel == true {
      options.refresh = ReferenceRefresh(
        steps: trace.config.refModelSyncSteps ?? 1, mixup: trace.config.refModelMixupAlpha ?? 0)
    }
    let trainer = try Trainer(
      policy, references: trace.isPaired ? [reference] : [],
      loss: try LossRegistry.builtin.resolve(trace.loss),
      optimizer: optimizer, options: options)
    let schedule = Schedule(
      trace.config.lrSchedulerType, peak: trace.config.learningRate,
      warmup: .steps(trace.config.warmupSteps ?? 0))
    let rows = try Self.rows(trace)
    let size = trace.config.perDeviceTrainBatchSize
    let parts = trace.config.gradientAccumulationSteps ?? 1
    for (step, expected) in trace.steps.enumerated() {
      let batches = (0..<parts).map { part -> TokenBatch in
        let first = (step * parts + part) * size
        let chunk = rows[first..<(first + size)]
        let sides = trace.isPaired ? 2 : 1
        let places = 0..<(chunk.count * sides)
        return TokenBatch(
          prompts: chunk.flatMap(\.prompts), completions: chunk.flatMap(\.completions),
          layout: FeedbackLayout(
            prompts: Array(places), groups: places.map { $0 / sides }, ranks: places.map { $0 % sides },
            isDesirable: places.map { $0 % sides == 0 }), rows: places.map { first + $0 / sides })
      }
      let report = try trainer.step(
        batches, learningRate: schedule.learningRate(step: step, of: trace.steps.count))
      var found = report.metrics
      found["num_tokens"] = Double(trainer.state.tokenCount)
      for (name, value) in expected where name != "epoch" {
        let tolerance = Self.tolerance(name, step, isAccumulated: parts > 1) * max(1, abs(value))
        #expect(abs((found[name] ?? .nan) - value) <= tolerance, "step \(step + 1): \(name)")
      }
    }
    for (name, sums) in trace.weightSumAndSquareSumAfter {
      let weights = try #require(policy.parameters[ParameterName(name)]).tensor.scalars
      #expect(abs(weights.reduce(0, +) - sums[0]) < 5e-3 * max(1, abs(sums[0])), "\(name)")
      #expect(abs(weights.reduce(0) { $0 + $1 * $1 } / sums[1] - 1) < 1e-3, "\(name)")
    }
  }

  /// Both sides compute in single precision, and differences grow with the steps.
  ///
  /// Under accumulation TRL logs the mean of micro-batch means; token-weighted metrics then differ by construction.
  private static func tolerance(_ name: String, _ step: Int, isAccumulated: Bool) -> Double {
    if isAccumulated, ["entropy", "logits/chosen", "logits/rejected"].contains(name) { return 1e-2 }
    return step == 0 ? 1e-5 : 1e-3
  }
}

// TRL's recorded runs, reproduced through run files: rows, model and checkpoints as people use them.

import BuiltinLosses
import Foundation
import PreferenceCore
import Testing

@testable import prefer

@Suite struct TraceTests {
  /// One recorded run.
  struct Trace: Sendable, CustomTestStringConvertible {
    let name: String
    let configuration: [JSONMember]
    let steps: [[String: Double]]
    let sums: [String: [Double]]

    var testDescription: String { name }
  }

  /// The recordings that need no adapter.
  static let names: Set<String> = [
    "sigmoid", "sigmoid_label_smoothing", "ipo", "hinge", "accumulate", "cosine_warmup", "keep_end",
    "sync_ref", "apo_zero", "bco_pair", "sppo_hard", "mpo_mix", "js", "wpo", "ld",
    "hinge_js", "ipo_alpha", "polynomial",
  ]

  static let traces: [Trace] = {
    let files = ["traces/trl_traces.json", "traces/trl_more_traces.json"].map { name -> [JSONValue] in
      guard let text = try? OutputFile.read(Fixtures.path(name)),
        let tree = try? JSONValue(json5: text), case .array(let items) = tree
      else { return [] }
      return items
    }
    return files.joined().compactMap { item in
      guard case .string(let name)? = item["name"], names.contains(name),
        case .object(let configuration)? = item["config"], case .array(let steps)? = item["steps"],
        case .object(let sums)? = item["weight_sum_and_square_sum_after"]
      else { return nil }
      return Trace(
        name: name, configuration: configuration, steps: steps.map(numbers),
        sums: Dictionary(
          uniqueKeysWithValues: sums.map { member in
            guard case .array(let pair) = member.value else { return (member.key, []) }
            return (member.key, pair.compactMap { if case .number(let x) = $0 { x } else { nil } })
          }))
    }
  }()

  static func numbers(_ tree: JSONValue) -> [String: Double] {
    guard case .object(let members) = tree else { return [:] }
    return members.reduce(into: [:]) { if case .number(let x) = $1.value { $0[$1.key] = x } }
  }

  @Test func `every recording is there`() { #expect(Self.traces.count == Self.names.count) }

  @Test(arguments: traces) func `reproduces TRL step by step`(_ trace: Trace) throws {
    let scratch = try Scratch()
    // What TRL calls otherwise, or has no use for here.
    let foreign: Set<String> = ["save_strategy", "bf16", "train_sampling_strategy"]
    var keys = trace.configuration.filter { !foreign.contains($0.key) }
    keys += [
      JSONMember("model_name_or_path", .string(Fixtures.path("hf/llama"))),
      JSONMember("dataset", .string(Fixtures.path("traces/rows.jsonl"))), JSONMember("shuffle", false),
      JSONMember("save_steps", 0), JSONMember("output_dir", .string(scratch.path("run"))),
    ]
    let file = try RunFile(text: JSONValue.object(keys).description)
    _ = Fixtures.cache
    let run = try TrainingRun(try PreparedRun(try RunRequest(file, in: .builtin)), resumes: false)
    #expect(try run.carryOut(observers: []).code == .success)

    try Self.compare(scratch.path("run"), with: trace.steps) { name in
      // Means over tokens: TRL averages micro-batches' means, we divide sums by counts of the whole step.
      trace.name == "accumulate"
        && (name == "entropy" || name == "mean_token_accuracy" || name.hasPrefix("logits/"))
    }
    for (name, sums) in trace.sums {
      let (sum, square) = try Weights.sums(of: name, in: scratch.path("run/model.safetensors"))
      #expect(abs(square - sums[1]) <= 1e-4 * sums[1], "\(name): Σw² is \(square), TRL has \(sums[1])")
      #expect(
        abs(sum - sums[0]) <= 1e-4 * sums[1].squareRoot() * 10, "\(name): Σw is \(sum), TRL has \(sums[0])")
    }
  }

  /// Holds what a run logged against TRL's numbers: the first step to 1e-5, every other to 1e-3.
  private static func compare(
    _ folder: String, with steps: [[String: Double]], except isForeign: (String) -> Bool = { _ in false }
  ) throws {
    let lines = try OutputFile.read(folder + "/trainer_log.jsonl").split(separator: "\n")
    let logged = try lines.map { numbers(try JSONValue(json5: String($0))) }.filter { $0["loss"] != nil }
    #expect(logged.count == steps.count && steps.count > 1)
    for (step, (ours, theirs)) in zip(logged, steps).enumerated() {
      for (name, expected) in theirs where !isForeign(name) {
        let found = try #require(ours[name], "\(name) is not logged")
        // Rewards, mean logits and divergences pass through 0, where only the absolute difference says anything.
        let isSigned = name.hasPrefix("rewards/") || name.hasPrefix("logits/") || name == "kl"
        let scale = max(abs(expected), isSigned ? 1e-2 : 1e-12)
        let limit = step == 0 ? 1e-5 : 1e-3
        #expect(
          abs(found - expected) <= limit * scale, "step \(step + 1): \(name) is \(found), TRL has \(expected)"
        )
      }
    }
  }

  /// What one of TRL's other trainers logged.
  private static func other(_ name: String, in file: String = "other_traces") throws -> [[String: Double]] {
    let tree = try JSONValue(json5: OutputFile.read(Fixtures.path("traces/\(file).json")))
    guard case .array(let steps)? = tree[name]?["steps"] else { return [] }
    return steps.map(numbers)
  }

  @Test(arguments: ["kto", "sft"]) func `reproduces TRL's other trainers`(_ name: String) throws {
    let scratch = try Scratch()
    let rows = try scratch.write("rows.jsonl", name == "kto" ? UnpairedRows.text() : UnpairedRows.wanted())
    let outcome = try Shell.prefer(
      "train",
      try scratch.write(
        "run.json5",
        """
        {model_name_or_path: '\(Fixtures.path("hf/llama"))', dataset: '\(rows)', loss: '\(name)',
         output_dir: '\(scratch.path("run"))', per_device_train_batch_size: 4, learning_rate: 1e-3, max_steps: 4,
         lr_scheduler_type: 'constant', logging_steps: 1, save_steps: 0, shuffle: false, max_length: 128}
        """))
    #expect(outcome.code == 0, "\(outcome.errors)")
    try Self.compare(scratch.path("run"), with: Self.other(name))
  }

  /// 25 rows by sixes: the fifth step has one row, whose divergence TRL estimates from its own completion.
  @Test func `reproduces KTO beyond an epoch that leaves one row`() throws {
    let scratch = try Scratch()
    let rows = try scratch.write("rows.jsonl", UnpairedRows.text())
    let outcome = try Shell.prefer(
      "train",
      try scratch.write(
        "run.json5",
        """
        {model_name_or_path: '\(Fixtures.path("hf/llama"))', dataset: '\(rows)',
         loss: 'kto(beta=0.2, undesirable_weight=1.5)', output_dir: '\(scratch.path("run"))',
         per_device_train_batch_size: 6, learning_rate: 1e-3, max_steps: 7, lr_scheduler_type: 'constant',
         logging_steps: 1, save_steps: 0, shuffle: false, max_length: 128}
        """))
    #expect(outcome.code == 0, "\(outcome.errors)")
    try Self.compare(scratch.path("run"), with: Self.other("kto_epoch", in: "kto_epoch"))
  }
}

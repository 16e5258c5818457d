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

  /// The recordings whose losses exist here and need no adapter.
  static let names: Set<String> = [
    "sigmoid", "sigmoid_label_smoothing", "ipo", "hinge", "accumulate", "cosine_warmup", "keep_end",
    "sync_ref",
  ]

  static let traces: [Trace] = {
    guard let text = try? OutputFile.read(Fixtures.path("traces/trl_traces.json")),
      let tree = try? JSONValue(json5: text), case .array(let items) = tree
    else { return [] }
    return items.compactMap { item in
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

    let lines = try OutputFile.read(scratch.path("run/trainer_log.jsonl")).split(separator: "\n")
    let logged = try lines.map { Self.numbers(try JSONValue(json5: String($0))) }.filter { $0["loss"] != nil }
    #expect(logged.count == trace.steps.count)
    for (step, (ours, theirs)) in zip(logged, trace.steps).enumerated() {
      for (name, expected) in theirs {
        // Means over tokens: TRL averages micro-batches' means, we divide sums by counts of the whole step.
        let isTokenMean = name == "entropy" || name == "mean_token_accuracy" || name.hasPrefix("logits/")
        if trace.name == "accumulate", isTokenMean { continue }
        let found = try #require(ours[name], "\(name) is not logged")
        // Rewards and mean logits pass through 0, where only the absolute difference says anything.
        let isSigned = name.hasPrefix("rewards/") || name.hasPrefix("logits/")
        let scale = max(abs(expected), isSigned ? 1e-2 : 1e-12)
        let limit = step == 0 ? 1e-5 : 1e-3
        #expect(
          abs(found - expected) <= limit * scale, "step \(step + 1): \(name) is \(found), TRL has \(expected)"
        )
      }
    }
    for (name, sums) in trace.sums {
      let (sum, square) = try Weights.sums(of: name, in: scratch.path("run/model.safetensors"))
      #expect(abs(square - sums[1]) <= 1e-4 * sums[1], "\(name): Σw² is \(square), TRL has \(sums[1])")
      #expect(
        abs(sum - sums[0]) <= 1e-4 * sums[1].squareRoot() * 10, "\(name): Σw is \(sum), TRL has \(sums[0])")
    }
  }
}

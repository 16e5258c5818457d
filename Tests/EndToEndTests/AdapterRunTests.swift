// Runs that train adapters: TRL's recording reproduced, files that go on, and what stays as it was.

import BuiltinLosses
import Foundation
import Optimizers
import PreferenceCore
import Testing
import TransformerModels
import VectorKernels

@testable import prefer

@Suite struct AdapterRunTests {
  /// Carries out a run on the fixture's model and rows.
  private static func run(_ scratch: Scratch, _ output: String, _ keys: [JSONMember]) throws -> TrainingRun {
    let given = Set(keys.map(\.key))
    var all = keys
    let usual = [
      JSONMember("model_name_or_path", .string(Fixtures.path("hf/llama"))),
      JSONMember("dataset", .string(Fixtures.path("traces/rows.jsonl"))), JSONMember("shuffle", false),
      JSONMember("save_steps", 0), JSONMember("logging_steps", 1),
      JSONMember("output_dir", .string(scratch.path(output))),
    ]
    for member in usual where !given.contains(member.key) { all.append(member) }
    _ = Fixtures.cache
    let file = try RunFile(text: JSONValue.object(all).description)
    let run = try TrainingRun(try PreparedRun(try RunRequest(file, in: .builtin)), resumes: false)
    #expect(try run.carryOut(observers: []).code == .success)
    return run
  }

  private static func logged(_ scratch: Scratch, _ output: String) throws -> [[String: Double]] {
    let lines = try OutputFile.read(scratch.path(output + "/trainer_log.jsonl")).split(separator: "\n")
    return try lines.map { TraceTests.numbers(try JSONValue(json5: String($0))) }.filter { $0["loss"] != nil }
  }

  @Test func `reproduces TRL with PEFT step by step`() throws {
    let scratch = try Scratch()
    let trace = try JSONValue(json5: OutputFile.read(Fixtures.path("lora/trace.json")))
    guard case .object(var keys)? = trace["config"], case .array(let steps)? = trace["steps"] else {
      Issue.record("the recording cannot be read")
      return
    }
    keys += [
      JSONMember("lora", ["adapter": .string(Fixtures.path("lora/adapter"))]),
      JSONMember("max_steps", .number(Double(steps.count))),
    ]
    _ = try Self.run(scratch, "run", keys)
    let ours = try Self.logged(scratch, "run")
    #expect(ours.count == steps.count && steps.count > 1)
    for (step, (found, expected)) in zip(ours, steps.map(TraceTests.numbers)).enumerated() {
      for (name, expected) in expected {
        let value = try #require(found[name], "\(name) is not logged")
        let isSigned = name.hasPrefix("rewards/") || name.hasPrefix("logits/")
        let scale = max(abs(expected), isSigned ? 1e-2 : 1e-12)
        #expect(
          abs(value - expected) <= (step == 0 ? 1e-5 : 1e-3) * scale,
          "step \(step + 1), \(name): \(value), TRL \(expected)")
      }
    }
    let configuration = try ModelDirectory(Fixtures.path("hf/llama")).configuration()
    let (after, theirs) = try (
      LowRankAdapter.load(scratch.path("run"), for: configuration),
      LowRankAdapter.load(Fixtures.path("lora/adapter_after"), for: configuration)
    )
    for (a, b) in zip(after.parameters, theirs.parameters) {
      #expect(a.name == b.name)
      // Adam divides by gradients that may be tiny; of steps of 5e-3, a few in a thousand.
      for (x, y) in zip(a.values.scalars, b.values.scalars) { #expect(abs(x - y) < 1e-4) }
    }
  }

  @Test func `an adapter is written that scores as the run left it`() throws {
    let scratch = try Scratch()
    let lora: JSONValue = ["r": 4, "alpha": 16, "dropout": 0, "target_modules": "all-linear"]
    _ = try Self.run(
      scratch, "run",
      [
        JSONMember("lora", lora), JSONMember("learning_rate", 1e-2), JSONMember("max_steps", 4),
        JSONMember("per_device_train_batch_size", 2), JSONMember("max_length", 64),
        JSONMember("lr_scheduler_type", "constant"), JSONMember("truncation_mode", "keep_end"),
      ])
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path("run"))
    #expect(names.contains("adapter_config.json") && names.contains("adapter_model.safetensors"))
    #expect(!names.contains("model.safetensors") && names.contains("tokenizer.json"))
    let card = try OutputFile.read(scratch.path("run/README.md"))
    #expect(card.contains("rank 4, scale 4 on every linear layer but the head"))

    // Evaluating the adapter against the base gives rewards; an adapter that changed nothing would give 0.
    let outcome = try Shell.prefer(
      "evaluate", "--model", Fixtures.path("hf/llama"), "--adapter", scratch.path("run"), "--reference",
      Fixtures.path("hf/llama"), "--data", Fixtures.path("traces/rows.jsonl"), "--max-length", "64",
      "--truncation-mode", "keep_end")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let metrics = TraceTests.numbers(try JSONValue(json5: outcome.output))
    #expect(abs(metrics["eval_rewards/margins"] ?? metrics["rewards/margins"] ?? 0) > 1e-2, "\(metrics)")
  }

  @Test func `starts at its reference, and micro-batches change rounding alone`() throws {
    let scratch = try Scratch()
    for (name, tokens, dropout) in [
      ("whole", 100_000.0, 0.0), ("cut", 60, 0), ("random", 100_000, 0.3), ("both", 60, 0.3),
    ] {
      _ = try Self.run(
        scratch, name,
        [
          JSONMember("lora", ["r": 4, "dropout": .number(dropout), "target_modules": "all-linear"]),
          JSONMember("learning_rate", 1e-3), JSONMember("max_steps", 3), JSONMember("max_length", 48),
          JSONMember("per_device_train_batch_size", 4), JSONMember("micro_batch_tokens", .number(tokens)),
          JSONMember("lr_scheduler_type", "constant"), JSONMember("truncation_mode", "keep_end"),
        ])
    }
    let logs = try ["whole", "cut", "random", "both"].map { try Self.logged(scratch, $0) }
    #expect(logs[0][0]["rewards/chosen"] == 0 && logs[0][0]["rewards/rejected"] == 0)
    for (a, b) in [(logs[0], logs[1]), (logs[2], logs[3])] {
      for (x, y) in zip(a, b) {
        #expect(abs((x["loss"] ?? 0) - (y["loss"] ?? 1)) < 1e-5)
        #expect(abs((x["grad_norm"] ?? 0) - (y["grad_norm"] ?? 1)) < 1e-4 * (x["grad_norm"] ?? 0))
      }
    }
    #expect(logs[0][0]["grad_norm"] != logs[2][0]["grad_norm"])
  }
}

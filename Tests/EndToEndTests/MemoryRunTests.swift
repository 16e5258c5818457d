// Runs under other memories: cut, recomputed, refused, and the same apart from the rounding of sums.

import BuiltinLosses
import Foundation
import PreferenceCore
import PreferenceData
import Testing
import TransformerModels

@testable import prefer

@Suite struct MemoryRunTests {
  static func runFile(_ scratch: Scratch, _ name: String, _ loss: String, _ keys: String = "") throws
    -> String
  {
    try scratch.write(
      name + ".json5",
      """
      {
        model_name_or_path: '\(Fixtures.path("hf/llama"))', dataset: '\(Fixtures.path("traces/rows.jsonl"))',
        output_dir: '\(scratch.path(name))', max_steps: 6, per_device_train_batch_size: 8, max_length: 60,
        truncation_mode: 'keep_end', learning_rate: 0.05, optim: 'sgd', max_grad_norm: 0, logging_steps: 1, seed: 7,
        save_steps: 0, loss: '\(loss)', \(keys)
      }
      """)
  }

  /// Each logged step's numbers.
  static func log(_ folder: String) throws -> [[String: Double]] {
    try OutputFile.read(folder + "/trainer_log.jsonl").split(separator: "\n")
      .filter { !$0.contains("train_runtime") }.map { TraceTests.numbers(try JSONValue(json5: String($0))) }
  }

  @Test(arguments: ["dpo", "ipo(tau=0.3) + 0.1*sft", "mallows-theta", "focalpo"])
  func `the cut of steps changes the rounding of sums and nothing else`(_ loss: String) throws {
    let scratch = try Scratch()
    for (name, tokens) in [("whole", "100000"), ("pairs", "150"), ("single", "1")] {
      let file = try Self.runFile(scratch, name, loss, "micro_batch_tokens: \(tokens)")
      let outcome = try Shell.prefer("train", file)
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("tokens at a time, as 'micro_batch_tokens' says") == (name != "whole"))
    }
    let expected = try Self.log(scratch.path("whole"))
    #expect(expected.count == 6)
    for name in ["pairs", "single"] {
      for (ours, theirs) in zip(try Self.log(scratch.path(name)), expected) {
        // Forward passes are the same to the bit; what differs are sums of gradients in single precision,
        // relative to their size 6·10⁻⁸ for each of some hundred summands, over six steps.
        for (key, value) in theirs {
          let other = try #require(ours[key])
          #expect(
            abs(other - value) <= 2e-5 * max(1, abs(value)), "\(loss) \(name) \(key): \(other) \(value)")
        }
      }
    }
  }

  @Test func `the same run in another memory is cut, says so, and keeps its cut when it is resumed`() throws {
    let scratch = try Scratch()
    let file = try Self.runFile(scratch, "run", "dpo", "")
    // The fixture's weights take next to nothing; the program itself is planned with 60 MB and more.
    let small = try Shell.prefer(["train", file], environment: ["PREFER_MEMORY": "140MB"])
    #expect(small.code == 0, "\(small.errors)")
    #expect(small.errors.contains("tokens at a time, chosen from the machine's memory"), "\(small.errors)")
    let recorded = try JSONValue(json5: try OutputFile.read(scratch.path("run/run.json")))
    let tokens = try #require(recorded["settings"]?["micro_batch_tokens"])
    #expect(tokens == 256)
    let again = try Shell.prefer(["train", file, "--resume", "save_steps=3"])
    #expect(!again.errors.contains("micro_batch_tokens was"), "\(again.errors)")
    #expect(again.code == 0, "\(again.errors)")
    let resumed = try JSONValue(json5: try OutputFile.read(scratch.path("run/run.json")))
    #expect(resumed["settings"]?["micro_batch_tokens"] == tokens)
  }

  @Test func `recomputed activations give the same bytes`() throws {
    let scratch = try Scratch()
    for (name, keys) in [("kept", ""), ("twice", "gradient_checkpointing: true")] {
      let outcome = try Shell.prefer("train", try Self.runFile(scratch, name, "dpo", keys))
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("activations are computed twice to save memory") == (name == "twice"))
    }
    let weights = ["kept", "twice"].map {
      FileManager.default.contents(atPath: scratch.path($0 + "/model.safetensors"))
    }
    #expect(weights[0] != nil && weights[0] == weights[1])
  }

  @Test func `comparing with a reference token by token is planned for`() throws {
    let scratch = try Scratch()
    func prepared(_ loss: String) throws -> PreparedRun {
      let file = try Self.runFile(scratch, "run", loss, "precompute_ref_log_probs: false")
      return try PreparedRun(try RunRequest(try RunFile(path: file), in: .builtin))
    }
    let (compared, alone) = (try prepared("tdpo"), try prepared("dpo"))
    let extra = compared.memory.pass - alone.memory.pass
    let model = compared.opened.model
    let rows = compared.rows.rows.sorted { $0.tokenCount > $1.tokenCount }.prefix(8)
    let least = rows.reduce(0) { $0 + $1.completions.reduce(0) { $0 + $1.count } } / 2
    // The states of all predictions, and a round of scores, whose size the number of threads decides.
    #expect(extra > Double(4 * model.configuration.width * least))
    #expect(extra >= Double(model.comparisonByteCount(predictions: 1)))
    #expect(extra <= Double(model.comparisonByteCount(predictions: 64 * least)))
  }

  @Test(arguments: [[], ["--dry-run"]]) func `what cannot fit is refused before step 1`(_ options: [String])
    throws
  {
    let scratch = try Scratch()
    let file = try Self.runFile(scratch, "run", "dpo")
    let outcome = try Shell.prefer(["train", file] + options, environment: ["PREFER_MEMORY": "50MB"])
    #expect(outcome.code == 2)
    #expect(outcome.errors.contains(/error: the run needs about [\d.]+ MB of 50.0 MB:/), "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("run")))
  }

  @Test func `a dry run says what a step takes and leaves nothing`() throws {
    let scratch = try Scratch()
    let outcome = try Shell.prefer("train", try Self.runFile(scratch, "run", "dpo"), "--dry-run")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains(/\nmemory[ ]+about [\d.]+ [MG]B of [\d.]+ GB:/), "\(outcome.output)")
    #expect(outcome.output.contains(/\ntime[ ]+about \d+:\d\d, [\d.e-]+ s a step\n/), "\(outcome.output)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("run")))
  }
}

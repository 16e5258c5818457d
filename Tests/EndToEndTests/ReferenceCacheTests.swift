// References are paid for once: over losses, runs and processes, with the bytes of a run that keeps nothing.

import Foundation
import Testing

@testable import prefer

@Suite struct ReferenceCacheTests {
  /// Ten losses with a reference; some read more of it than log-probabilities.
  static let sweep = [
    "dpo", "dpo(beta=0.3, label_smoothing=0.1)", "ipo", "focalpo", "mallows-theta", "mallows-phi",
    "mallows(dpo, dispersion=entropy)", "hinge", "0.5*dpo + 0.5*ipo", "dpo(beta=0.5) + 0.1*sft",
  ]

  /// A run of `loss` for two epochs in steps of two rows.
  static func runFile(_ scratch: Scratch, _ name: String, _ loss: String, _ keys: String = "") throws
    -> String
  {
    try scratch.write(
      name + ".json5",
      """
      {
        model_name_or_path: '\(Fixtures.path("hf/llama"))', output_dir: '\(scratch.path(name))', dataset: {
          path: '\(Fixtures.path("traces/rows.jsonl"))', eval_fraction: 0.2
        }, num_train_epochs: 2, per_device_train_batch_size: 2, max_length: 40, truncation_mode: 'keep_end',
        learning_rate: 1e-3, logging_steps: 1, seed: 7, save_steps: 0, loss: '\(loss)', \(keys)
      }
      """)
  }

  /// How many completions references scored, and how many they found, as the run said at its end.
  static func account(_ outcome: Outcome) throws -> (scored: Int, found: Int) {
    let pattern = /([\d,]+) completions scored by references, ([\d,]+) found in the cache/
    let match = try #require(outcome.errors.firstMatch(of: pattern), "\(outcome.errors)")
    let numbers = [match.1, match.2].map { Int($0.replacing(",", with: "")) ?? -1 }
    return (numbers[0], numbers[1])
  }

  /// What a run left: weights and log without the line about time.
  static func bytes(_ folder: String) throws -> [Data] {
    let log = try OutputFile.read(folder + "/trainer_log.jsonl").split(separator: "\n")
      .filter { !$0.contains("train_runtime") }.joined(separator: "\n")
    return [try Data(contentsOf: URL(filePath: folder + "/model.safetensors")), Data(log.utf8)]
  }

  @Test func `a sweep over ten losses pays for the reference once`() throws {
    let scratch = try Scratch()
    let environment = ["PREFER_CACHE": scratch.path("cache")]
    var firstScored = 0
    for (place, loss) in Self.sweep.enumerated() {
      let outcome = try Shell.prefer(
        ["train", try Self.runFile(scratch, "run\(place)", loss)], environment: environment)
      #expect(outcome.code == 0, "\(outcome.errors)")
      let (scored, found) = try Self.account(outcome)
      if place == 0 { firstScored = scored } else { #expect(scored == 0, "\(loss) scored \(scored)") }
      // Two epochs and an evaluation: the second epoch is free even in the first run.
      #expect(scored + found > firstScored && firstScored > 0)
    }
    // Nothing kept, nothing looked up: the same bytes.
    for place in [0, 4, 6] {
      let name = "plain\(place)"
      let file = try Self.runFile(scratch, name, Self.sweep[place], "precompute_ref_log_probs: false")
      let outcome = try Shell.prefer(["train", file], environment: environment)
      #expect(outcome.code == 0 && !outcome.errors.contains("found in the cache"), "\(outcome.errors)")
      #expect(try Self.bytes(scratch.path(name)) == Self.bytes(scratch.path("run\(place)")))
    }
  }

  @Test func `evaluating asks a reference once`() throws {
    let scratch = try Scratch()
    let environment = ["PREFER_CACHE": scratch.path("cache")]
    let arguments = [
      "evaluate", "--model", Fixtures.path("hf/llama"), "--adapter", Fixtures.path("lora/adapter"),
      "--reference",
      Fixtures.path("hf/llama"), "--data", Fixtures.path("traces/rows.jsonl"), "--loss",
    ]
    let first = try Shell.prefer(arguments + ["dpo"], environment: environment)
    let again = try Shell.prefer(arguments + ["dpo"], environment: environment)
    let other = try Shell.prefer(arguments + ["ipo"], environment: environment)
    #expect(first.code == 0 && first.output == again.output, "\(first.errors)")
    #expect(try Self.account(first).found == 0 && Self.account(first).scored > 0)
    #expect(try Self.account(again).scored == 0 && Self.account(other).scored == 0)
  }

  @Test func `references can be scored ahead of step 1`() throws {
    let scratch = try Scratch()
    let environment = ["PREFER_CACHE": scratch.path("cache")]
    let file = try Self.runFile(scratch, "ahead", "dpo", "precompute_ref_log_probs: true")
    let outcome = try Shell.prefer(["train", file], environment: environment)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let lines = outcome.errors.split(separator: "\n")
    let filled = try #require(lines.lastIndex { $0.contains(/references: (\d+) of \1 batches scored/) })
    let stepped = try #require(lines.firstIndex { $0.hasPrefix("step 1/") })
    #expect(filled < stepped)
    let next = try Shell.prefer(
      ["train", try Self.runFile(scratch, "next", "ipo")], environment: environment)
    #expect(try Self.account(next).scored == 0)
  }

  @Test func `another model, precision or instruction set pays for itself`() throws {
    let scratch = try Scratch()
    let environment = ["PREFER_CACHE": scratch.path("cache")]
    let first = try Self.account(
      Shell.prefer(["train", try Self.runFile(scratch, "first", "dpo")], environment: environment)
    ).scored
    let copy = try scratch.copy("hf/llama", as: "model")
    let file = try Self.runFile(scratch, "again", "dpo")
    func scored(_ name: String, _ overrides: [String], _ more: [String: String] = [:]) throws -> Int {
      let arguments = ["train", file, "output_dir=\(scratch.path(name))"] + overrides
      return try Self.account(Shell.prefer(arguments, environment: environment.merging(more) { $1 })).scored
    }
    #expect(try scored("copied", ["model_name_or_path=\(copy)"]) == 0)
    #expect(try scored("rounded", ["dtype=bfloat16"]) == first)
    #expect(try scored("baseline", [], ["PREFER_ISA": "baseline"]) == first)
    let weights = URL(filePath: copy + "/model.safetensors")
    var bytes = try Data(contentsOf: weights)
    bytes[bytes.count - 3] ^= 1
    try bytes.write(to: weights)
    #expect(try scored("changed", ["model_name_or_path=\(copy)"]) == first)
    #expect(try scored("cut", ["max_length=30"]) > 0)
  }

  @Test func `two runs at once share a cache and end with the same bytes`() throws {
    let scratch = try Scratch()
    let environment = ["PREFER_CACHE": scratch.path("cache")]
    let both = try ["left", "right"].map {
      try Running(["train", try Self.runFile(scratch, $0, "dpo")], environment: environment)
    }
    for running in both {
      let outcome = try running.wait()
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(!outcome.errors.contains("warning"), "\(outcome.errors)")
    }
    let plain = try Self.runFile(scratch, "plain", "dpo", "precompute_ref_log_probs: false")
    #expect(try Shell.prefer(["train", plain], environment: environment).code == 0)
    let expected = try Self.bytes(scratch.path("plain"))
    for name in ["left", "right"] { #expect(try Self.bytes(scratch.path(name)) == expected) }
  }

  @Test func `a cache that cannot be written is one warning`() throws {
    let scratch = try Scratch()
    let outcome = try Shell.prefer(
      ["train", try Self.runFile(scratch, "run", "dpo")],
      environment: ["PREFER_CACHE": try scratch.write("cache", "a file in the way")])
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(
      outcome.errors.components(separatedBy: "warning: the reference cache").count == 2, "\(outcome.errors)")
    #expect(try Self.account(outcome).found > 0)
  }
}

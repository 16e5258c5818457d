// Runs that are interrupted, killed and continued.

import Foundation
import Testing

@testable import prefer

@Suite struct ResumeTests {
  /// A run of short steps on the fixture's model.
  static func runFile(_ scratch: Scratch, _ output: String, steps: Int, _ keys: String = "") throws -> String
  {
    try scratch.write(
      output + ".json5",
      """
      {
        model_name_or_path: '\(Fixtures.path("hf/llama"))', dataset: '\(Fixtures.path("traces/rows.jsonl"))',
        output_dir: '\(scratch.path(output))', max_steps: \(steps), per_device_train_batch_size: 1, max_length: 40,
        truncation_mode: 'keep_end', learning_rate: 1e-3, logging_steps: 1, seed: 7, dataset: {
          path: '\(Fixtures.path("traces/rows.jsonl"))', eval_fraction: 0.2
        }, eval_steps: 10, \(keys)
      }
      """.replacing("dataset: '\(Fixtures.path("traces/rows.jsonl"))',\n", with: "\n"))
  }

  /// Waits until the process has said `words`, or has ended.
  static func wait(for words: String, from running: Running) throws {
    for _ in 0..<2000 where !running.errors.contains(words) && running.process.isRunning {
      Thread.sleep(forTimeInterval: 0.005)
    }
  }

  @Test func `SIGINT saves a checkpoint and exits 130, SIGTERM 143`() throws {
    let scratch = try Scratch()
    for (name, signal, code) in [("int", SIGINT, Int32(130)), ("term", SIGTERM, 143)] {
      let running = try Running(["train", try Self.runFile(scratch, name, steps: 5000, "save_steps: 0")])
      try Self.wait(for: "step 2/", from: running)
      kill(running.process.processIdentifier, signal)
      let outcome = try running.wait()
      #expect(outcome.code == code)
      #expect(outcome.errors.contains("continue with --resume"), "\(outcome.errors)")
      let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path(name))
      #expect(names.contains { $0.hasPrefix("checkpoint-") })
    }
  }

  @Test(arguments: [
    "loss: 'dpo'", "sync_ref_model: true, ref_model_sync_steps: 4", "loss: 'mallows-theta + 0.1*sft'",
    "loss: 'kto + 0.5*bco(shift=running) + reward'", "loss: 'reward', lora: {r: 2, dropout: 0}",
    "lora: {r: 4, dropout: 0.2, target_modules: 'all-linear'}", "lora: {r: 2, dropout: 0}, dtype: 'bfloat16'",
    "lora: {r: 2, use_dora: true, modules_to_save: 'norm'}",
  ])
  func `a run that is killed ends with the same bytes`(_ keys: String) throws {
    let scratch = try Scratch()
    let whole = try Self.runFile(scratch, "whole", steps: 30, "save_steps: 4, save_total_limit: 2, " + keys)
    #expect(try Shell.prefer("train", whole).code == 0)
    let broken = try Self.runFile(scratch, "broken", steps: 30, "save_steps: 4, save_total_limit: 2, " + keys)
    for _ in 0..<3 {
      let running = try Running(["train", broken, "--resume"])
      let step = Int.random(in: 1...28)
      try Self.wait(for: "step \(step)/", from: running)
      kill(running.process.processIdentifier, SIGKILL)
      _ = try running.wait()
    }
    let last = try Shell.prefer("train", broken, "--resume")
    #expect(last.code == 0, "\(last.errors)")
    let weights = keys.contains("lora") ? "adapter_model.safetensors" : "model.safetensors"
    let heads = keys.contains("reward") ? ["scalar_heads.safetensors"] : []
    for name in [weights, "checkpoint-30/optimizer.safetensors", "checkpoint-28/" + weights] + heads {
      let files = ["whole/", "broken/"].map { FileManager.default.contents(atPath: scratch.path($0 + name)) }
      #expect(files[0] != nil && files[0] == files[1], "\(name)")
    }
    let logs = try ["whole", "broken"].map { folder in
      try OutputFile.read(scratch.path(folder + "/trainer_log.jsonl")).split(separator: "\n")
        .filter { !$0.contains("train_runtime") }
    }
    #expect(logs[0] == logs[1])
    #expect(logs[0].count == 33)
  }

  @Test func `references scored once give the same bytes`() throws {
    let scratch = try Scratch()
    for (name, keys) in [("often", ""), ("once", "precompute_ref_log_probs: true")] {
      let outcome = try Shell.prefer(
        "train", try Self.runFile(scratch, name, steps: 25, "save_steps: 0, " + keys))
      #expect(outcome.code == 0, "\(outcome.errors)")
    }
    let weights = ["often", "once"].map {
      FileManager.default.contents(atPath: scratch.path($0 + "/model.safetensors"))
    }
    #expect(weights[0] != nil && weights[0] == weights[1])
  }

  @Test func `--resume without a checkpoint starts over and says so`() throws {
    let scratch = try Scratch()
    let outcome = try Shell.prefer("train", try Self.runFile(scratch, "new", steps: 2), "--resume")
    #expect(outcome.code == 0)
    #expect(outcome.errors.contains("starting from the beginning"))
  }

  @Test func `another run file, model or data exits 5`() throws {
    let scratch = try Scratch()
    let model = try scratch.copy("hf/llama", as: "model")
    let rows = try scratch.copy("traces/rows.jsonl", as: "rows.jsonl")
    let file = try Self.runFile(scratch, "run", steps: 4, "save_steps: 2")
    let inputs = ["model_name_or_path=\(model)", "dataset.path=\(rows)"]
    #expect(try Shell.prefer(["train", file] + inputs).code == 0)

    let other = try Shell.prefer(["train", file, "--resume", "learning_rate=2e-3"] + inputs)
    #expect(other.code == 5)
    #expect(other.errors.contains("learning_rate was 0.001, is now 0.002"), "\(other.errors)")

    let text = try OutputFile.read(rows)
    try OutputFile.write(text.split(separator: "\n").dropLast().joined(separator: "\n") + "\n", to: rows)
    let shorter = try Shell.prefer(["train", file, "--resume"] + inputs)
    #expect(shorter.code == 5)
    #expect(shorter.errors.contains("the contents of the data have changed"), "\(shorter.errors)")
    try OutputFile.write(text, to: rows)

    let weights = URL(filePath: model + "/model.safetensors")
    var bytes = try Data(contentsOf: weights)
    bytes[bytes.count - 3] ^= 1
    try bytes.write(to: weights)
    let changed = try Shell.prefer(["train", file, "--resume"] + inputs)
    #expect(changed.code == 5)
    #expect(changed.errors.contains("the contents of the model have changed"), "\(changed.errors)")
  }
}

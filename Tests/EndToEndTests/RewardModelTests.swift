// A judge from the command line: trained, saved with its head, and asked again from its files.

import Foundation
import Testing

@testable import prefer

@Suite struct RewardModelTests {
  /// A line of `prefer score`.
  private struct Judged: Decodable {
    struct Side: Decodable {
      struct Heads: Decodable { let reward: [Double] }
      let ids: [Int32], heads: Heads
    }
    let chosen: Side, rejected: Side
  }

  @Test(arguments: ["", "lora: {r: 4}, "]) func `a reward model is trained, saved and evaluated`(
    _ keys: String
  )
    throws
  {
    let scratch = try Scratch()
    let (rows, model) = (Fixtures.path("traces/rows.jsonl"), Fixtures.path("hf/llama"))
    let file = try scratch.write(
      "run.json5",
      """
      {
        model_name_or_path: '\(model)', dataset: '\(rows)', loss: 'reward', output_dir: '\(scratch.path("out"))',
        \(keys) max_steps: 24, per_device_train_batch_size: 8, max_length: 512, learning_rate: 5e-3, logging_steps: 1
      }
      """)
    let run = try Shell.prefer("train", file)
    #expect(run.code == 0, "\(run.errors)")
    func figures(_ model: String, _ more: [String] = []) throws -> [String: Double] {
      let said = try Shell.prefer(
        ["evaluate", "--model", model, "--data", rows, "--loss", "reward", "--max-length", "512"] + more)
      #expect(said.code == 0, "\(said.errors)")
      return try JSONDecoder().decode([String: Double].self, from: Data(said.output.utf8))
    }
    let before = try figures(model)
    // A head that says 0 of everything tells no response from another.
    #expect(abs((before["loss"] ?? 0) - 0.6931471805599453) < 1e-9 && before["reward/accuracy"] == 0)
    let after = try figures(
      keys.isEmpty ? scratch.path("out") : model, keys.isEmpty ? [] : ["--adapter", scratch.path("out")])
    #expect((after["loss"] ?? 9) < 0.5 && (after["reward/accuracy"] ?? 0) > 0.8)
    #expect(after["entropy"] == nil && after["logps/chosen"] == nil)

    if !keys.isEmpty {
      let merged = scratch.path("merged")
      let export = try Shell.prefer(
        "export", "--model", model, "--adapter", scratch.path("out"), "--output", merged)
      #expect(export.code == 0, "\(export.errors)")
      let still = try figures(merged)
      #expect(abs((still["loss"] ?? 9) - (after["loss"] ?? 0)) < 1e-3)
    }

    // Asked row by row, the judge says what the accuracy was counted from.
    let said = try Shell.prefer(
      ["score", "--data", rows, "--output", "-", "--max-length", "512"]
        + (keys.isEmpty
          ? ["--model", scratch.path("out")] : ["--model", model, "--adapter", scratch.path("out")]))
    #expect(said.code == 0, "\(said.errors)")
    let judged = try said.output.split(separator: "\n").map {
      try JSONDecoder().decode(Judged.self, from: Data($0.utf8))
    }
    let right = judged.count { ($0.chosen.heads.reward.last ?? 0) > ($0.rejected.heads.reward.last ?? 0) }
    #expect(abs(Double(right) / Double(judged.count) - (after["reward/accuracy"] ?? 0)) < 1e-12)
    #expect(judged.allSatisfy { $0.chosen.heads.reward.count == $0.chosen.ids.count })
  }

  @Test func `kto trains on pairs and on labelled responses`() throws {
    let scratch = try Scratch()
    let labelled = try scratch.write(
      "labelled.jsonl",
      (0..<12).map { row in
        #"{"prompt": "question \#(row)", "completion": "\#(row % 2 == 0 ? "yes, please" : "no")", "label": \#(row % 2 == 0)}"#
      }.joined(separator: "\n"))
    for (name, rows) in [("pairs", Fixtures.path("traces/rows.jsonl")), ("labels", labelled)] {
      let file = try scratch.write(
        name + ".json5",
        """
        {
          model_name_or_path: '\(Fixtures.path("hf/llama"))', dataset: '\(rows)', loss: 'kto',
          output_dir: '\(scratch.path(name))', max_steps: 6, per_device_train_batch_size: 4, max_length: 512,
          gradient_accumulation_steps: 2, learning_rate: 1e-3, logging_steps: 1, save_steps: 0
        }
        """)
      let run = try Shell.prefer("train", file)
      #expect(run.code == 0, "\(run.errors)")
      let log = try OutputFile.read(scratch.path(name + "/trainer_log.jsonl"))
      #expect(log.contains("\"kl\"") && log.contains("\"rewards/margins\""))
      let first = try #require(log.split(separator: "\n").first)
      let line = try JSONDecoder().decode([String: Double].self, from: Data(first.utf8))
      #expect(abs((line["loss"] ?? 0) - 0.5) < 1e-6)
    }
  }

  @Test(arguments: ["", "lora: {r: 4}, "]) func `tdpo measures divergences from its reference`(_ keys: String)
    throws
  {
    let scratch = try Scratch()
    let file = try scratch.write(
      "run.json5",
      """
      {
        model_name_or_path: '\(Fixtures.path("hf/llama"))', dataset: '\(Fixtures.path("traces/rows.jsonl"))',
        loss: 'tdpo', output_dir: '\(scratch.path("out"))', \(keys) max_steps: 4, per_device_train_batch_size: 4,
        max_length: 512, learning_rate: 1e-3, logging_steps: 1, save_steps: 0
      }
      """)
    let run = try Shell.prefer("train", file)
    #expect(run.code == 0, "\(run.errors)")
    let lines = try OutputFile.read(scratch.path("out/trainer_log.jsonl")).split(separator: "\n")
    let losses = lines.prefix(4).compactMap {
      (try? JSONDecoder().decode([String: Double].self, from: Data($0.utf8)))?["loss"]
    }
    #expect(losses.count == 4 && abs(losses[0] - 0.6931471805599453) < 1e-6 && losses[3] < losses[0])
  }
}

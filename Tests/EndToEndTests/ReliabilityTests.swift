// Pains that people report of other trainers, each as a run of the program that would show them here.

import Foundation
import Testing

@testable import prefer

@Suite struct ReliabilityTests {
  private static let model = Fixtures.path("hf/llama")
  private static let rows = Fixtures.path("traces/rows.jsonl")

  /// Trains and returns what was said, and the steps that were logged.
  private static func train(_ keys: String, model: String = model, in scratch: Scratch) throws -> (
    said: String, steps: [[String: Double]]
  ) {
    let size = keys.contains("batch_size") ? "" : ", per_device_train_batch_size: 2"
    let file = try scratch.write(
      "run.json5",
      """
      {model_name_or_path: '\(model)', dataset: '\(rows)', output_dir: '\(scratch.path("run"))', logging_steps: 1,
       lr_scheduler_type: 'constant', save_steps: 0, shuffle: false, \(keys)\(size)}
      """)
    let outcome = try Shell.prefer("train", file)
    try #require(outcome.code == 0, "\(outcome.errors)")
    let lines = try OutputFile.read(scratch.path("run/trainer_log.jsonl")).split(separator: "\n")
    let steps = try lines.map { TraceTests.numbers(try JSONValue(json5: String($0))) }
    return (outcome.errors, steps.filter { $0["loss"] != nil })
  }

  @Test(arguments: [
    ("0.7*dpo + 0.3*sft", ["dpo", "sft"]), ("cpo + 0.5*sft", ["cpo", "sft"]),
    ("2*hinge + orpo", ["hinge", "orpo"]), ("sampo(dpo) + 0.1*sft", ["dpo", "sft"]),
  ])
  func `terms are logged as they count, and add up to the loss`(_ loss: String, _ terms: [String]) throws {
    let (_, steps) = try Self.train(
      "loss: '\(loss)', learning_rate: 1e-3, max_steps: 3", in: try Scratch())
    #expect(steps.count == 3)
    for step in steps {
      let parts = step.filter { $0.key.hasPrefix("loss/") }
      for term in terms { #expect(parts.keys.contains { $0.hasPrefix("loss/\(term)") }, "\(parts)") }
      #expect(parts.values.allSatisfy { $0 != 0 })
      #expect(abs(parts.values.reduce(0, +) - (step["loss"] ?? 0)) < 1e-9 * abs(step["loss"] ?? 0), "\(step)")
    }
  }

  @Test func `a likelihood is of completions alone, however long prompts are`() throws {
    let scratch = try Scratch()
    let wanted = try UnpairedRows.wanted()
    let short = try scratch.write("short.jsonl", wanted)
    let outcome = try Shell.prefer(
      "score", "--model", Self.model, "--data", short, "--output", scratch.path("scores"))
    try #require(outcome.code == 0, "\(outcome.errors)")
    var (sum, count) = (0.0, 0)
    for line in try OutputFile.read(scratch.path("scores")).split(separator: "\n").prefix(2) {
      guard case .array(let logps)? = try JSONValue(json5: String(line))["completion"]?["logps"] else {
        continue
      }
      for case .number(let x) in logps { (sum, count) = (sum + x, count + 1) }
    }
    let (_, steps) = try Self.train("loss: 'dpo + sft', learning_rate: 0, max_steps: 1", in: scratch)
    let term = try #require(steps.first?.first { $0.key.hasPrefix("loss/sft") }?.value)
    #expect(count > 10 && abs(term + sum / Double(count)) < 1e-5, "\(term), \(sum) over \(count)")
  }

  @Test func `no metric depends on which rows are scored together`() throws {
    let keys = "loss: 'dpo + 0.1*sft', learning_rate: 0, max_steps: 2, per_device_train_batch_size: 6"
    let (_, whole) = try Self.train(keys + ", micro_batch_tokens: 100000", in: try Scratch())
    let (_, cut) = try Self.train(keys + ", micro_batch_tokens: 60", in: try Scratch())
    #expect(whole.count == 2 && whole[0].count > 15)
    for (a, b) in zip(whole, cut) {
      for (name, value) in a where name != "grad_norm" {
        #expect(
          abs(value - (b[name] ?? .nan)) <= 1e-9 * max(1, abs(value)), "\(name): \(value), \(b[name] ?? .nan)"
        )
      }
    }
  }

  @Test func `where a reference comes from is said, and it stays where it is`() throws {
    let scratch = try Scratch()
    let (fresh, _) = try Self.train("lora: {r: 2}, learning_rate: 1e-3, max_steps: 1", in: scratch)
    #expect(
      fresh.contains("references  base = \(Self.model) as it starts, without the new adapter\n"), "\(fresh)")

    let adapter = Fixtures.path("lora/adapter")
    let (again, steps) = try Self.train(
      "lora: {adapter: '\(adapter)'}, learning_rate: 5e-3, max_steps: 2", in: try Scratch())
    let line = try #require(again.split(separator: "\n").first { $0.hasPrefix("references") })
    let start = "references  base = \(Self.model) as it starts, with the adapter \(adapter) ("
    #expect(line.hasPrefix(start) && line.dropFirst(start.count).count == 9, "\(line)")
    // The adapter as it was is the reference: nothing to tell at first, something after one step.
    #expect(steps[0]["rewards/chosen"] == 0 && steps[0]["rewards/rejected"] == 0)
    #expect(abs(steps[1]["rewards/chosen"] ?? 0) > 1e-3)

    let (whole, _) = try Self.train("learning_rate: 1e-3, max_steps: 1", in: try Scratch())
    #expect(whole.contains("references  base = \(Self.model) as it starts\n"), "\(whole)")
  }

  @Test(arguments: ["llama", "gpt2"]) func `a row scores to the bit what it scores alone`(_ name: String)
    throws
  {
    let scratch = try Scratch()
    let lines = try OutputFile.read(Self.rows).split(separator: "\n")
    /// Scores by the row's place in the whole file.
    func scores(_ places: Range<Int>) throws -> [String] {
      let text = places.map { lines[$0] + "\n" }.joined()
      let outcome = try Shell.prefer(
        "score", "--model", Fixtures.path("hf/\(name)"), "--data", try scratch.write("part.jsonl", text),
        "--output", "-")
      try #require(outcome.code == 0, "\(outcome.errors)")
      return outcome.output.split(separator: "\n").map {
        String($0.replacing(/"row": ?\d+/, with: ""))
      }
    }
    let together = try scores(0..<lines.count)
    #expect(together.count == lines.count)
    for place in [0, 7, 24] {
      #expect(try scores(place..<place + 1) == [together[place]], "row \(place)")
    }
    #expect(try scores(3..<9) == Array(together[3..<9]))
  }

  @Test func `a merge that rounding would undo is refused, and nothing is left`() throws {
    let scratch = try Scratch()
    let base = Fixtures.path("hf/qwen3")
    _ = try Self.train("lora: {r: 2}, learning_rate: 1e-5, max_steps: 2", model: base, in: scratch)
    let arguments = [
      "export", "--model", base, "--adapter", scratch.path("run"), "--output", scratch.path("merged"),
    ]
    let refused = try Shell.prefer(arguments)
    #expect(refused.code == 1)
    #expect(
      refused.errors.wholeMatch(
        of: try Regex(
          "error: rounding the merged weights to the model's bfloat16 moves log-probabilities by 0\\.[0-9]+ nats, the "
            + "adapter itself by no more than 0\\.[0-9]+: its training would be lost; give --dtype float32, or "
            + "--dtype bfloat16 to round all the same\\n")) != nil, "\(refused.errors)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch.root.path).sorted() == ["run", "run.json5"])
    let exact = try Shell.prefer(arguments + ["--dtype", "float32"])
    #expect(exact.code == 0, "\(exact.errors)")
  }

  @Test func `an exported model keeps tokenizer and template, and says the same`() throws {
    let scratch = try Scratch()
    let adapter = Fixtures.path("lora/adapter_after")
    let outcome = try Shell.prefer(
      "export", "--model", Self.model, "--adapter", adapter, "--output", scratch.path("merged"))
    try #require(outcome.code == 0, "\(outcome.errors)")
    for name in ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"] {
      let (before, after) = (
        FileManager.default.contents(atPath: Self.model + "/" + name),
        FileManager.default.contents(atPath: scratch.path("merged/" + name))
      )
      #expect(before != nil && before == after, "\(name)")
    }
    let chat = try scratch.write(
      "chat.json", "[{\"role\": \"user\", \"content\": \"Grüß dich, <s> wie geht's?\"}]")
    /// The likeliest continuation.
    func says(_ model: [String], _ asked: [String]) throws -> String {
      let outcome = try Shell.prefer(
        ["generate"] + model + asked + ["--temperature", "0", "--max-new-tokens", "24"])
      try #require(outcome.code == 0, "\(outcome.errors)")
      return outcome.output
    }
    let merged = ["--model", scratch.path("merged")]
    let beside = ["--model", Self.model, "--adapter", adapter]
    for asked in [["--chat", chat], ["--prompt", "The sky is"]] {
      let answer = try says(merged, asked)
      #expect(try answer == says(beside, asked) && answer.count > 5)
      #expect(try answer != says(["--model", Self.model], asked))
    }
    let tokens = ["tokenize", "--chat", "--json", "Grüß dich, <s> wie geht's?"]
    #expect(
      try Shell.prefer(tokens + merged).output == Shell.prefer(tokens + ["--model", Self.model]).output)
  }
}

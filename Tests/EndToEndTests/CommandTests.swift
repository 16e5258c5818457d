// The commands that only look: tokenize, score, evaluate, generate, losses, verify, init.

import Configuration
import Foundation
import Testing

@testable import prefer

@Suite struct CommandTests {
  static let llama = Fixtures.path("hf/llama")
  static let rows = Fixtures.path("traces/rows.jsonl")

  @Test(arguments: [
    "gemma", "gemma2", "gpt2", "llama", "llama3", "mistral", "olmo2", "phi3", "pythia", "qwen2", "qwen3",
    "smollm3",
  ]) func `tokenize prints the ids of the reference`(
    _ name: String
  ) throws {
    let expected = try JSONValue(json5: try OutputFile.read(Fixtures.path("hf/\(name)/expected.json")))
    guard case .array(let cases)? = expected["tokenize"] else { throw JSONProblem("no cases") }
    for item in cases.prefix(4) {
      guard case .string(let text)? = item["text"] else { throw JSONProblem("no text") }
      let outcome = try Shell.prefer(
        ["tokenize", "--model", Fixtures.path("hf/\(name)"), "--json", "-"], input: text)
      let found = try JSONValue(json5: outcome.output)
      #expect(found["ids"] == item["ids"], "\(text)")
      #expect(found["decoded"] == item["decoded"], "\(text)")
    }
  }

  @Test(arguments: ["llama", "llama3"]) func `score gives the numbers of the reference`(_ name: String) throws
  {
    let scratch = try Scratch()
    let expected = try JSONValue(json5: try OutputFile.read(Fixtures.path("hf/\(name)/expected.json")))
    guard case .array(let rows)? = expected["rows"] else { throw JSONProblem("no rows") }
    let lines = rows.compactMap { $0["row"]?.description }
    let file = try scratch.write("rows.jsonl", lines.map { $0 + "\n" }.joined())
    let outcome = try Shell.prefer(
      "score", "--model", Fixtures.path("hf/\(name)"), "--data", file, "--output", scratch.path("out.jsonl"))
    #expect(outcome.code == 0, "\(outcome.errors)")
    let scored = try OutputFile.read(scratch.path("out.jsonl")).split(separator: "\n")
    #expect(scored.count == rows.count)
    for (line, row) in zip(scored, rows) {
      let found = try JSONValue(json5: String(line))
      #expect(found["prompt_ids"] == row["prompt_ids"])
      for side in ["chosen", "rejected"] {
        #expect(found[side]?["ids"] == row[side + "_ids"])
        for kind in ["logps", "entropies"] {
          guard case .array(let ours)? = found[side]?[kind], case .array(let theirs)? = row["\(side)_\(kind)"]
          else {
            throw JSONProblem("no \(kind)")
          }
          #expect(ours.count == theirs.count)
          for case (.number(let a), .number(let b)) in zip(ours, theirs) { #expect(abs(a - b) <= 2e-4) }
        }
      }
    }
  }

  @Test func `evaluate prints metrics as JSON, rewards 0 against itself`() throws {
    let outcome = try Shell.prefer(
      "evaluate", "--model", Self.llama, "--reference", Self.llama, "--data", Self.rows, "--loss",
      "dpo(beta=0.3)")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let metrics = try JSONValue(json5: outcome.output)
    #expect(metrics["rewards/margins"] == 0 && metrics["rewards/ties"] == 1)
    guard case .number(let loss)? = metrics["loss"] else { throw JSONProblem("no loss") }
    #expect(abs(loss - log(2)) < 1e-12)
  }

  @Test func `generate repeats itself with the same seed`() throws {
    let arguments = [
      "generate", "--model", Self.llama, "--prompt", "The ferry", "--max-new-tokens", "8", "--seed",
    ]
    let (first, again) = (try Shell.prefer(arguments + ["3"]), try Shell.prefer(arguments + ["3"]))
    #expect(first.code == 0 && first.output == again.output && !first.output.isEmpty)
    #expect(try Shell.prefer(arguments + ["4"]).output != first.output)
  }

  @Test func `losses lists the registry for machines`() throws {
    let listed = try JSONValue(json5: try Shell.prefer("losses", "--json").output)
    guard case .array(let items) = listed else { throw JSONProblem("no list") }
    let dpo = try #require(items.first { $0["name"] == "dpo" })
    #expect(dpo["trl"] == "sigmoid")
    guard case .array(let keys)? = dpo["hyperparameters"] else { throw JSONProblem("no keys") }
    #expect(keys.first?["name"] == "beta" && keys.first?["default"] == 0.1)
  }

  @Test func `init makes a model that loads and scores`() throws {
    let scratch = try Scratch()
    let made = try Shell.prefer(
      "init", "--config", Self.llama + "/config.json", "--tokenizer", Self.llama, "--seed", "5", "--output",
      scratch.path("model"))
    #expect(made.code == 0, "\(made.errors)")
    let again = try Shell.prefer(
      "init", "--config", Self.llama + "/config.json", "--tokenizer", Self.llama, "--output",
      scratch.path("model"))
    #expect(again.code == 2 && again.errors.contains("holds a model already"))
    let scored = try Shell.prefer(
      "score", "--model", scratch.path("model"), "--data", Self.rows, "--output", "-")
    #expect(scored.code == 0 && scored.output.split(separator: "\n").count == 25)
  }

  @Test func `a dry run prints the plan and writes nothing`() throws {
    let scratch = try Scratch()
    let file = try scratch.write(
      "run.json5",
      "{model_name_or_path: '\(Self.llama)', dataset: '\(Self.rows)', output_dir: '\(scratch.path("out"))'}")
    let outcome = try Shell.prefer("train", file, "--dry-run")
    #expect(outcome.code == 0, "\(outcome.errors)")
    for part in ["72,432 parameters", "dpo(beta=0.1", "25 rows = 25 kept", "memory", "time"] {
      #expect(outcome.output.contains(part), "\(outcome.output)")
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.path("out")))
  }

  @Test func `help lists every command and every key`() throws {
    let all = try Shell.prefer("--help").output
    for name in [
      "quickstart", "train", "score", "evaluate", "generate", "losses", "explain", "verify", "inspect",
      "plugin",
    ] {
      #expect(all.contains("  \(name) "), "\(name)")
    }
    let train = try Shell.prefer("train", "--help").output
    for field in RunSettings.keys.fields { #expect(train.contains(field.name), "\(field.name)") }
  }
}

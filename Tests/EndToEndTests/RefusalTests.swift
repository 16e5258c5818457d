// What bad input gets, through the program itself: exit code and sentence.

import Foundation
import Testing

@testable import prefer

@Suite struct RefusalTests {
  static let model = Fixtures.path("hf/llama")
  static let rows = Fixtures.path("traces/rows.jsonl")

  /// Runs `train` on a run file of the usual model and rows with `keys` besides.
  static func train(_ keys: String, model: String = model, rows: String = rows, in scratch: Scratch) throws
    -> Outcome
  {
    let file = try scratch.write(
      "run.json5",
      "{model_name_or_path: '\(model)', dataset: '\(rows)', output_dir: '\(scratch.path("out"))', max_steps: 1, \(keys)}"
    )
    return try Shell.prefer("train", file)
  }

  @Test(arguments: [
    (["trian"], "unknown command 'trian'; did you mean 'train'?"),
    (["losses", "--jsn"], "'losses' has no option '--jsn'; did you mean '--json'?"),
    (["explain", "dppo"], "unknown loss 'dppo'; did you mean 'dpo'?"),
    (["explain", "dpo(beta=-1)"], "'dpo': 'beta' must be > 0, not -1"),
    (["train", "nowhere.json5"], "nowhere.json5: there is no such run file"),
    (["generate", "--model", "x"], "'generate' needs either --prompt TEXT or --chat FILE"),
    (["evaluate", "--model", "x", "--data", "y"], "'dpo' takes 1 reference model; 0 given"),
  ])
  func `a wrong command line exits 2`(_ arguments: [String], _ sentence: String) throws {
    let outcome = try Shell.prefer(arguments)
    #expect(outcome.code == 2)
    #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  @Test(arguments: [
    ("los: 'dpo'", "unknown key 'los'; did you mean 'loss'?"),
    ("loss: 'dpo(gamma=1)'", "'dpo' has no hyperparameter 'gamma'; it has beta, label_smoothing"),
    ("learning_rate: -1", "'learning_rate' must be ≥ 0, not -1"),
    ("label_smoothing: 0.1", "TRL 1.16 ignores 'label_smoothing' with loss_type 'sigmoid'"),
    ("references: ['base', 'base']", "'dpo' takes 1 reference model; 2 given"),
    ("loss: 'mrpo'", "'mrpo' takes 2 to 8 reference models; 1 given"),
    ("use_peft: false, lora: {r: 8}", "'use_peft: false' and 'lora.r' contradict each other; keep one"),
    ("optim: 'adamv'", "unknown optimizer 'adamv'; did you mean 'adamw'?"),
  ])
  func `a wrong run file exits 2`(_ keys: String, _ sentence: String) throws {
    let outcome = try Self.train(keys, in: try Scratch())
    #expect(outcome.code == 2)
    #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
  }

  @Test(arguments: [
    (
      "{\"prompt\": \"a\", \"chosen\": \"b\"}\n", "line 1: the columns 'prompt', 'chosen' belong to no format"
    ),
    ("{\"prompt\": 3, \"chosen\": \"b\", \"rejected\": \"c\"}\n", "'prompt'"),
    ("{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"b\"}\n", "identical"),
    ("{\"prompt\": \"a\", \"chosen\": \"\", \"rejected\": \"b\"}\n", "empty completion"),
    ("not json\n", "line 1: not JSON"), ("", "the file is empty"), ("\u{1F}\u{8B}", "gzip"),
  ])
  func `bad rows exit 3`(_ text: String, _ part: String) throws {
    let scratch = try Scratch()
    let path = scratch.path("rows.jsonl")
    // U+008B is one byte in a gzip file and two in UTF-8.
    let bytes = text == "\u{1F}\u{8B}" ? Data([0x1F, 0x8B, 8, 0]) : Data(text.utf8)
    try bytes.write(to: URL(filePath: path))
    let outcome = try Self.train("", rows: path, in: scratch)
    #expect(outcome.code == 3)
    #expect(outcome.errors.contains(part), "\(outcome.errors)")
  }

  @Test func `a prompt longer than max_length is a dropped row`() throws {
    let outcome = try Self.train("max_length: 4", in: try Scratch())
    #expect(outcome.code == 3)
    #expect(outcome.errors.contains("prompt of max_length or longer"), "\(outcome.errors)")
  }

  /// Damages a copy of the model and returns what `train` says.
  static func damaged(_ change: (String) throws -> Void) throws -> Outcome {
    let scratch = try Scratch()
    let copy = try scratch.copy("hf/llama", as: "model")
    try change(copy)
    return try train("", model: copy, in: scratch)
  }

  @Test func `a truncated weight file exits 1 and names it`() throws {
    let outcome = try Self.damaged { copy in
      let path = URL(filePath: copy + "/model.safetensors")
      try Data(try Data(contentsOf: path).dropLast(1000)).write(to: path)
    }
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("model.safetensors"), "\(outcome.errors)")
  }

  @Test func `a missing file exits 1 and names it`() throws {
    for name in ["model.safetensors", "config.json", "tokenizer.json"] {
      let outcome = try Self.damaged { try FileManager.default.removeItem(atPath: $0 + "/" + name) }
      #expect(outcome.code == 1)
      #expect(outcome.errors.contains(name), "\(outcome.errors)")
    }
  }

  @Test func `a weight that is not a number exits 1 and names it`() throws {
    let outcome = try Self.damaged { copy in
      let path = URL(filePath: copy + "/model.safetensors")
      var bytes = try Data(contentsOf: path)
      bytes.replaceSubrange((bytes.count - 4)..<bytes.count, with: [0, 0, 0xC0, 0x7F])
      try bytes.write(to: path)
    }
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("holds NaN or infinite weights"), "\(outcome.errors)")
  }

  @Test func `a tokenizer of another model exits 1`() throws {
    let outcome = try Self.damaged { copy in
      let path = URL(filePath: copy + "/config.json")
      let text = try String(contentsOf: path, encoding: .utf8)
      try text.replacing("\"vocab_size\": 768", with: "\"vocab_size\": 700").write(
        to: path, atomically: true, encoding: .utf8)
    }
    #expect(outcome.code == 1)
    #expect(
      outcome.errors.contains("but '") && outcome.errors.contains("has only 700 tokens"), "\(outcome.errors)")
  }

  @Test func `a place that cannot be written is told before any work is done`() throws {
    let scratch = try Scratch()
    let file = try scratch.write("taken", "text")
    for (place, reason) in [
      (file, "it is a file"), (file + "/runs/a", "'\(file)' is a file, not a directory"),
    ] {
      let run = try scratch.write(
        "run.json5", "{model_name_or_path: 'nowhere', dataset: 'nowhere', output_dir: '\(place)'}")
      let outcome = try Shell.prefer("train", run)
      #expect(outcome.code == 1)
      #expect(
        outcome.errors
          == "error: '\(place)' cannot hold a run: \(reason); choose another 'output_dir'\n")
    }
    for (place, reason) in [
      (scratch.path("no/s.jsonl"), "there is no directory '\(scratch.path("no"))'; make it first"),
      (scratch.path(""), "it is a directory; name a file in it"),
      (file + "/s.jsonl", "'\(file)' is a file, not a directory; name another place"),
    ] {
      let outcome = try Shell.prefer(
        "score", "--model", "nowhere", "--data", Self.rows, "--output", place)
      #expect(outcome.code == 1)
      #expect(outcome.errors == "error: '\(place)' cannot be written: \(reason)\n")
    }
  }

  @Test func `a run in the way is left alone`() throws {
    let scratch = try Scratch()
    #expect(try Self.train("", in: scratch).code == 0)
    let again = try Self.train("", in: scratch)
    #expect(again.code == 2)
    #expect(
      again.errors.contains("holds a run already (checkpoint-1); continue it with --resume"),
      "\(again.errors)")
  }

  @Test func `a step that is not finite exits 4 and is written down`() throws {
    let scratch = try Scratch()
    let outcome = try Self.train(
      "max_steps: 3, learning_rate: 1e30, lr_scheduler_type: 'constant'", in: scratch)
    // The key is given twice above: what decides is the override.
    #expect(outcome.code == 2 && outcome.errors.contains("'max_steps' is given twice"))
    let file = try scratch.write(
      "again.json5",
      "{model_name_or_path: '\(Self.model)', dataset: '\(Self.rows)', output_dir: '\(scratch.path("out"))', "
        + "max_steps: 3, learning_rate: 1e30, lr_scheduler_type: 'constant', max_grad_norm: 0}")
    let stopped = try Shell.prefer("train", file)
    #expect(stopped.code == 4, "\(stopped.errors)")
    #expect(stopped.errors.contains("is not finite"))
    #expect(FileManager.default.fileExists(atPath: scratch.path("out/nonfinite-2.json")))
  }
}

// Adapters of every kind that PEFT wrote: scored, trained on, exported, with PEFT's own numbers beside them.

import BuiltinLosses
import Foundation
import PreferenceCore
import Testing

@testable import prefer

@Suite struct PEFTTests {
  /// What PEFT computes with one adapter: log-probabilities, six steps of DPO, log-probabilities after them.
  struct Expected: Decodable {
    struct Row: Decodable { var ids: [Int32], logps: [Double] }
    struct Step: Decodable { var loss: Double, gradNorm: Double }
    var model: String, rows: [Row], steps: [Step], after: [[Double]]
  }

  static let names = [
    "bias_all", "bias_lora", "dora", "everything", "layers", "patterns", "saved", "gemma2", "gpt2",
    "gpt2_dora",
    "phi3", "pythia", "pythia_dora", "head", "embedding", "gpt2_ends",
    "pythia_head", "pythia_saved",
  ]

  private static func expected(_ name: String) throws -> Expected {
    let path = Fixtures.path("lora/peft/\(name)/expected.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Expected.self, from: Data(contentsOf: URL(filePath: path)))
  }

  /// The first rows of what a model's own expectations were made with.
  private static func rows(_ model: String, in scratch: Scratch) throws -> String {
    let tree = try JSONValue(json5: OutputFile.read(Fixtures.path("hf/\(model)/expected.json")))
    guard case .array(let rows)? = tree["rows"] else { return "" }
    return try scratch.write("rows.jsonl", rows.prefix(6).map { "\($0["row"] ?? .null)\n" }.joined())
  }

  /// Log-probabilities of every completion.
  private static func scores(_ model: String, _ adapter: String?, _ rows: String) throws -> [[Double]] {
    let scratch = try Scratch()
    let outcome = try Shell.prefer(
      ["score", "--model", model, "--data", rows, "--output", scratch.path("scores")]
        + (adapter.map { ["--adapter", $0] } ?? []))
    #expect(outcome.code == 0, "\(outcome.errors)")
    return try OutputFile.read(scratch.path("scores")).split(separator: "\n").flatMap { line in
      let row = try JSONValue(json5: String(line))
      return ["chosen", "rejected"].map { side -> [Double] in
        guard case .array(let items)? = row[side]?["logps"] else { return [] }
        return items.compactMap { if case .number(let x) = $0 { x } else { nil } }
      }
    }
  }

  private static func gap(_ a: [[Double]], _ b: [[Double]]) -> Double {
    guard a.map(\.count) == b.map(\.count) else { return .infinity }
    return zip(a.joined(), b.joined()).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(arguments: names) func `scores as PEFT does`(_ name: String) throws {
    let (scratch, expected) = (try Scratch(), try Self.expected(name))
    let found = try Self.scores(
      Fixtures.path("hf/\(expected.model)"), Fixtures.path("lora/peft/\(name)"),
      Self.rows(expected.model, in: scratch))
    #expect(Self.gap(found, expected.rows.map(\.logps)) < 2e-5)
  }

  @Test(arguments: names) func `goes on training as PEFT does`(_ name: String) throws {
    let (scratch, expected) = (try Scratch(), try Self.expected(name))
    let (model, rows) = (Fixtures.path("hf/\(expected.model)"), try Self.rows(expected.model, in: scratch))
    let file = try scratch.write(
      "run.json5",
      """
      {model_name_or_path: '\(model)', dataset: '\(rows)', lora: {adapter: '\(Fixtures.path("lora/peft/\(name)"))'},
       output_dir: '\(scratch.path("run"))', per_device_train_batch_size: 2, learning_rate: 5e-3, max_steps: 6,
       lr_scheduler_type: 'constant', logging_steps: 1, save_steps: 0, shuffle: false, max_length: null}
      """)
    let outcome = try Shell.prefer("train", file)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let lines = try OutputFile.read(scratch.path("run/trainer_log.jsonl")).split(separator: "\n")
    let logged = try lines.map { TraceTests.numbers(try JSONValue(json5: String($0))) }
      .filter { $0["loss"] != nil }
    #expect(logged.count == expected.steps.count)
    for (step, (ours, theirs)) in zip(logged, expected.steps).enumerated() {
      let limit = step == 0 ? 1e-5 : 1e-3
      #expect(abs((ours["loss"] ?? 0) - theirs.loss) <= limit * theirs.loss)
      #expect(abs((ours["grad_norm"] ?? 0) - theirs.gradNorm) <= limit * theirs.gradNorm)
    }
    // Adam takes whole steps along gradients that are nothing but rounding, such as those of keys' biases.
    let found = try Self.scores(model, scratch.path("run"), rows)
    #expect(Self.gap(found, expected.after) < 5e-3)
    #expect(Self.gap(found, expected.rows.map(\.logps)) > 1e-1)
  }

  @Test(arguments: names) func `exports what scores the same`(_ name: String) throws {
    let (scratch, expected) = (try Scratch(), try Self.expected(name))
    let (model, rows) = (Fixtures.path("hf/\(expected.model)"), try Self.rows(expected.model, in: scratch))
    let arguments = [
      "export", "--model", model, "--adapter", Fixtures.path("lora/peft/\(name)"), "--output",
      scratch.path("merged"),
    ]
    let outcome = try Shell.prefer(arguments)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let said = "merged model in \(scratch.path("merged")): log-probabilities of 143 tokens differ by at most "
    #expect(outcome.output.hasPrefix(said) && outcome.output.hasSuffix(" nats\n"), "\(outcome.output)")
    let found = try Self.scores(scratch.path("merged"), nil, rows)
    #expect(Self.gap(found, expected.rows.map(\.logps)) < 2e-5)
    let again = try Shell.prefer(arguments)
    #expect(again.code == 2)
    #expect(
      again.errors
        == "error: '\(scratch.path("merged"))' is there already; name a new directory in --output\n")
  }

  @Test func `weights stored in bfloat16 are rounded, and said to be`() throws {
    let scratch = try Scratch()
    let outcome = try Shell.prefer(
      "export", "--model", Fixtures.path("hf/llama"), "--adapter", Fixtures.path("lora/peft/dora"),
      "--output",
      scratch.path("merged"), "--dtype", "bfloat16")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(
      outcome.output.hasSuffix(" nats (weights are stored in less than float32)\n"), "\(outcome.output)")
    let wrong = try Shell.prefer(
      "export", "--model", "m", "--adapter", "a", "--output", scratch.path("n"), "--dtype", "int8")
    #expect(wrong.code == 2 && wrong.errors == "error: --dtype takes float32|bfloat16, not 'int8'\n")
  }

  @Test(arguments: [
    (
      "lora: {use_dora: true, dropout: 0.1}",
      "'lora.dropout' is not supported with 'lora.use_dora', 'lora.bias' or 'lora.modules_to_save'; leave it out"
    ),
    (
      "lora: {rank_pattern: {q_proj: 1.5}}",
      "'lora.rank_pattern' takes an object of patterns and whole numbers above 0: {q_proj: 8}"
    ),
    (
      "lora: {alpha_pattern: {q_proj: 'x'}}",
      "'lora.alpha_pattern' takes an object of patterns and numbers above 0: {q_proj: 8}"
    ),
    ("lora: {bias: 'some'}", "'lora.bias' takes none, all or lora_only, not 'some'"),
  ])
  func `refuses`(_ keys: String, _ sentence: String) throws {
    let file = try RunFile(text: "{model_name_or_path: 'm', dataset: 'd', \(keys)}")
    #expect(file.read().problems == [sentence])
  }

  @Test func `a fresh adapter of every kind changes nothing before the first step`() throws {
    let scratch = try Scratch()
    let file = try scratch.write(
      "run.json5",
      """
      {model_name_or_path: '\(Fixtures.path("hf/qwen2"))', dataset: '\(Fixtures.path("traces/rows.jsonl"))',
       lora: {r: 3, use_dora: true, bias: 'all', modules_to_save: ['lm_head', 'norm'], exclude_modules: 'o_proj',
              target_modules: '.*(_proj)', rank_pattern: {q_proj: 2}, alpha_pattern: {q_proj: 4}},
       output_dir: '\(scratch.path("run"))', per_device_train_batch_size: 2, learning_rate: 1e-3, max_steps: 2,
       logging_steps: 1, save_steps: 0}
      """)
    let outcome = try Shell.prefer("train", file)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(
      outcome.errors.contains("on .*(_proj), with magnitudes, biases, lm_head, norm: "), "\(outcome.errors)")
    let lines = try OutputFile.read(scratch.path("run/trainer_log.jsonl")).split(separator: "\n")
    let first = TraceTests.numbers(try JSONValue(json5: String(lines[0])))
    // The base's rows have norms of their own, which divide out but for rounding.
    #expect(abs((first["loss"] ?? 0) - 0.6931471805599453) < 1e-5)
    #expect(abs(first["rewards/chosen"] ?? 1) < 1e-4)
  }
}

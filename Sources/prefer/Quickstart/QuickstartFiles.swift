// Everything the quickstart puts on disk before it trains: rows, tokenizer, architecture, two run files.

import Foundation
import Tokenizers

/// The folder of one quickstart.
struct QuickstartFiles {
  /// Where it is.
  let folder: String
  /// What models are taught and measured with.
  let corpus: QuickstartCorpus
  private let seed: Int

  /// Names a folder; nothing is written yet.
  init(_ folder: String, seed: Int) {
    (self.folder, self.seed, corpus) = (folder, seed, QuickstartCorpus(seed: UInt64(seed)))
  }

  /// A path inside the folder.
  func path(_ name: String) -> String { folder + "/" + name }

  /// The model with random weights.
  var start: String { path("start") }
  /// The model that has learned the language.
  var language: String { path("language") }
  /// The model that has learned preferences.
  var preferences: String { path("preferences") }
  /// The model halfway through learning the language; a second opinion for losses with several references.
  var halfway: String { language + "/checkpoint-\(Self.languageSteps / 2)" }

  /// Steps of the first run; the second takes its own.
  static let languageSteps = 300
  private static let preferenceSteps = 100
  private static let vocabularyCount = 1024

  /// Writes rows, tokenizer and architecture, and makes the model.
  ///
  /// - Returns: how many parameters it has.
  /// - Throws: what the file system refused.
  func writeModel() throws -> Int {
    try FileManager.default.createDirectory(atPath: path("tokenizer"), withIntermediateDirectories: true)
    try write(QuickstartCorpus.lines(corpus.demonstrations), to: "demonstrations.jsonl")
    try write(QuickstartCorpus.lines(corpus.preferences), to: "preferences.jsonl")
    try write(QuickstartCorpus.lines(corpus.heldOut), to: "held-out.jsonl")
    let tokenizer = BytePairTrainer.train(
      texts: corpus.texts, vocabularySize: Self.vocabularyCount, specialTokens: QuickstartCorpus.specialTokens
    )
    try OutputFile.write(tokenizer, to: path("tokenizer/tokenizer.json"))
    let settings: JSONValue = [
      "eos_token": .string(QuickstartCorpus.endToken),
      "pad_token": .string(QuickstartCorpus.specialTokens[0]),
      "model_max_length": 256,
    ]
    try OutputFile.write(settings.indented + "\n", to: path("tokenizer/tokenizer_config.json"))
    try OutputFile.write(QuickstartCorpus.chatTemplate, to: path("tokenizer/chat_template.jinja"))
    try OutputFile.write(configuration.indented + "\n", to: path("config.json"))
    return try InitCommand.initialize(
      configuration: path("config.json"), tokenizer: path("tokenizer"), seed: UInt64(seed), output: start)
  }

  /// A Llama small enough to learn while one watches.
  private var configuration: JSONValue {
    [
      "architectures": ["LlamaForCausalLM"], "model_type": "llama",
      "vocab_size": .number(Double(Self.vocabularyCount)),
      "hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 4, "num_attention_heads": 6,
      "num_key_value_heads": 2, "hidden_act": "silu", "max_position_embeddings": 512, "rms_norm_eps": 1e-5,
      "rope_theta": 10000, "tie_word_embeddings": true, "initializer_range": 0.04, "eos_token_id": 1,
      "pad_token_id": 0, "torch_dtype": "float32",
    ]
  }

  /// Writes the run file that teaches the language and returns its path.
  func writeLanguageRun() throws -> String {
    try writeRun(
      "1-language.json5", "The language: helpful and unhelpful answers alike, by likelihood.",
      [
        ("model_name_or_path", .string(start)), ("dataset", .string(path("demonstrations.jsonl"))),
        ("loss", "sft"), ("output_dir", .string(language)), ("learning_rate", 3e-3),
        ("lr_scheduler_type", "cosine"), ("warmup_steps", 20),
        ("max_steps", .number(Double(Self.languageSteps))),
        ("per_device_train_batch_size", 32), ("max_length", 128), ("logging_steps", 10),
        ("save_steps", .number(Double(Self.languageSteps / 2))),
      ])
  }

  /// Writes the run file that teaches preferences and returns its path.
  func writePreferenceRun(_ loss: String, references: [String]) throws -> String {
    try writeRun(
      "2-preferences.json5", "Preferences: which of two answers people like better.",
      [
        ("model_name_or_path", .string(language)),
        (
          "dataset",
          ["path": .string(path("preferences.jsonl")), "eval_path": .string(path("held-out.jsonl"))]
        ),
        ("loss", .string(loss)), ("references", .array(references.map { .string($0) })),
        ("output_dir", .string(preferences)), ("learning_rate", 2e-4), ("lr_scheduler_type", "cosine"),
        ("warmup_steps", 10), ("max_steps", .number(Double(Self.preferenceSteps))),
        ("per_device_train_batch_size", 16), ("max_length", 128), ("logging_steps", 5), ("eval_steps", 50),
        ("save_steps", 0),
      ])
  }

  private func writeRun(_ name: String, _ remark: String, _ keys: [(String, JSONValue)]) throws -> String {
    let lines = keys.map { "  \($0.0): \($0.1)," } + ["  seed: \(seed),"]
    let text =
      "// \(remark)\n// Run it again with: prefer train \(path(name)) output_dir=…\n{\n"
      + lines.joined(separator: "\n") + "\n}\n"
    try OutputFile.write(text, to: path(name))
    return path(name)
  }

  private func write(_ lines: [String], to name: String) throws {
    try OutputFile.write(lines.map { $0 + "\n" }.joined(), to: path(name))
  }
}

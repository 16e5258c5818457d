// `prefer init`: a model with fresh weights.

import CommandLineTool
import Foundation
import Safetensors
import Tokenizers
import TransformerModels

/// Writes a randomly initialised checkpoint.
enum InitCommand {
  static let command = Command(
    "init", "Writes a model with random weights.",
    options: [
      Option("config", "CONFIG.json", isRequired: true, "The architecture, in Hugging Face's format."),
      Option("tokenizer", "DIR", isRequired: true, "The directory whose tokenizer files are copied."),
      Option("seed", "S", "What weights are drawn with; 42 unless given."),
      Option("output", "DIR", isRequired: true, "The directory to write."),
    ])

  static func run(_ call: Invocation) throws -> ExitCode {
    let output = call.value("output") ?? ""
    let count = try initialize(
      configuration: call.value("config") ?? "", tokenizer: call.value("tokenizer") ?? "",
      seed: UInt64(try call.integer("seed", default: 42, atLeast: 0)), output: output)
    Console.note("\(Numbers.count(count)) parameters written to \(output)")
    return .success
  }

  /// Makes the model and returns how many parameters it has.
  ///
  /// - Throws: when the files do not fit together, or `output` holds a model already.
  static func initialize(configuration path: String, tokenizer: String, seed: UInt64, output: String) throws
    -> Int
  {
    guard FileManager.default.fileExists(atPath: path) else {
      throw CommandFailure(.usage, "'\(path)' does not exist; name a config.json")
    }
    guard !FileManager.default.fileExists(atPath: output + "/model.safetensors") else {
      throw CommandFailure(.usage, "'\(output)' holds a model already; name another directory")
    }
    let configuration = try ModelConfiguration(try JSONFile.read(path), path: path)
    let words = try Tokenizer(directory: tokenizer)
    try OpenedModel.check(words, tokenizer, fits: configuration.vocabularyCount, path)
    let model = CausalLanguageModel.random(configuration: configuration, seed: seed)
    try model.save(to: output)
    try TokenizerFiles.copy(from: tokenizer, to: output)
    return model.parameterCount
  }
}

/// The files that make a model directory's tokenizer and template.
enum TokenizerFiles {
  /// Every name that Hugging Face's libraries look for.
  private static let names = [
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "chat_template.jinja", "vocab.json", "merges.txt",
  ]
  private static let templates = "additional_chat_templates"

  /// Those that a directory has, with the templates besides the usual one.
  static func present(in directory: String) -> [String] {
    let more = (try? FileManager.default.contentsOfDirectory(atPath: directory + "/" + templates)) ?? []
    let all = names + more.filter { $0.hasSuffix(".jinja") }.sorted().map { templates + "/" + $0 }
    return all.filter { FileManager.default.fileExists(atPath: directory + "/" + $0) }
  }

  /// Copies those that are there.
  ///
  /// - Throws: what the file system refused.
  static func copy(from: String, to: String) throws {
    let present = present(in: from)
    let folders = present.contains { $0.hasPrefix(templates) } ? [to, to + "/" + templates] : [to]
    for folder in folders {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    for name in present {
      guard let bytes = FileManager.default.contents(atPath: from + "/" + name) else { continue }
      try bytes.write(to: URL(filePath: to + "/" + name), options: .atomic)
    }
  }
}

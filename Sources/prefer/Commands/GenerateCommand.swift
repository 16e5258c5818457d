// `prefer generate`: text from a model.

import CommandLineTool
import PreferenceData
import Tokenizers
import TransformerModels

/// Continues a prompt or answers a conversation.
enum GenerateCommand {
  static let command = Command(
    "generate", "Continues a prompt, or answers a conversation.",
    options: [
      Option("model", "DIR", isRequired: true, "The model."),
      Option("adapter", "DIR", "A low-rank adapter beside the model, as PEFT writes them."),
      Option("prompt", "TEXT", "Text to continue; - reads standard input."),
      Option("chat", "FILE", "A JSON list of {\"role\", \"content\"} to answer; - reads standard input."),
      Option("max-new-tokens", "N", "The most tokens to add; 128 unless given."),
      Option("temperature", "T", "0 takes the likeliest token; 1 unless given."),
      Option("top-p", "P", "Share of probability to draw from; 1 unless given."),
      Option("seed", "S", "What tokens are drawn with; 42 unless given."),
      Option(
        "dtype", "TYPE", "Precision of matrix products: float32 (unless given), bfloat16x2 or bfloat16."),
    ])

  static func run(_ call: Invocation) throws -> ExitCode {
    guard (call.value("prompt") == nil) != (call.value("chat") == nil) else {
      throw CommandFailure(.usage, "'generate' needs either --prompt TEXT or --chat FILE")
    }
    let opened = try OpenedModel(
      call.value("model") ?? "", adapter: call.value("adapter"), computeType: try call.computeType())
    let prompt: [Int32]
    if let path = call.value("chat") {
      prompt = try opened.tokenizer.encodeConversation(file: path)
    } else {
      let text = call.value("prompt") == "-" ? try OutputFile.read("-") : call.value("prompt") ?? ""
      prompt = opened.tokenizer.encodePrompt(text)
    }
    let ids = try opened.model.generate(
      prompt: prompt, maxNewTokens: try call.integer("max-new-tokens", default: 128, atLeast: 1),
      temperature: try call.number("temperature", default: 1, in: 0 ... .infinity),
      topP: try call.number("top-p", default: 1, in: 1e-6...1),
      seed: UInt64(try call.integer("seed", default: 42, atLeast: 0)), stopIDs: opened.stopIDs)
    Console.output(opened.tokenizer.tokenizer.decode(ids, skippingSpecials: true))
    return .success
  }
}

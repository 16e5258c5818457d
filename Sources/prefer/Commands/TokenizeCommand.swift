// `prefer tokenize`: text as a model's tokenizer sees it.

import CommandLineTool
import PreferenceData
import Tokenizers

/// Shows ids and pieces of a text.
enum TokenizeCommand {
  static let command = Command(
    "tokenize", "Shows the ids and pieces of a text.",
    arguments: [Operand("TEXT", .required, "The text; - reads standard input.")],
    options: [
      Option("model", "DIR", isRequired: true, "The model whose tokenizer is used."),
      Option(flag: "chat", "Takes the text as a user's message and renders the chat template."),
      Option(flag: "special", "Adds the special tokens that the tokenizer puts around a text."),
      Option(flag: "json", "Prints {\"ids\": […], \"pieces\": […], \"decoded\": \"…\"}."),
    ])

  static func run(_ call: Invocation) throws -> ExitCode {
    let tokenizer = try OpenedModel.tokenizer(in: call.value("model") ?? "")
    let word = call.word("TEXT") ?? ""
    let text = word == "-" ? try OutputFile.read("-") : word
    let ids =
      call.has("chat")
      ? try tokenizer.encodeConversation([(role: "user", content: text)])
      : tokenizer.tokenizer.encode(text, addingSpecials: call.has("special"))
    let pieces = ids.map { tokenizer.tokenizer.piece(of: $0) }
    if call.has("json") {
      let decoded = tokenizer.tokenizer.decode(ids, skippingSpecials: false)
      Console.output(
        JSONValue.object([
          JSONMember("ids", .array(ids.map { .number(Double($0)) })),
          JSONMember("pieces", .array(pieces.map { .string($0) })), JSONMember("decoded", .string(decoded)),
        ]).description)
    } else {
      for (id, piece) in zip(ids, pieces) {
        Console.output(Numbers.aligned(String(id), 7) + "  " + JSONValue.quoted(piece))
      }
      Console.note("\(ids.count) tokens")
    }
    return .success
  }
}

// The model's own tokenizer and template behind what the row tokenizer asks for.

import ChatTemplates
import Tokenizers

/// A ``ModelTokenizer`` as a ``RowEncoder``.
struct TemplateEncoder: RowEncoder {
  private let model: ModelTokenizer
  let markers: [String]

  /// The encoder of `model`.
  init(_ model: ModelTokenizer) {
    self.model = model
    let ends = [
      model.tokenizer.bosToken?.text, model.tokenizer.eosToken?.text, model.tokenizer.padToken?.text,
    ]
    let own = model.tokenizer.specialIDs.sorted().map(model.tokenizer.piece(of:)).filter {
      !ends.contains($0)
    }
    markers = own + Self.commonMarkers.filter { !own.contains($0) }
  }

  /// Pieces of widespread templates that have no business in plain text.
  private static let commonMarkers = [
    "<|im_start|>", "<|im_end|>", "[INST]", "[/INST]", "<start_of_turn>", "<end_of_turn>",
    "<|start_header_id|>",
    "<|eot_id|>", "<|assistant|>",
  ]

  var hasTemplate: Bool { model.template != nil }
  var bosID: Int32? { model.tokenizer.bosToken?.id }
  var eosID: Int32? { model.tokenizer.eosToken?.id }
  var stopIDs: Set<Int32> { model.stopIDs }

  func encode(_ text: String, addingSpecials: Bool) -> [Int32] {
    model.tokenizer.encode(text, addingSpecials: addingSpecials)
  }

  func text(of id: Int32) -> String { model.tokenizer.decode([id], skippingSpecials: false) }

  func render(
    _ turns: [Turn], openingReply: Bool, tools: [JSONValue]?, arguments: [JSONMember]
  ) throws(RowProblem) -> String {
    // As transformers has it: a template named 'tool_use' is for conversations with a list of tools, be it empty.
    let named = tools == nil ? model.template : model.toolTemplate ?? model.template
    guard let template = named else { throw RowProblem("the model has no chat template") }
    var extra: [String: TemplateValue] = [:]
    if let tools { extra["tools"] = JSONValue.list(tools).templateValue }
    for argument in arguments { extra[argument.key] = argument.value.templateValue }
    do throws(TemplateError) {
      return try template.render(
        messages: turns.map(\.message), addGenerationPrompt: openingReply,
        specialTokens: model.tokenizer.specialTokens, extra: extra)
    } catch {
      throw RowProblem("\(error)")
    }
  }
}

extension Turn {
  /// The message for the template.
  fileprivate var message: ChatMessage {
    var fields = extras
    if let parts { fields.append(JSONMember(key: "content", value: .list(parts))) }
    if !order.isEmpty {
      fields.append(JSONMember(key: "role", value: .string(role)))
      if !lacksContent, parts == nil { fields.append(JSONMember(key: "content", value: .string(content))) }
      fields = order.compactMap { name in fields.first { $0.key == name } }
    }
    return ChatMessage(
      role: role, content: lacksContent ? nil : content,
      fields: TemplateMap(fields.map { ($0.key, $0.value.templateValue) }))
  }
}

extension JSONValue {
  /// The value for the template.
  fileprivate var templateValue: TemplateValue {
    switch self {
    case .null: .null
    case .boolean(let value): .boolean(value)
    case .integer(let value): .integer(value)
    case .number(let value): .double(value)
    case .string(let text): .string(text)
    case .list(let items): .list(items.map(\.templateValue))
    case .object(let members): .map(TemplateMap(members.map { ($0.key, $0.value.templateValue) }))
    }
  }
}

// A model's chat template: messages in, the text the model was trained to see out.

/// One message of a conversation.
public struct ChatMessage: Sendable, Equatable {
  /// Who speaks, such as `user`.
  public var role: String
  /// What is said; nil where the message has no content at all, which templates can tell from an empty one.
  public var content: String?
  /// Further fields that templates may read, such as `tool_calls`; `content` may be replaced here by a list of parts.
  /// With a `role` among them they are all there is, in this order.
  public var fields: TemplateMap

  /// A message.
  public init(role: String, content: String?, fields: TemplateMap = TemplateMap()) {
    self.role = role
    self.content = content
    self.fields = fields
  }

  /// The names of what was thought before the answer, the one that templates read first.
  private static let reasoning = ["reasoning_content", "thinking", "reasoning"]

  /// The message as templates see it.
  ///
  /// Reasoning under any of its names is there as `reasoning_content` and `thinking`, as in transformers.
  var value: TemplateValue {
    var map = TemplateMap()
    if fields["role"] == nil {
      map["role"] = .string(role)
      if let content { map["content"] = .string(content) }
    }
    for entry in fields.entries { map[entry.key] = entry.value }
    guard let reasoning = Self.reasoning.lazy.compactMap({ map[$0] }).first(where: { $0 != .null }) else {
      return .map(map)
    }
    var aliased: TemplateMap = ["thinking": reasoning]
    for entry in map.entries { aliased[entry.key] = entry.value }
    aliased["reasoning_content"] = reasoning
    return .map(aliased)
  }
}

extension TemplateMap: Equatable {
  /// Whether the same keys have the same values, in whatever order.
  public static func == (one: TemplateMap, other: TemplateMap) -> Bool {
    TemplateValue.map(one) == TemplateValue.map(other)
  }
}

/// A chat template in Jinja, read once and rendered for every conversation.
///
/// It behaves as `apply_chat_template` of the usual Python stack does: blocks are trimmed, `tojson` keeps text beyond
/// ASCII, `raise_exception` refuses messages, and `break` and `continue` leave loops.
public struct ChatTemplate: Sendable {
  private let source: [Unicode.Scalar]
  private let statements: [TemplateStatement]
  /// What `strftime_now` reads. Without a date templates find no such function and fall back to the date they carry,
  /// so that a run's prompts do not depend on the day.
  public var date: TemplateDate?

  /// Reads a template.
  ///
  /// - Throws: `TemplateError` with line and column when the template is not well formed.
  public init(jinja: String, date: TemplateDate? = nil) throws(TemplateError) {
    source = TemplateLexer.normalized(jinja)
    statements = try TemplateParser.parse(source)
    self.date = date
  }

  /// The text of a conversation.
  ///
  /// - Parameters:
  ///   - messages: The conversation, as the variable `messages`.
  ///   - addGenerationPrompt: Whether the text ends where the assistant's reply begins.
  ///   - specialTokens: Special tokens by role, such as `bos_token`, each a variable of its own.
  ///   - extra: Further variables, such as `tools`; they come before the others.
  /// - Throws: `TemplateError`; its kind is `.raised` when the template refuses the messages.
  public func render(
    messages: [ChatMessage], addGenerationPrompt: Bool, specialTokens: [String: String] = [:],
    extra: [String: TemplateValue] = [:]
  ) throws(TemplateError) -> String {
    var names = specialTokens.mapValues { TemplateValue.string($0) }
    names["messages"] = .list(messages.map(\.value))
    names["add_generation_prompt"] = .boolean(addGenerationPrompt)
    names["tools"] = .null
    names["documents"] = .null
    names.merge(extra) { $1 }
    return try render(names)
  }

  /// The text of the template with these variables and no others.
  ///
  /// - Throws: `TemplateError` with line and column.
  public func render(_ variables: [String: TemplateValue]) throws(TemplateError) -> String {
    var interpreter = TemplateInterpreter(source: source, names: variables, date: date)
    return try interpreter.render(statements)
  }
}

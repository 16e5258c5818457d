// What the columns of one row hold, with an error in words where they hold something else.

import PreferenceCore

/// The columns of one row, read as text, messages and labels.
struct RowColumns {
  /// The row as stored.
  let row: StoredRow

  /// A column that holds text.
  func text(_ column: String) throws(RowProblem) -> String {
    guard let value = row[column] else { throw RowProblem("the column '\(column)' is missing") }
    guard let text = value.text else { throw RowProblem("'\(column)' is \(value.kind); write a string") }
    return text
  }

  /// A column that holds text, or `""` where it is missing.
  func optionalText(_ column: String) throws(RowProblem) -> String {
    row[column] == nil ? "" : try text(column)
  }

  /// A column that holds a string or messages.
  func textOrMessages(_ column: String) throws(RowProblem) -> RowText {
    guard let value = row[column] else { throw RowProblem("the column '\(column)' is missing") }
    return try Self.textOrMessages(value, named: column)
  }

  /// A string or messages.
  static func textOrMessages(_ value: JSONValue, named name: String) throws(RowProblem) -> RowText {
    switch value {
    case .string(let text): .plain(text)
    case .list(let items): .chat(try messages(items, named: name))
    default: throw RowProblem("'\(name)' is \(value.kind); write a string or a list of messages")
    }
  }

  /// Messages in the `{"role", "content"}` spelling.
  static func messages(_ items: [JSONValue], named name: String) throws(RowProblem) -> [Turn] {
    guard !items.isEmpty else { throw RowProblem("'\(name)' is an empty list; write at least one message") }
    var turns: [Turn] = []
    for (index, item) in items.enumerated() { turns.append(try message(item, named: "\(name)[\(index)]")) }
    return turns
  }

  private static let roles = ["system", "developer", "user", "assistant", "tool"]

  /// One message in the `{"role", "content"}` spelling.
  static func message(_ value: JSONValue, named name: String) throws(RowProblem) -> Turn {
    guard let members = value.members else {
      throw RowProblem("'\(name)' is \(value.kind); write {\"role\": …, \"content\": …}")
    }
    guard let role = value["role"]?.text else {
      throw RowProblem("'\(name)' has no 'role'; there are \(quoted(members.map(\.key)))")
    }
    guard roles.contains(role) else {
      throw RowProblem("'\(name)' has the role '\(role)'; write one of \(quoted(roles))")
    }
    // As in transformers, what is null is not there: files whose messages share columns are full of it.
    let kept = members.filter { $0.value != .null }.map(\.key)
    let order = kept == Self.usualOrder(kept) ? [] : kept
    let extras = members.filter { $0.key != "role" && $0.key != "content" && $0.value != .null }
    switch value["content"] {
    case .string(let content): return Turn(role: role, content: content, extras: extras, order: order)
    case .list(let parts):
      return Turn(
        role: role, content: try joined(parts, named: name), parts: parts, extras: extras, order: order)
    case nil where !extras.isEmpty, .null? where !extras.isEmpty:
      return Turn(role: role, content: "", lacksContent: true, extras: extras, order: order)
    case nil: throw RowProblem("'\(name)' has no 'content'; there are \(quoted(members.map(\.key)))")
    case let other?: throw RowProblem("the content of '\(name)' is \(other.kind); write a string")
    }
  }

  private static func usualOrder(_ names: [String]) -> [String] {
    let first = ["role", "content"].filter(names.contains)
    return first + names.filter { !first.contains($0) }
  }

  /// The text of `[{"type": "text", "text": …}, …]`.
  private static func joined(_ parts: [JSONValue], named name: String) throws(RowProblem) -> String {
    var content = ""
    for part in parts {
      guard part["type"]?.text == "text", let text = part["text"]?.text else {
        throw RowProblem("the content of '\(name)' is not all text; only text is supported")
      }
      content += text
    }
    return content
  }

  /// Refuses text beside messages, and messages that do not go on from one another.
  func check(prompt: RowText, _ completions: [(name: String, text: RowText)]) throws(RowProblem) {
    for (name, completion) in completions {
      switch (prompt, completion) {
      case (.plain, .plain): continue
      case (.chat(let before), .chat(let after)):
        try Self.checkEnd(before)
        guard after[0].role == "assistant" else {
          throw RowProblem(
            "'\(name)' begins with a message of the role '\(after[0].role)'; a completion begins with the "
              + "assistant's (leave 'prompt' out where chosen and rejected are whole conversations)")
        }
      case (.plain, .chat):
        throw RowProblem(
          "'prompt' is a string but '\(name)' is a list of messages; write the prompt as messages too "
            + "(or leave it out where chosen and rejected are whole conversations)")
      case (.chat, .plain):
        throw RowProblem(
          "'prompt' is a list of messages but '\(name)' is a string; write "
            + "[{\"role\": \"assistant\", \"content\": …}]")
      }
    }
  }

  private static func checkEnd(_ prompt: [Turn]) throws(RowProblem) {
    if prompt.last?.role == "assistant" {
      throw RowProblem("'prompt' ends with the assistant's message; end it with the user's")
    }
  }

  /// Tool declarations: a list of objects, or one as JSON text; nil where there are none.
  func tools() throws(RowProblem) -> [JSONValue]? {
    guard var value = row["tools"] else { return nil }
    if let text = value.text {
      if text.isEmpty { return nil }
      do throws(JSONSyntaxError) { value = try JSONParser.parse(text) } catch {
        throw RowProblem("'tools' is a string that is not JSON: \(error.problem)")
      }
    }
    if value == .null { return nil }
    guard let tools = value.items, tools.allSatisfy({ $0.members != nil }) else {
      throw RowProblem("'tools' is \(value.kind); write a list of objects")
    }
    return tools
  }

  /// Further arguments for the template.
  func templateArguments() throws(RowProblem) -> [JSONMember] {
    guard let value = row["chat_template_kwargs"] else { return [] }
    guard let members = value.members else {
      throw RowProblem("'chat_template_kwargs' is \(value.kind); write an object")
    }
    return members
  }
}

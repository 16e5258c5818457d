// The two formats of LLaMA-Factory: Alpaca columns and ShareGPT conversations.

import PreferenceCore

extension RowColumns {
  /// A row of `instruction`, `input` and either `chosen`, `rejected` or `output`.
  ///
  /// Becomes messages, as LLaMA-Factory makes them: `system`, the turns of `history`, then the
  /// instruction and, on a new line, the input.
  func alpaca() throws(RowProblem) -> RowReading {
    var prompt = try systemTurn()
    prompt += try history()
    let parts = [try text("instruction"), try optionalText("input")].filter { !$0.isEmpty }
    prompt.append(Turn(role: "user", content: parts.joined(separator: "\n")))
    func answer(_ column: String) throws(RowProblem) -> RowText {
      .chat([Turn(role: "assistant", content: try text(column))])
    }
    if row["chosen"] != nil || row["rejected"] != nil {
      return judged(.chat(prompt), [try answer("chosen"), try answer("rejected")], .pairwise)
    }
    guard row["output"] != nil else {
      throw RowProblem(
        "the alpaca format needs 'chosen' and 'rejected', or 'output'; there are \(quoted(row.names))")
    }
    let isDesirable = row["kto_tag"] == nil ? true : try label("kto_tag")
    return labelled(.chat(prompt), try answer("output"), isDesirable: isDesirable)
  }

  /// A row of `conversations` and either `chosen`, `rejected` messages or a last turn that answers.
  func shareGPT() throws(RowProblem) -> RowReading {
    guard let items = row["conversations"]?.items, !items.isEmpty else {
      throw RowProblem("'conversations' is \(emptyOrKind("conversations")); write a list of messages")
    }
    var turns = try systemTurn()
    for (index, item) in items.enumerated() {
      turns.append(try Self.factoryMessage(item, named: "conversations[\(index)]"))
    }
    if let chosen = row["chosen"], let rejected = row["rejected"] {
      let sides: [RowText] = [
        .chat([try Self.factoryMessage(chosen, named: "chosen")]),
        .chat([try Self.factoryMessage(rejected, named: "rejected")]),
      ]
      try check(prompt: .chat(turns), [("chosen", sides[0]), ("rejected", sides[1])])
      return judged(.chat(turns), sides, .pairwise)
    }
    guard row["chosen"] == nil, row["rejected"] == nil else {
      throw RowProblem("one of 'chosen' and 'rejected' is missing; there are \(quoted(row.names))")
    }
    guard turns.count >= 2, let answer = turns.popLast(), answer.role == "assistant" else {
      throw RowProblem("'conversations' does not end with an answer; end it with a message from 'gpt'")
    }
    let isDesirable = row["kto_tag"] == nil ? true : try label("kto_tag")
    try check(prompt: .chat(turns), [("conversations", .chat([answer]))])
    return labelled(.chat(turns), .chat([answer]), isDesirable: isDesirable)
  }

  private func emptyOrKind(_ column: String) -> String {
    if case .list = row[column] { return "an empty list" }
    return row[column]?.kind ?? "missing"
  }

  private func systemTurn() throws(RowProblem) -> [Turn] {
    let text = try optionalText("system")
    return text.isEmpty ? [] : [Turn(role: "system", content: text)]
  }

  private func history() throws(RowProblem) -> [Turn] {
    guard let value = row["history"] else { return [] }
    guard let items = value.items else {
      throw RowProblem("'history' is \(value.kind); write a list of [question, answer]")
    }
    var turns: [Turn] = []
    for (index, item) in items.enumerated() {
      guard let couple = item.items, couple.count == 2, let question = couple[0].text,
        let answer = couple[1].text
      else { throw RowProblem("'history[\(index)]' is not two strings; write [question, answer]") }
      turns += [Turn(role: "user", content: question), Turn(role: "assistant", content: answer)]
    }
    return turns
  }

  private static let speakers = [
    "human": "user", "gpt": "assistant", "system": "system", "observation": "tool",
    "function_call": "assistant",
  ]

  /// What a message from `function_call` calls: one function or a list of them, as JSON text.
  private static func calls(_ text: String, named name: String) throws(RowProblem) -> JSONValue {
    let value: JSONValue
    do throws(JSONSyntaxError) { value = try JSONParser.parse(text) } catch {
      throw RowProblem(
        "the value of '\(name)' is not JSON: \(error.problem); write {\"name\": …, \"arguments\": …}")
    }
    let functions = value.items ?? [value]
    guard !functions.isEmpty, functions.allSatisfy({ $0["name"]?.text != nil }) else {
      throw RowProblem("the value of '\(name)' calls nothing; write {\"name\": …, \"arguments\": …}")
    }
    return .list(
      functions.map {
        .object([
          JSONMember(key: "type", value: .string("function")), JSONMember(key: "function", value: $0),
        ])
      })
  }

  /// One message, `{"from", "value"}` or `{"role", "content"}`.
  private static func factoryMessage(_ value: JSONValue, named name: String) throws(RowProblem) -> Turn {
    guard let speaker = value["from"]?.text else {
      if value["role"] != nil { return try RowColumns.message(value, named: name) }
      let there = value.members.map { "there are \(quoted($0.map(\.key)))" } ?? "it is \(value.kind)"
      throw RowProblem("'\(name)' has no 'from'; \(there)")
    }
    guard let role = speakers[speaker] else {
      throw RowProblem("'\(name)' is from '\(speaker)'; write one of \(quoted(speakers.keys.sorted()))")
    }
    guard let content = value["value"]?.text else {
      throw RowProblem("the value of '\(name)' is \(value["value"]?.kind ?? "missing"); write a string")
    }
    guard speaker == "function_call" else { return Turn(role: role, content: content) }
    let calls = JSONMember(key: "tool_calls", value: try calls(content, named: name))
    return Turn(role: role, content: "", lacksContent: true, extras: [calls])
  }
}

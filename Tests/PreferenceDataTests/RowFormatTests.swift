// Every format's rows, and every refusal word for word.

import PreferenceCore
import Testing

@testable import PreferenceData

@Suite struct RowFormatTests {
  /// The one row that `json` holds, read in the format its columns suggest.
  private func read(_ json: String, as format: RowFormat? = nil) throws -> RowReading {
    let row = try store(json).rows[0]
    let recognised = RowFormat(recognising: row)
    return try #require(format ?? recognised).read(row)
  }

  private func row(_ json: String, as format: RowFormat? = nil) throws -> PreferenceRow {
    let reading = try read(json, as: format)
    guard case .row(let row) = reading else {
      Issue.record("dropped: \(reading)")
      throw RowProblem("dropped")
    }
    return row
  }

  private func problem(_ json: String, as format: RowFormat? = nil) -> String {
    do { _ = try read(json, as: format) } catch let problem as RowProblem { return problem.text } catch {}
    return ""
  }

  private func isDropped(_ json: String, _ expected: DropReason) throws -> Bool {
    if case .dropped(let reason) = try read(json) { reason == expected } else { false }
  }

  private static let user = #"[{"role": "user", "content": "Hi"}]"#
  private static let yes = #"[{"role": "assistant", "content": "Yes"}]"#
  private static let no = #"[{"role": "assistant", "content": "No"}]"#
  private let hello = Turn(role: "user", content: "Hi")

  @Test(arguments: [
    (#"{"prompt": "a", "chosen": "b", "rejected": "c"}"#, RowFormat.paired),
    (#"{"chosen": "\n\nHuman: a", "rejected": "c"}"#, .hhRLHF),
    (#"{"chosen": [], "rejected": []}"#, .implicit),
    (#"{"prompt": "a", "completion": "b", "label": true}"#, .unpaired),
    (#"{"prompt": "a", "completion": "b"}"#, .demonstrations),
    (#"{"prompt": "a", "completions": ["b"]}"#, .ranked), (#"{"instruction": "a"}"#, .alpaca),
    (#"{"conversations": [], "chosen": {}, "rejected": {}}"#, .shareGPT),
  ])
  func `is recognised by its columns`(_ json: String, _ format: RowFormat) throws {
    #expect(RowFormat(recognising: try store(json).rows[0]) == format)
    #expect(try RowFormat(named: format.rawValue.uppercased(), for: "f") == format)
  }

  @Test func `an underscore in a format's name is a hyphen, and unknown names list the known`() throws {
    #expect(try RowFormat(named: "hh_rlhf", for: "f") == .hhRLHF)
    #expect(
      message { _ = try RowFormat(named: "pair", for: "rows.jsonl") }
        == "rows.jsonl: there is no format 'pair'; did you mean 'paired'? choose one of 'paired', 'implicit', 'hh-rlhf', 'unpaired', "
        + "'prompt-completion', 'ranked', 'alpaca', 'sharegpt'")
  }

  @Test func `paired text and messages`() throws {
    let text = try row(#"{"prompt": "a", "chosen": "b", "rejected": "c"}"#)
    #expect(text.prompt == .plain("a") && text.completions == [.plain("b"), .plain("c")])
    #expect(text.feedback == .pairwise)
    let chat = try row(#"{"prompt": \#(Self.user), "chosen": \#(Self.yes), "rejected": \#(Self.no)}"#)
    #expect(chat.prompt == .chat([hello]))
    #expect(chat.completions[1] == .chat([Turn(role: "assistant", content: "No")]))
  }

  @Test func `messages keep further fields and lists of parts, and lose what is null`() throws {
    let made = try row(
      #"""
      {"prompt": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
       "chosen": [{"role": "assistant", "content": null, "name": null, "tool_calls": [1]}], "rejected": [{"role": "assistant", "content": "c"}],
       "tools": [{"name": "f"}], "chat_template_kwargs": {"enable_thinking": false}}
      """#.replacing("\n", with: " "))
    func part(_ text: String) -> JSONValue {
      .object([.init(key: "type", value: .string("text")), .init(key: "text", value: .string(text))])
    }
    #expect(made.prompt == .chat([Turn(role: "user", content: "ab", parts: [part("a"), part("b")])]))
    #expect(
      made.completions[0]
        == .chat([
          Turn(
            role: "assistant", content: "", lacksContent: true,
            extras: [.init(key: "tool_calls", value: .list([.integer(1)]))])
        ]))
    #expect(made.tools?.count == 1)
    #expect(made.templateArguments == [.init(key: "enable_thinking", value: .boolean(false))])
  }

  @Test func `unpaired, demonstrations and ranked`() throws {
    #expect(try row(#"{"prompt": "a", "completion": "b", "label": false}"#).isDesirable == false)
    #expect(try row(#"{"prompt": "a", "completion": "b", "label": 1}"#).isDesirable)
    #expect(try row(#"{"prompt": "a", "completion": "b"}"#).feedback == .unpaired)
    let ranked = try row(#"{"prompt": "a", "completions": ["b", "c", "d"]}"#)
    #expect(ranked.feedback == .ranked && ranked.completions == [.plain("b"), .plain("c"), .plain("d")])
  }

  @Test func `an implicit prompt is the messages in common`() throws {
    let made = try row(
      #"{"chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}], "#
        + #""rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "No"}]}"#)
    #expect(made.prompt == .chat([hello]))
    #expect(
      made.completions == [
        .chat([Turn(role: "assistant", content: "Yes")]), .chat([Turn(role: "assistant", content: "No")]),
      ])
  }

  @Test func `a conversation that goes on leaves the shorter one its answer`() throws {
    let made = try row(
      #"{"chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}], "rejected": "#
        + #"[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}, {"role": "user", "content": "?"}]}"#
    )
    #expect(made.prompt == .chat([hello]))
  }

  @Test func `Alpaca becomes messages`() throws {
    let made = try row(
      #"{"instruction": "Add", "input": "1 2", "system": "Be brief", "history": [["q", "a"]], "chosen": "3", "rejected": "4"}"#
    )
    #expect(
      made.prompt
        == .chat([
          Turn(role: "system", content: "Be brief"), Turn(role: "user", content: "q"),
          Turn(role: "assistant", content: "a"), Turn(role: "user", content: "Add\n1 2"),
        ]))
    #expect(
      try row(#"{"instruction": "Add", "input": "", "output": "3", "kto_tag": false}"#).isDesirable == false)
  }

  @Test func `a function call of ShareGPT is a message that calls, without content`() throws {
    let made = try row(
      #"{"conversations": [{"from": "human", "value": "Hi"}, {"from": "function_call", "value": "{\"name\": \"f\", "#
        + #"\"arguments\": {}}"}, {"from": "observation", "value": "4"}], "chosen": {"from": "gpt", "value": "Yes"}, "#
        + #""rejected": {"from": "gpt", "value": "No"}}"#)
    let function: JSONValue = .object([
      JSONMember(key: "name", value: .string("f")), JSONMember(key: "arguments", value: .object([])),
    ])
    let call: JSONValue = .object([
      JSONMember(key: "type", value: .string("function")), JSONMember(key: "function", value: function),
    ])
    #expect(
      made.prompt
        == .chat([
          hello,
          Turn(
            role: "assistant", content: "", lacksContent: true,
            extras: [JSONMember(key: "tool_calls", value: .list([call]))]),
          Turn(role: "tool", content: "4"),
        ]))
  }

  @Test func `ShareGPT becomes messages`() throws {
    let made = try row(
      #"{"conversations": [{"from": "human", "value": "Hi"}], "chosen": {"from": "gpt", "value": "Yes"}, "#
        + #""rejected": {"from": "gpt", "value": "No"}, "tools": "[{\"name\": \"f\"}]"}"#)
    #expect(
      made.prompt == .chat([hello]) && made.tools == [.object([.init(key: "name", value: .string("f"))])])
    let single = try row(
      #"{"conversations": [{"from": "human", "value": "Hi"}, {"role": "assistant", "content": "Yes"}], "kto_tag": true}"#
    )
    #expect(single.completions == [.chat([Turn(role: "assistant", content: "Yes")])])
  }

  @Test(arguments: [
    (#"{"prompt": "a", "chosen": " \n", "rejected": "c"}"#, DropReason.emptyCompletion),
    (#"{"prompt": "a", "chosen": "b", "rejected": "b"}"#, .identicalCompletions),
    (#"{"prompt": "a", "completions": ["b", "c", "b"]}"#, .identicalCompletions),
    (#"{"prompt": "a", "completion": ""}"#, .emptyCompletion),
    (
      #"{"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant:"}"#,
      .emptyCompletion
    ),
    (#"{"chosen": "\n\nHuman: a\n\nHuman: b", "rejected": "\n\nHuman: a\n\nHuman: c"}"#, .noCommonPrompt),
  ])
  func `drops`(_ json: String, _ reason: DropReason) throws { #expect(try isDropped(json, reason)) }

  @Test(arguments: [
    (
      #"{"prompt": "a", "chosen": 3, "rejected": "c"}"#,
      "'chosen' is a number; write a string or a list of messages"
    ),
    (
      #"{"prompt": "a", "chosen": \#(yes), "rejected": \#(no)}"#,
      "'prompt' is a string but 'chosen' is a list of messages; write the prompt as messages too "
        + "(or leave it out where chosen and rejected are whole conversations)"
    ),
    (
      #"{"prompt": \#(user), "chosen": "b", "rejected": "c"}"#,
      "'prompt' is a list of messages but 'chosen' is a string; write [{\"role\": \"assistant\", \"content\": …}]"
    ),
    (
      #"{"prompt": \#(user), "chosen": \#(user), "rejected": \#(no)}"#,
      "'chosen' begins with a message of the role 'user'; a completion begins with the assistant's "
        + "(leave 'prompt' out where chosen and rejected are whole conversations)"
    ),
    (
      #"{"prompt": \#(yes), "chosen": \#(yes), "rejected": \#(no)}"#,
      "'prompt' ends with the assistant's message; end it with the user's"
    ),
    (
      #"{"prompt": [{"role": "usr", "content": "a"}], "chosen": \#(yes), "rejected": \#(no)}"#,
      "'prompt[0]' has the role 'usr'; write one of 'system', 'developer', 'user', 'assistant', 'tool'"
    ),
    (
      #"{"prompt": ["a"], "chosen": [], "rejected": []}"#,
      "'prompt[0]' is a string; write {\"role\": …, \"content\": …}"
    ),
    (
      #"{"prompt": [{"from": "a"}], "chosen": [], "rejected": []}"#,
      "'prompt[0]' has no 'role'; there are 'from'"
    ),
    (
      #"{"prompt": [{"role": "user"}], "chosen": [], "rejected": []}"#,
      "'prompt[0]' has no 'content'; there are 'role'"
    ),
    (
      #"{"prompt": [{"role": "user", "content": 3}], "chosen": [], "rejected": []}"#,
      "the content of 'prompt[0]' is a number; write a string"
    ),
    (
      #"{"prompt": [{"role": "user", "content": [{"type": "image"}]}], "chosen": [], "rejected": []}"#,
      "the content of 'prompt[0]' is not all text; only text is supported"
    ),
    (
      #"{"prompt": [], "chosen": [], "rejected": []}"#,
      "'prompt' is an empty list; write at least one message"
    ),
    (
      #"{"prompt": "a", "chosen": "b", "rejected": "c", "images": ["x.png"]}"#,
      "'images' are not supported; remove the column"
    ),
    (
      #"{"prompt": "a", "chosen": "b", "rejected": "c", "tools": 1}"#,
      "'tools' is a number; write a list of objects"
    ),
    (
      #"{"prompt": "a", "chosen": "b", "rejected": "c", "tools": "[1"}"#,
      "'tools' is a string that is not JSON: the list has no end"
    ),
    (
      #"{"prompt": "a", "chosen": "b", "rejected": "c", "chat_template_kwargs": []}"#,
      "'chat_template_kwargs' is a list; write an object"
    ),
    (#"{"prompt": "a", "completion": "b", "label": "yes"}"#, "'label' is a string; write true or false"),
    (#"{"prompt": "a", "completions": "b"}"#, "'completions' is a string; write a list, best first"),
    (
      #"{"prompt": "a", "completions": ["b"]}"#,
      "'completions' has 1 of the at least 2 completions that a ranking needs"
    ),
    (
      #"{"chosen": "Human: a", "rejected": "b"}"#,
      "'chosen' does not begin with '\\n\\nHuman:' or '\\n\\nAssistant:'; "
        + "write the conversation that way or give the rows a 'prompt'"
    ),
    (
      #"{"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: c\n\nAssistant: d"}"#,
      "'chosen' and 'rejected' have no turn in common; give the row a 'prompt'"
    ),
    (
      #"{"chosen": \#(yes), "rejected": \#(no)}"#,
      "'chosen' and 'rejected' have no message in common; give the row a 'prompt'"
    ),
    (
      #"{"chosen": \#(yes), "rejected": "no"}"#,
      "'chosen' and 'rejected' are not both lists of messages; write both as messages"
    ),
    (#"{"instruction": 1, "chosen": "a", "rejected": "b"}"#, "'instruction' is a number; write a string"),
    (#"{"instruction": "a", "chosen": "b"}"#, "the column 'rejected' is missing"),
    (
      #"{"instruction": "a"}"#,
      "the alpaca format needs 'chosen' and 'rejected', or 'output'; there are 'instruction'"
    ),
    (
      #"{"instruction": "a", "output": "b", "history": 1}"#,
      "'history' is a number; write a list of [question, answer]"
    ),
    (
      #"{"instruction": "a", "output": "b", "history": [["q"]]}"#,
      "'history[0]' is not two strings; write [question, answer]"
    ),
    (#"{"conversations": []}"#, "'conversations' is an empty list; write a list of messages"),
    (
      #"{"conversations": [{"from": "bing", "value": "a"}]}"#,
      "'conversations[0]' is from 'bing'; write one of 'function_call', 'gpt', 'human', 'observation', 'system'"
    ),
    (
      #"{"conversations": [{"from": "function_call", "value": "add"}]}"#,
      "the value of 'conversations[0]' is not JSON: 'a' begins no JSON value; write {\"name\": …, \"arguments\": …}"
    ),
    (
      #"{"conversations": [{"from": "function_call", "value": "[]"}]}"#,
      "the value of 'conversations[0]' calls nothing; write {\"name\": …, \"arguments\": …}"
    ),
    (#"{"conversations": [{"value": "a"}]}"#, "'conversations[0]' has no 'from'; there are 'value'"),
    (#"{"conversations": ["a"]}"#, "'conversations[0]' has no 'from'; it is a string"),
    (
      #"{"conversations": [{"from": "human"}]}"#, "the value of 'conversations[0]' is missing; write a string"
    ),
    (
      #"{"conversations": [{"from": "human", "value": "a"}]}"#,
      "'conversations' does not end with an answer; end it with a message from 'gpt'"
    ),
    (
      #"{"conversations": [{"from": "human", "value": "a"}], "chosen": {}}"#,
      "one of 'chosen' and 'rejected' is missing; there are 'conversations', 'chosen'"
    ),
  ])
  func `refuses`(_ json: String, _ expected: String) { #expect(problem(json) == expected) }

  @Test func `a column that a format needs is named beside those there are`() {
    #expect(
      problem(#"{"prompt": "a", "chosen": "b", "reject": "c", "rejected": null}"#, as: .paired)
        == "the paired format needs the column 'rejected'; there are 'prompt', 'chosen', 'reject'; "
        + "did you mean 'reject'?")
    #expect(
      problem("{}", as: .ranked)
        == "the ranked format needs the columns 'prompt', 'completions'; the row is empty")
  }
}

// What templates are shown of messages and tools, against transformers 5.23's apply_chat_template.

import Foundation
import Testing
import Tokenizers

@testable import PreferenceData

@Suite struct TemplateMessagesTests {
  /// A model directory with golden llama's tokenizer and the given files, gone when `body` is.
  private func withModel(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let directory = NSTemporaryDirectory() + "model-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    try FileManager.default.copyItem(
      atPath: fixtures.path() + "Fixtures/hf/llama/tokenizer.json", toPath: directory + "/tokenizer.json")
    for (name, text) in files {
      try text.write(toFile: directory + "/" + name, atomically: true, encoding: .utf8)
    }
    try body(directory)
  }

  @Test(arguments: [
    ("", "null"), (#", "tools": []"#, "[]"), (#", "tools": [{"name": "f"}]"#, #"[{"name": "f"}]"#),
  ])
  func `messages keep their lists and their order, lose what is null, and have the tools of the row`(
    _ tools: String, _ shown: String
  ) throws {
    let template =
      "{{ messages|tojson }}|{{ tools|tojson }}|{{ messages[0].content is string }}|{{ 'content' in messages[1] }}"
    let row = """
      {"messages": [{"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "role": "user",
      "name": null}, {"role": "assistant", "content": null, "tool_calls": [{"id": null}]},
      {"name": "f", "role": "tool", "content": "c"}]\(tools)}
      """
    let expected = """
      [{"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "role": "user"}, \
      {"role": "assistant", "tool_calls": [{"id": null}]}, {"name": "f", "role": "tool", "content": "c"}]\
      |\(shown)|False|False
      """
    try withModel(["chat_template.jinja": template, "chat.json": row]) { directory in
      let model = try ModelTokenizer(directory: directory)
      let ids = try model.encodeConversation(file: directory + "/chat.json")
      #expect(model.tokenizer.decode(ids, skippingSpecials: false) == expected)
    }
  }

  @Test(arguments: [
    (#"{"eos_token_id": "2"}"#, "'eos_token_id' holds a string; write a token's id or a list of ids"),
    (#"{"eos_token_id": [2, null]}"#, "'eos_token_id' holds null; write a token's id or a list of ids"),
    (#"{"eos_token_id": -1}"#, "'eos_token_id' holds -1; write a token's id or a list of ids"),
    (
      #"{"eos_token_id": 99999999999}"#,
      "'eos_token_id' holds 99999999999; write a token's id or a list of ids"
    ),
    ("[2]", "the file holds a list; write an object"),
  ])
  func `a generation_config that names no tokens is refused`(_ file: String, _ problem: String) throws {
    try withModel(["generation_config.json": file]) { directory in
      let error = try #require(throws: DataError.self) { try ModelTokenizer(directory: directory) }
      #expect("\(error)" == "\(directory)/generation_config.json: \(problem)")
    }
  }
}

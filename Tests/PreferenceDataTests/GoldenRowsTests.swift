// Rows of real tokenizers and templates, against what transformers and TRL make of them.

import ChatTemplates
import Foundation
import PreferenceCore
import Testing
import Tokenizers

@testable import PreferenceData

@Suite struct GoldenRowsTests {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .appending(path: "Fixtures").path()

  private func tokenizer(_ name: String) throws -> ModelTokenizer {
    try ModelTokenizer(directory: Self.fixtures + "/hf/" + name)
  }

  private func rows(maxLength: Int?, _ mode: TruncationMode = .keepStart) throws -> PreferenceDataset {
    try PreferenceDataset(
      reading: Self.fixtures + "/rows.jsonl", for: Requirements(.pairwise), with: tokenizer("llama"),
      options: DatasetOptions(window: TokenWindow(maxLength: maxLength, mode: mode)))
  }

  /// `expected.json` beside each checkpoint: transformers 5.23's ids of prompt, chosen and rejected.
  @Test(arguments: ["llama", "llama3", "mistral", "qwen2"]) func `ids are transformers'`(_ name: String)
    throws
  {
    let path = Self.fixtures + "/hf/" + name + "/expected.json"
    let bytes = try JSONLinesStore.bytes(of: path, named: path)
    let expected = try #require(try JSONParser.parse(bytes, in: bytes.indices)["rows"]?.items)
    #expect(expected.count == 6)
    let stored = expected.enumerated().map { index, entry in
      StoredRow(place: RowPlace(row: index), columns: entry["row"]?.members ?? [])
    }
    let tokenizer = RowTokenizer(
      encoder: TemplateEncoder(try tokenizer(name)), window: TokenWindow(maxLength: nil))
    for (row, entry) in zip(stored, expected) {
      guard case .row(let made) = try RowFormat.paired.read(row),
        case .kept(let tokenized, let findings) = try tokenizer.tokenize(made)
      else {
        Issue.record("\(row) is not kept")
        continue
      }
      func ids(_ key: String) -> [Int32]? { entry[key]?.items?.compactMap { $0.scalar.map { Int32($0) } } }
      #expect(tokenized.prompts == [ids("prompt_ids")])
      #expect(tokenized.completions == [ids("chosen_ids"), ids("rejected_ids")])
      // That checkpoint's template ends turns with text which its tokenizer does not know as a token.
      #expect(findings == .init(lacksStop: name == "mistral"))
    }
  }

  /// `num_tokens` of TRL 1.16's DPO runs: a running count in which a pair counts its prompt twice.
  @Test(arguments: [
    (128, TruncationMode.keepStart, [300, 658, 932, 1222, 1627, 1873]), (48, .keepEnd, [192, 384, 576, 768]),
  ]) func `steps count TRL's tokens`(_ length: Int, _ mode: TruncationMode, _ expected: [Int]) throws {
    var options = BatchPlanOptions()
    (options.rowsPerMicroBatch, options.shuffles) = (2, false)
    let plan = BatchPlan(try rows(maxLength: length, mode), options: options)
    #expect(plan.stepsPerEpoch == 13)
    var running = 0
    let counts = expected.indices.map { step in
      for batch in plan.microBatches(step: step) {
        for (completion, prompt) in zip(batch.completions, batch.layout.prompts) {
          running += completion.count + batch.prompts[prompt].count
        }
        #expect(batch.counts[.pair] == 2)
      }
      return running
    }
    #expect(counts == expected)
  }

  @Test func `the report of the golden rows has nothing to complain about`() throws {
    let report = try rows(maxLength: 128).report
    #expect(report.rowCount == 25 && report.keptCount == 25 && report.isConversational)
    #expect(report.warnings == [])
    #expect(report.withoutStop.count == 0)
  }

  @Test(
    arguments: [("3", [2, 3]), ("[4, 5]", [2, 4, 5]), ("null", [2])]
      as [(String, Set<Int32>)])
  func `stop tokens come from the tokenizer and generation_config`(_ eos: String, _ expected: Set<Int32>)
    throws
  {
    #expect(try tokenizer("llama").stopIDs == [2])
    let directory = NSTemporaryDirectory() + "model-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for name in ["tokenizer.json", "tokenizer_config.json"] {
      try FileManager.default.copyItem(
        atPath: Self.fixtures + "/hf/llama/" + name, toPath: directory + "/" + name)
    }
    try #"{"eos_token_id": \#(eos)}"#.write(
      toFile: directory + "/generation_config.json", atomically: true, encoding: .utf8)
    #expect(try ModelTokenizer(directory: directory).stopIDs == expected)
  }

  @Test func `prompts are encoded as rows' prompts are`() throws {
    let model = try tokenizer("llama")
    let chat = try model.encodeConversation([("user", "Is the wrong umbrella worth $219.50?")])
    let row = try rows(maxLength: nil).rows[1]
    #expect(row.prompts == [chat])
    let path = NSTemporaryDirectory() + "chat-\(UUID().uuidString).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let json = #"[{"role": "user", "content": "Is the wrong umbrella worth $219.50?"}]"#
    for text in [json, #"{"messages": \#(json)}"#] {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      #expect(try model.encodeConversation(file: path) == chat)
    }
    #expect(model.encodePrompt("Is it?") == model.tokenizer.encode("Is it?", addingSpecials: true))
  }

  @Test(arguments: [
    ("{}", "the file holds an object without messages; write [{\"role\": …, \"content\": …}]"),
    ("[{\"role\": \"user\"}]", "'messages[0]' has no 'content'; there are 'role'"),
    ("[", "not JSON: the value is missing (byte 1)"),
  ]) func `a chat file is refused`(_ json: String, _ expected: String) throws {
    let model = try tokenizer("llama")
    let path = NSTemporaryDirectory() + "chat-\(UUID().uuidString).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try json.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(message { _ = try model.encodeConversation(file: path) } == "\(path): \(expected)")
  }

  @Test func `a template comes from its file, from the settings, or from the list there`() throws {
    let directory = NSTemporaryDirectory() + "model-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    func write(_ text: String, _ name: String) throws {
      try text.write(toFile: directory + "/" + name, atomically: true, encoding: .utf8)
    }
    func source() throws -> String? { try ModelTokenizer.templates(in: directory).0["default"] }
    #expect(try source() == nil)
    try write(#"{"chat_template": "one"}"#, "tokenizer_config.json")
    #expect(try source() == "one")
    try write(
      #"{"chat_template": [{"name": "tool_use", "template": "a"}, {"name": "default", "template": "b"}]}"#,
      "tokenizer_config.json")
    #expect(try source() == "b")
    try write(#"{"chat_template": [{"name": "rag", "template": "a"}]}"#, "tokenizer_config.json")
    #expect(
      message { _ = try source() }
        == "\(directory)/tokenizer_config.json: 'chat_template' has no template named 'default'; there are 'rag'"
    )
    try write(#"{"chat_template": 3}"#, "tokenizer_config.json")
    #expect(
      message { _ = try source() } == "\(directory)/tokenizer_config.json: 'chat_template' is a number; "
        + "write a string or a list of named templates")
    try write(#"{"chat_template": {"tool_use": "a", "default": "b"}}"#, "tokenizer_config.json")
    #expect(try ModelTokenizer.templates(in: directory).0 == ["tool_use": "a", "default": "b"])
    try write("two", "chat_template.jinja")
    #expect(try source() == "two")
    try FileManager.default.createDirectory(
      atPath: directory + "/additional_chat_templates", withIntermediateDirectories: true)
    try write("three", "additional_chat_templates/tool_use.jinja")
    #expect(try ModelTokenizer.templates(in: directory).0 == ["tool_use": "three", "default": "two"])
  }

  @Test func `tools choose the template named tool_use, and templates see the day of the run`() throws {
    let directory = NSTemporaryDirectory() + "model-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: Self.fixtures + "/hf/llama/tokenizer.json", toPath: directory + "/tokenizer.json")
    try
      #"{"chat_template": {"default": "plain {{ strftime_now('%d %b %Y') }}", "tool_use": "tools {{ tools|length }}"}}"#
      .write(toFile: directory + "/tokenizer_config.json", atomically: true, encoding: .utf8)
    let model = try ModelTokenizer(directory: directory)
    let day = try #require(TemplateDate(day: "2024-07-06"))
    #expect(model.readsDate && day.isoDay == "2024-07-06" && TemplateDate(day: "2024-7") == nil)
    let encoder = TemplateEncoder(model.dated(day))
    let turns = [Turn(role: "user", content: "Hi")]
    #expect(try encoder.render(turns, openingReply: true, tools: nil, arguments: []) == "plain 06 Jul 2024")
    #expect(
      try encoder.render(turns, openingReply: true, tools: [.object([])], arguments: []) == "tools 1")
    #expect(try encoder.render(turns, openingReply: true, tools: [], arguments: []) == "tools 0")
  }
}

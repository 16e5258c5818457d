// Renders against those of Jinja itself, set up as the usual Python stack sets it up (jinja2 3.1.6).
//
// Fixtures/templates/expected.json holds conversations, small templates, and what Jinja made of them;
// fragments.json holds random fragments, made by make_fragments.py beside it.

import ChatTemplates
import Foundation
import Testing

/// The expectations, read once.
enum Reference {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/templates")

  static func load() throws -> [String: Any] {
    let bytes = try Data(contentsOf: folder.appendingPathComponent("expected.json"))
    return try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
  }

  static func template(_ name: String) throws -> ChatTemplate {
    let text = try String(contentsOf: folder.appendingPathComponent(name + ".jinja"), encoding: .utf8)
    return try ChatTemplate(
      jinja: text, date: TemplateDate(year: 2024, month: 7, day: 6, hour: 15, minute: 4, second: 9))
  }

  /// JSON with maps spelled as lists of pairs, which keep their order.
  static func value(_ json: Any?) -> TemplateValue {
    switch json {
    case let text as String: return .string(text)
    case let list as [Any]: return .list(list.map(value))
    case let object as [String: Any]:
      let pairs = object["__map"] as? [[Any]] ?? []
      return .map(TemplateMap(pairs.map { ($0[0] as? String ?? "", value($0[1])) }))
    case let number as NSNumber:
      if ["c", "B"].contains(String(cString: number.objCType)) { return .boolean(number.boolValue) }
      return Double(number.intValue) == number.doubleValue
        ? .integer(number.intValue) : .double(number.doubleValue)
    default: return .null
    }
  }

  /// What a rendering came to, in the words of the fixture.
  static func outcome(_ body: () throws(TemplateError) -> String) -> String {
    do throws(TemplateError) {
      return "text: " + (try body())
    } catch { return error.kind == .raised ? "raised: " + error.problem : "refused" }
  }

  static func expectation(_ item: [String: Any]) -> String {
    if let text = item["text"] as? String { return "text: " + text }
    return (item["raised"] as? String).map { "raised: " + $0 } ?? "refused"
  }
}

@Suite struct ReferenceTests {
  @Test(arguments: [
    "chatml", "gemma", "llama3", "llama3.1", "mistral", "phi3", "qwen2.5", "qwen3", "smollm2", "smollm3",
    "zephyr",
  ]) func `conversations render as in Jinja`(_ name: String) throws {
    let reference = try Reference.load()
    let conversations = try #require(reference["conversations"] as? [String: Any])
    let cases = try #require(reference["cases"] as? [[String: Any]]).filter {
      $0["template"] as? String == name
    }
    #expect(cases.count >= 22)
    let template = try Reference.template(name)
    for item in cases {
      let conversation = try #require(item["conversation"] as? String)
      var names: [String: TemplateValue] = [
        "messages": Reference.value(conversations[conversation]), "bos_token": "<s>", "eos_token": "</s>",
        "add_generation_prompt": .boolean(item["generation"] as? Bool ?? false), "documents": nil,
        "tools": nil,
      ]
      if let tools = item["tools"] as? String { names[tools] = Reference.value(reference["tools"]) }
      if case .map(let extra) = Reference.value(item["extra"]) {
        for entry in extra.entries { if case .string(let key) = entry.key { names[key] = entry.value } }
      }
      let outcome = Reference.outcome { () throws(TemplateError) in try template.render(names) }
      #expect(Array(outcome.utf8) == Array(Reference.expectation(item).utf8), "\(name), \(conversation)")
    }
  }

  @Test func `small templates render, or are refused, as in Jinja`() throws {
    let reference = try Reference.load()
    let templates = try #require(reference["templates"] as? [[String: Any]])
    #expect(templates.count > 100)
    for item in templates {
      let jinja = try #require(item["jinja"] as? String)
      let outcome = Reference.outcome { () throws(TemplateError) in
        let date = TemplateDate(year: 2024, month: 7, day: 6, hour: 15, minute: 4, second: 9)
        return try ChatTemplate(jinja: jinja, date: date).render(["x": ["a": 1, "b": ["p", "q"]]])
      }
      #expect(Array(outcome.utf8) == Array(Reference.expectation(item).utf8), "\(jinja)")
    }
  }

  @Test func `random fragments render, or are refused, as in Jinja`() throws {
    let bytes = try Data(contentsOf: Reference.folder.appendingPathComponent("fragments.json"))
    let reference = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    let names = try #require(reference["names"] as? [String: Any]).mapValues { Reference.value($0) }
    let cases = try #require(reference["cases"] as? [[String]])
    #expect(cases.count > 1500)
    let date = TemplateDate(year: 2024, month: 7, day: 6, hour: 15, minute: 4, second: 9)
    for item in cases {
      let outcome = Reference.outcome { () throws(TemplateError) in
        try ChatTemplate(jinja: item[0], date: date).render(names)
      }
      let expected = item[1] == "refused" ? "refused" : item[1] + ": " + item[2]
      #expect(Array(outcome.utf8) == Array(expected.utf8), "\(item[0]): \(outcome)")
    }
  }
}

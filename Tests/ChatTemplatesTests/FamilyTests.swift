// Templates of well-known families of models, written down from what they are known to do, against transformers.
//
// Fixtures/templates/families holds the templates, families.json what transformers' own rendering made of
// conversations with and without tools, documents, reasoning and a generation prompt; make_families.py made it.

import ChatTemplates
import Foundation
import Testing

@Suite struct FamilyTests {
  private struct Case {
    var family: String
    var conversation: String
    var options: String
    var without: String
    var with: String

    /// The outcome with or without a generation prompt; `+` stands for what is written behind the one without.
    func expected(_ generation: Bool) -> String {
      generation ? with.first == "+" ? without + with.dropFirst() : with : without
    }
  }

  private struct Fixture {
    var conversations: [String: [ChatMessage]] = [:]
    var options: [String: [String: TemplateValue]] = [:]
    var cases: [Case] = []

    init() throws {
      let bytes = try Data(contentsOf: Reference.folder.appendingPathComponent("families.json"))
      let json = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
      for (name, messages) in FamilyTests.members(Reference.value(json["conversations"])) {
        conversations[name] = FamilyTests.elements(messages).map(FamilyTests.message)
      }
      for (name, members) in FamilyTests.members(Reference.value(json["options"])) {
        options[name] = Dictionary(uniqueKeysWithValues: FamilyTests.members(members))
      }
      cases = try #require(json["cases"] as? [[String]]).map {
        Case(family: $0[0], conversation: $0[1], options: $0[2], without: $0[3], with: $0[4])
      }
    }
  }

  private static func members(_ value: TemplateValue) -> [(String, TemplateValue)] {
    guard case .map(let map) = value else { return [] }
    return map.entries.compactMap { entry in
      if case .string(let key) = entry.key { (key, entry.value) } else { nil }
    }
  }

  private static func elements(_ value: TemplateValue) -> [TemplateValue] {
    if case .list(let elements) = value { elements } else { [] }
  }

  private static func message(_ value: TemplateValue) -> ChatMessage {
    var message = ChatMessage(role: "", content: nil)
    for (key, value) in members(value) {
      switch (key, value) {
      case ("role", .string(let role)): message.role = role
      case ("content", .string(let content)): message.content = content
      default: message.fields[key] = value
      }
    }
    return message
  }

  private static func families() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: Reference.folder.path + "/families")
      .filter { $0.hasSuffix(".jinja") }.map { String($0.dropLast(6)) }.sorted()
  }

  @Test func `every family renders as in transformers, character for character`() throws {
    let fixture = try Fixture()
    let families = try Self.families()
    #expect(families.count >= 34)
    for family in families {
      let template = try Reference.template("families/" + family)
      let cases = fixture.cases.filter { $0.family == family }
      #expect(cases.count >= 11, "\(family)")
      #expect(cases.contains { $0.without.first == "=" }, "\(family)")
      for item in cases {
        let messages = try #require(fixture.conversations[item.conversation])
        let options = try #require(fixture.options[item.options])
        for generation in [false, true] {
          let outcome = Self.outcome { () throws(TemplateError) in
            try template.render(
              messages: messages, addGenerationPrompt: generation,
              specialTokens: ["bos_token": "<s>", "eos_token": "</s>"], extra: options)
          }
          let expected = item.expected(generation)
          #expect(
            Array(outcome.utf8) == Array(expected.utf8),
            "\(family), \(item.conversation), \(item.options), \(generation): \(outcome) for \(expected)")
        }
      }
    }
  }

  private static func outcome(_ body: () throws(TemplateError) -> String) -> String {
    do throws(TemplateError) {
      return "=" + (try body())
    } catch { return error.kind == .raised ? "!" + error.problem : "?" }
  }
}

// HH-RLHF transcripts are cut between turns and nowhere else.

import Foundation
import Testing

@testable import PreferenceData

@Suite struct TranscriptTests {
  private func row(_ chosen: String, _ rejected: String) throws -> PreferenceRow? {
    let stored = StoredRow(
      place: RowPlace(row: 0, line: 1),
      columns: [
        .init(key: "chosen", value: .string(chosen)), .init(key: "rejected", value: .string(rejected)),
      ])
    if case .row(let row) = try RowFormat.hhRLHF.read(stored) { return row }
    return nil
  }

  /// The classic accident: the answers share their first words, which are not the prompt's.
  @Test func `words that both answers begin with stay with the answers`() throws {
    let made = try row(
      "\n\nHuman: What colour is the sky?\n\nAssistant: The sky is blue.",
      "\n\nHuman: What colour is the sky?\n\nAssistant: The sky is black.")
    #expect(made?.prompt == .plain("\n\nHuman: What colour is the sky?\n\nAssistant:"))
    #expect(made?.completions == [.plain(" The sky is blue."), .plain(" The sky is black.")])
  }

  @Test func `an answer that the other continues is not eaten`() throws {
    let made = try row("\n\nHuman: a\n\nAssistant: Yes", "\n\nHuman: a\n\nAssistant: Yes, but no")
    #expect(made?.completions == [.plain(" Yes"), .plain(" Yes, but no")])
  }

  @Test func `turns in common belong to the prompt, and later ones to the completion`() throws {
    let made = try row(
      "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d\n\nHuman: e\n\nAssistant: f",
      "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: g")
    #expect(made?.prompt == .plain("\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:"))
    #expect(made?.completions == [.plain(" d\n\nHuman: e\n\nAssistant: f"), .plain(" g")])
  }

  @Test func `prompt and completion joined are the transcript, whatever the turns`() throws {
    var generator = SplitMix(seed: 7)
    let words = ["sky", " blue", "\n", "\n\n", "Human:", " Assistant:", "é", "🙁", ":", " a b"]
    for _ in 0..<300 {
      func turn() -> String {
        (0..<generator.next(below: 6)).map { _ in words[generator.next(below: 10)] }.joined()
      }
      var common = ""
      for _ in 0...generator.next(below: 3) { common += "\n\nHuman: x\(turn())\n\nAssistant: y\(turn())" }
      common += "\n\nHuman: x\(turn())"
      let sides = (0..<2).map { _ in common + "\n\nAssistant:\(turn())" }
      guard let made = try row(sides[0], sides[1]), case .plain(let prompt) = made.prompt else { continue }
      for (side, completion) in zip(sides, made.completions) {
        guard case .plain(let text) = completion else { continue }
        #expect(Array((prompt + text).utf8) == Array(side.utf8))
        #expect(prompt.hasSuffix("\n\nAssistant:"))
        #expect(text.contains { !$0.isWhitespace })
      }
    }
  }
}

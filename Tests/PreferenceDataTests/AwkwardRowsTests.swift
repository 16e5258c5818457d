// Rows that are easy to get wrong, against the tokens that TRL 1.16's DPOTrainer makes of them.
//
// Fixtures/rows/awkward.json: words that merge across the boundary, special tokens inside text, several turns, implicit
// prompts, tools, template arguments; make_rows.py beside it made it.

import Foundation
import PreferenceCore
import Testing

@testable import PreferenceData

@Suite struct AwkwardRowsTests {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures").path()

  private static func read() throws -> (rows: [JSONValue], cases: [JSONValue]) {
    let path = fixtures + "/rows/awkward.json"
    let bytes = try JSONLinesStore.bytes(of: path, named: path)
    let json = try JSONParser.parse(bytes, in: bytes.indices)
    return (try #require(json["rows"]?.items), try #require(json["cases"]?.items))
  }

  private static func ids(_ value: JSONValue) -> [Int32] {
    (value.items ?? []).compactMap { if case .integer(let id) = $0 { Int32(id) } else { nil } }
  }

  @Test(arguments: ["llama", "llama3", "mistral", "qwen2"])
  func `boundaries, ends and templates fall where TRL puts them`(_ name: String) throws {
    let (rows, cases) = try Self.read()
    let model = try ModelTokenizer(directory: Self.fixtures + "/hf/" + name)
    // Some rows spell out a beginning-of-sequence token, which is refused unless it is meant.
    let tokenizer = RowTokenizer(
      encoder: TemplateEncoder(model), window: TokenWindow(maxLength: nil), allowsDoubleBOS: true)
    let own = cases.filter { $0.items?[0].text == name }
    #expect(own.count == rows.count)
    for item in own.compactMap(\.items) {
      guard case .integer(let number) = item[1] else { continue }
      let stored = StoredRow(place: RowPlace(row: number), columns: rows[number].members ?? [])
      let format = try #require(RowFormat(recognising: stored))
      guard case .row(let made) = try format.read(stored) else {
        Issue.record("row \(number) is dropped")
        continue
      }
      let outcome = try tokenizer.tokenize(made)
      let (prompt, chosen, rejected) = (Self.ids(item[2]), Self.ids(item[3]), Self.ids(item[4]))
      if prompt.isEmpty {
        // Nothing predicts the first token; TRL leaves it unscored without a word.
        #expect(outcome == .dropped(.emptyPrompt), "row \(number)")
        continue
      }
      guard case .kept(let row, _) = outcome else {
        Issue.record("row \(number) is not kept: \(outcome)")
        continue
      }
      #expect(row.prompts == [prompt], "row \(number)")
      #expect(row.completions == [chosen, rejected], "row \(number)")
    }
  }

  /// A template that opens the reply in every rendering, or twice, would show here.
  @Test(arguments: ["llama", "llama3", "qwen2"])
  func `the reply is opened once, behind the prompt and before the answer`(_ name: String) throws {
    let model = try ModelTokenizer(directory: Self.fixtures + "/hf/" + name)
    let encoder = TemplateEncoder(model)
    let turns = [Turn(role: "user", content: "Hi")]
    let closed = try encoder.render(turns, openingReply: false, tools: [], arguments: [])
    let open = try encoder.render(turns, openingReply: true, tools: [], arguments: [])
    #expect(open.hasPrefix(closed) && open.utf8.count > closed.utf8.count)
    let opening = open.dropFirst(closed.count)
    let whole = try encoder.render(
      turns + [Turn(role: "assistant", content: "ANSWER")], openingReply: false, tools: [], arguments: [])
    #expect(whole.split(separator: opening, omittingEmptySubsequences: false).count == 2)
    #expect(whole.hasPrefix(open + "ANSWER"))
  }
}

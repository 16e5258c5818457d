// The page about config strings says what the registry does: spellings and messages, word for word.

import BuiltinLosses
import Configuration
import PreferenceCore
import Testing

@Suite struct ConfigStringsPageTests {
  @Test func `canonical spellings are as the page shows them`() throws {
    let page = try SourceTree.text("Docs/ConfigStrings.md")
    let section = try #require(page.split(separator: "## The canonical spelling").last)
    let lines = section.prefix { $0 != "#" }.split(separator: "\n")
    let rows = lines.compactMap { line in
      line.wholeMatch(of: /\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|/)
    }
    #expect(rows.count >= 2)
    for row in rows {
      let typed = String(row.1)
      #expect(try LossRegistry.builtin.canonical(typed).description == row.2)
      #expect(try LossRegistry.builtin.canonical(typed, includingDefaults: true).description == row.3)
    }
  }

  @Test(arguments: [
    "dppo", "dpo(beta=-1)", "dpo(betta=1)", "dpo(gamma=1)", "dpo(ipo)", "0.7 dpo",
  ])
  func `messages are as the page shows them`(_ text: String) throws {
    let page = try SourceTree.text("Docs/ConfigStrings.md")
    let error = try #require(throws: ConfigurationError.self) { try LossRegistry.builtin.resolve(text) }
    #expect(page.contains("\n\(error)\n"), "\(error)")
  }
}

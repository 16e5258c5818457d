// Docs and registry agree: every loss has its page, every config string in the docs resolves.

import BuiltinLosses
import Configuration
import Foundation
import PreferenceCore
import Testing

@Suite struct DocumentationTests {
  static let headings = [
    "Formula", "Hyperparameters", "Logged metrics", "Implementation details", "Results",
  ]

  @Test(arguments: LossRegistry.builtin.entries.keys.sorted())
  func `a loss has a page`(_ name: String) throws {
    let page = try SourceTree.text("Docs/Losses/\(name).md")
    for heading in Self.headings {
      #expect(page.contains("\n## \(heading)\n"), "\(name).md has no '\(heading)'")
    }
  }

  @Test func `the catalogue lists what the registry holds, word for word`() throws {
    let row = /(?m)^\| \[`([^`]+)`\]\(([^)]+)\.md\) \| `([^`]+)` \| (\w+) \| ([^|]+) \| ([^|]+) \|$/
    var rows: [String: String] = [:]
    for match in try SourceTree.text("Docs/Losses/README.md").matches(of: row) {
      let name = String(match.1)
      #expect(name == match.2 && rows[name] == nil, "\(name) stands twice, or links to \(match.2)")
      rows[name] = String(match.0)
    }
    let entries = LossRegistry.builtin.entries
    #expect(rows.keys.sorted() == entries.keys.sorted())
    for (name, entry) in entries {
      let line = rows[name] ?? ""
      #expect(line.contains(" `\(Self.spelling(entry))` "), "\(name) is \(Self.spelling(entry))")
      #expect(line.lowercased().contains("| \(entry.origin) |"), "\(name) is brought by \(entry.origin)")
      for paper in entry.card.source.matches(of: /arXiv:[0-9.]*[0-9]/) {
        #expect(line.contains(paper.0), "\(name) is from \(paper.0)")
      }
    }
  }

  /// A loss with every hyperparameter at its default, inner losses by name.
  private static func spelling(_ entry: ComponentRegistry<any PreferenceLoss>.Entry) -> String {
    let knobs = entry.hyperparameters.map {
      $0.type == "loss" ? "\($0.default)" : "\($0.name)=\($0.default)"
    }
    return entry.card.name + (knobs.isEmpty ? "" : "(\(knobs.joined(separator: ", ")))")
  }

  @Test(arguments: LossRegistry.builtin.entries.keys.sorted())
  func `a page lists every hyperparameter with its default`(_ name: String) throws {
    let page = try SourceTree.text("Docs/Losses/\(name).md")
    for field in LossRegistry.builtin.entries[name]?.hyperparameters ?? [] {
      #expect(page.contains("`\(field.name)`"), "\(name).md does not mention '\(field.name)'")
    }
  }

  /// Markdown files of the package, without fixtures.
  static var pages: [(path: String, text: String)] {
    let walk = FileManager.default.enumerator(atPath: SourceTree.root.appending(path: "Docs").path)
    let docs = (walk?.allObjects ?? []).compactMap { $0 as? String }.filter { $0.hasSuffix(".md") }
    return (["README.md", "Plugins/README.md"] + docs.map { "Docs/" + $0 }).sorted().compactMap { path in
      (try? SourceTree.text(path)).map { (path, $0) }
    }
  }

  @Test func `every config string in the docs resolves`() throws {
    let pattern = /(?m)(?:^|[\s{,])loss: "([^"]+)"|--loss[ =]"([^"]+)"/
    var seen = 0
    for (path, text) in Self.pages {
      for match in text.matches(of: pattern) {
        let string = String(match.1 ?? match.2 ?? "")
        guard !string.contains("hyperbolic"), !string.contains("…") else { continue }
        seen += 1
        #expect(throws: Never.self, "\(path): \(string)") { try LossRegistry.builtin.resolve(string) }
      }
    }
    #expect(seen >= 5)
  }

  @Test func `links between pages lead somewhere`() {
    for (path, text) in Self.pages {
      let folder = path.split(separator: "/").dropLast().joined(separator: "/")
      for match in text.matches(of: /\]\(([^)#\s]+)(?:#[^)]*)?\)/) where !match.1.contains("://") {
        let target = ((folder as NSString).appendingPathComponent(String(match.1)) as NSString)
          .standardizingPath
        let there = FileManager.default.fileExists(atPath: SourceTree.root.appending(path: target).path)
        #expect(there, "\(path) links to \(match.1)")
      }
    }
  }
}

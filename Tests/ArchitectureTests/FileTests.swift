// The shape of files: one idea each, opened by a sentence, never long.

import Foundation
import Testing

@Suite struct FileTests {
  @Test func `no file is longer than 350 lines`() {
    for file in SourceTree.files(in: ["Sources", "Plugins", "Tests"]) {
      let count = file.lines.count - (file.text.hasSuffix("\n") ? 1 : 0)
      #expect(count <= 350, "\(file) has \(count) lines")
    }
  }

  @Test func `every file opens with a sentence that says what it is for`() {
    for file in SourceTree.files(in: ["Sources", "Plugins", "Tests"]) {
      let opening = file.lines.first ?? ""
      #expect(opening.hasPrefix("// ") && opening.count > 12, "\(file) opens with '\(opening)'")
      #expect(!opening.lowercased().contains("placeholder"), "\(file)")
    }
  }

  @Test func `nothing forces, swallows or postpones`() throws {
    let forced = try Regex(#"\btry!|\bas!\s|\bfatalError\("#)
    let postponed = try Regex(#"\b(TODO|FIXME|XXX)\b"#)
    for file in SourceTree.files(in: ["Sources", "Plugins"]) {
      #expect(file.code.firstMatch(of: forced) == nil, "\(file)")
      #expect(file.text.firstMatch(of: postponed) == nil, "\(file)")
    }
  }

  @Test func `every module says why it is as it is`() throws {
    for name in ["VectorKernels"] + (try SourceTree.manifestTable("layers").keys.sorted()) {
      let path = "Sources/\(name)/README.md"
      #expect((try? SourceTree.text(path))?.isEmpty == false, "\(path) is missing")
    }
  }
}

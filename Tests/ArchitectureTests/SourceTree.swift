// The package as files: what the architecture tests read.

import Foundation

/// One Swift file of the package.
struct SourceFile: Sendable, CustomStringConvertible {
  /// Its place below the package's root, such as `Sources/Tensors/Values/Tensor.swift`.
  let path: String
  let text: String

  var description: String { path }
  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

  /// The module it belongs to.
  var module: String {
    let parts = path.split(separator: "/")
    return parts[0] == "Plugins" ? "\(parts[1])Losses" : String(parts[1])
  }

  /// The modules it imports.
  var imports: [String] {
    lines.compactMap { line in
      let words = line.split(separator: " ")
      guard let at = words.firstIndex(of: "import"), at + 1 < words.count, at <= 2 else { return nil }
      guard words[..<at].allSatisfy({ $0 == "public" || $0.hasPrefix("@") || $0 == "package" }) else {
        return nil
      }
      return words[at + 1].split(separator: ".").first.map(String.init)
    }
  }

  /// Its code without comments and without the insides of string literals.
  var code: String {
    var result = ""
    var inBlock = false
    var inText = false
    for line in lines {
      let stripped = line.drop { $0 == " " }
      if stripped.hasSuffix("\"\"\"") || stripped.hasPrefix("\"\"\"") {
        if stripped.components(separatedBy: "\"\"\"").count == 2 { inText.toggle() }
        continue
      }
      if inText { continue }
      result += Self.withoutCommentsAndLiterals(line, inBlock: &inBlock) + "\n"
    }
    return result
  }

  private static func withoutCommentsAndLiterals(_ line: Substring, inBlock: inout Bool) -> String {
    var kept = ""
    var inLiteral = false
    var previous: Character = " "
    for (i, character) in zip(line.indices, line) {
      let rest = line[i...]
      if inBlock {
        if rest.hasPrefix("*/") { inBlock = false }
      } else if inLiteral {
        if character == "\"", previous != "\\" { inLiteral = false }
      } else if rest.hasPrefix("//") {
        break
      } else if rest.hasPrefix("/*") {
        inBlock = true
      } else if character == "\"" {
        inLiteral = true
      } else {
        kept.append(character)
      }
      previous = previous == "\\" && character == "\\" ? " " : character
    }
    return kept
  }
}

/// The package on disk.
enum SourceTree {
  /// The folder of `Package.swift`.
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every Swift file below some folders of the root, each once: links are left out.
  static func files(in folders: [String]) -> [SourceFile] {
    folders.flatMap { folder -> [SourceFile] in
      let base = root.appending(path: folder)
      let walk = FileManager.default.enumerator(at: base, includingPropertiesForKeys: [.isSymbolicLinkKey])
      return (walk?.allObjects ?? []).compactMap { item in
        guard let url = item as? URL, url.pathExtension == "swift" else { return nil }
        if (try? url.resourceValues(forKeys: [.isSymbolicLinkKey]))?.isSymbolicLink == true { return nil }
        guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
        return SourceFile(path: String(url.path.dropFirst(root.path.count + 1)), text: text)
      }
    }.sorted { $0.path < $1.path }
  }

  /// The text of one file below the root.
  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The rows `("Name", ["Import", …])` of the table `name` in Package.swift.
  static func manifestTable(_ name: String) throws -> [String: Set<String>] {
    let manifest = try text("Package.swift")
    guard let start = manifest.range(of: "let \(name): ["),
      let end = manifest.range(of: "\n]\n", range: start.upperBound..<manifest.endIndex)
    else { return [:] }
    var table: [String: Set<String>] = [:]
    let row = /\(\s*"([A-Za-z]+)",\s*\[([^\]]*)\]/
    for match in String(manifest[start.upperBound..<end.lowerBound]).matches(of: row) {
      let imports = match.2.split(separator: ",").map {
        $0.trimmingCharacters(in: .init(charactersIn: " \"\n"))
      }
      table[String(match.1)] = Set(imports)
    }
    return table
  }

  /// The names in the list `name` of Package.swift.
  static func manifestList(_ name: String) throws -> [String] {
    let manifest = try text("Package.swift")
    let list = try Regex("let \(name) = \\[([^\\]]*)\\]", as: (Substring, Substring).self)
    guard let match = manifest.firstMatch(of: list) else { return [] }
    return match.output.1.split(separator: ",").map {
      $0.trimmingCharacters(in: .init(charactersIn: " \"\n"))
    }
  }
}

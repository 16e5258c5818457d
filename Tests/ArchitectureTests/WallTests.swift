// The walls between modules: what each may import, and which words it may say.

import Foundation
import Testing

@Suite struct WallTests {
  /// What the toolchain brings and any module may use.
  static let toolchain: Set<String> = [
    "Swift", "Synchronization", "Dispatch", "Glibc", "Musl", "Darwin", "Android",
  ]
  /// The modules that may use Foundation: those that read and write files or talk to people.
  static let foundation: Set<String> = [
    "Tokenizers", "Safetensors", "PreferenceData", "Checkpoints", "ReferenceCache", "Reports", "prefer",
    "prefer-bench",
  ]

  @Test func `modules import what the table in the manifest allows`() throws {
    let layers = try SourceTree.manifestTable("layers")
    #expect(layers.count >= 15, "the table of layers could not be read")
    for file in SourceTree.files(in: ["Sources"]) {
      guard let allowed = layers[file.module] else { continue }
      for name in file.imports where !Self.toolchain.contains(name) && name != "Foundation" {
        #expect(allowed.contains(name), "\(file) imports \(name)")
      }
    }
  }

  @Test func `plugins import the core and nothing else`() {
    for file in SourceTree.files(in: ["Plugins"]) {
      #expect(file.imports.allSatisfy { $0 == "PreferenceCore" }, "\(file) imports \(file.imports)")
    }
  }

  @Test func `Foundation stays where files and people are`() {
    for file in SourceTree.files(in: ["Sources"]) where !Self.foundation.contains(file.module) {
      #expect(!file.imports.contains("Foundation"), "\(file) imports Foundation")
    }
  }

  @Test func `the core knows no layer above it`() throws {
    let layers = try SourceTree.manifestTable("layers")
    var reached: Set<String> = []
    var waiting = ["PreferenceCore"]
    while let name = waiting.popLast() {
      guard reached.insert(name).inserted else { continue }
      waiting += layers[name] ?? []
    }
    #expect(reached == ["PreferenceCore", "Configuration", "Optimizers", "Tensors", "VectorKernels"])
  }

  /// Words that give away a line in the wrong room; Docs/Architecture.md has the table.
  static let roomWords: [(rooms: [String], words: String)] = [
    (["Plugins", "Sources/PreferenceCore"], #"\blanes?\b|\bstride\b|SIMD\d+|Unsafe\w*"#),
    (["Plugins", "Sources/Configuration"], #"\bpullback\b|\bbroadcast\w*\b"#),
    (
      ["Sources/Tensors", "Sources/Optimizers", "Sources/TransformerModels"],
      #"(?i)\b(chosen|rejected|margins?|rewards?)\w*\b"#
    ),
    (["Sources/PreferenceCore", "Plugins"], #"(?i)\b(logits?|vocabulary|attention)\b"#),
    (
      [
        "Plugins", "Sources/PreferenceCore", "Sources/Tensors", "Sources/Configuration", "Sources/Optimizers",
        "Sources/LossConformance", "Sources/ChatTemplates",
      ], #"\bFileHandle\b|\bFileManager\b|\bURL\b"#
    ),
    (["Sources/PreferenceCore/Training"], #"\b(cosine|warmup)\w*\b"#),
  ]

  @Test func `rooms keep to their words`() throws {
    for (rooms, words) in Self.roomWords {
      let pattern = try Regex(words)
      for file in SourceTree.files(in: rooms) {
        for (index, line) in file.code.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
          #expect(line.firstMatch(of: pattern) == nil, "\(file):\(index + 1): \(line)")
        }
      }
    }
  }

  @Test func `papers are named in plugins and docs only`() {
    for file in SourceTree.files(in: ["Sources/PreferenceCore"]) {
      #expect(!file.text.contains("arXiv"), "\(file)")
    }
  }

  @Test func `only the command line prints or exits`() throws {
    let pattern = try Regex(#"(^|[^\w.])(print|debugPrint|exit|abort|fatalError)\("#)
    for file in SourceTree.files(in: ["Sources", "Plugins"])
    where !["prefer", "prefer-bench"].contains(file.module) {
      #expect(file.code.firstMatch(of: pattern) == nil, "\(file)")
    }
  }

  @Test func `unsafe memory stays in kernels, tensors, safetensors and plugin loading`() throws {
    let pattern = try Regex(#"\bUnsafe\w+|@unchecked"#)
    let allowed = ["VectorKernels", "Tensors", "Safetensors", "PluginInterface", "PluginLoading", "prefer"]
    for file in SourceTree.files(in: ["Sources", "Plugins"])
    where !allowed.contains(where: { file.module.hasPrefix($0) }) {
      #expect(file.code.firstMatch(of: pattern) == nil, "\(file)")
    }
  }
}

// Whole tokenizers of every kind against the reference implementation, over texts that are hard to get right.

import Foundation
import Testing

@testable import Tokenizers

@Suite struct ConfigurationTests {
  static let root = fixture("../tokenizers")
  /// Directories made with tokenizers 0.23.3: components in the combinations of published models, small vocabularies.
  static let names = [
    "byte-level-added-tokens", "byte-level-digits", "byte-level-folded-tokens", "byte-level-ideographs",
    "byte-level-llama3", "byte-level-mixed-case", "byte-level-possessive", "byte-level-word-ends",
    "byte-pairs-continued", "metaspace-first", "metaspace-first-replaced", "metaspace-never",
    "metaspace-prepended", "metaspace-stripped",
    "processors-in-sequence", "sentence-piece-added-tokens", "sentence-piece-fused-unknowns",
    "sentence-piece-gemma", "sentence-piece-phi3", "sentence-piece-unknowns", "split-contiguous-inverted",
    "split-merged", "unigram-added-tokens", "unigram-all-ties", "unigram-bytes", "unigram-charsmap",
    "unigram-ties", "word-piece", "word-piece-bert", "words",
  ]

  @Test func `every directory is tested`() throws {
    let entries = try FileManager.default.contentsOfDirectory(atPath: Self.root)
    #expect(entries.filter { !$0.contains(".") }.sorted() == Self.names)
  }

  @Test(arguments: names) func `gives the ids and texts of the reference`(_ name: String) throws {
    let tokenizer = try Tokenizer(directory: Self.root + "/" + name)
    let cases = try #require(
      try JSONValue(json: readBytes(of: Self.root + "/\(name)/cases.json")).array)
    #expect(cases.count == 40)
    for item in cases {
      let text = try #require(item["text"]?.string)
      let ids = GoldenTests.ids(item["ids"])
      let special = item["special"].map { GoldenTests.ids($0) } ?? ids
      let decoded = item["decoded"]?.string ?? text
      #expect(tokenizer.encode(text, addingSpecials: false) == ids, "\(text)")
      // Once more, now that the pieces are known.
      #expect(tokenizer.encode(text, addingSpecials: true) == special, "\(text)")
      #expect(tokenizer.decode(ids, skippingSpecials: false).utf8.elementsEqual(decoded.utf8), "\(text)")
      let skipped = tokenizer.decode(special, skippingSpecials: true)
      #expect(skipped.utf8.elementsEqual((item["skipped"]?.string ?? decoded).utf8), "\(text)")
    }
  }

  /// A directory of the settings' fixture, written out.
  private func directory(_ item: JSONValue, vocabulary: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.path + "/tokenizer-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    func write(_ text: String, _ name: String) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
    }
    for file in item["files"]?.members ?? [] { try write(Self.text(file.value), file.key) }
    let byteLevel = #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}"#
    try write(
      """
      {"added_tokens": \(Self.text(item["added_tokens"] ?? .null)), "normalizer": null,
      "pre_tokenizer": \(byteLevel), "decoder": \(byteLevel),
      "post_processor": \(Self.text(item["post_processor"] ?? .null)),
      "padding": \(Self.text(item["padding"] ?? .null)),
      "model": {"type": "BPE", "unk_token": "<unk>", "merges": [], "vocab": \(vocabulary)}}
      """, "tokenizer.json")
    return folder
  }

  /// A value as JSON text.
  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .boolean(let flag): "\(flag)"
    case .number(let number): "\(Int(number))"
    case .string(let string): "\"" + string + "\""
    case .array(let elements): "[" + elements.map(text).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { "\"\($0.key)\":" + text($0.value) }.joined(separator: ",") + "}"
    }
  }

  @Test func `settings join their tokens to the file's as transformers does`() throws {
    let fixture = try JSONValue(json: readBytes(of: Self.root + "/settings.json"))
    let directories = try #require(fixture["directories"]?.array)
    #expect(directories.count == 31)
    for item in directories {
      let name = item["name"]?.string ?? ""
      let folder = try directory(item, vocabulary: Self.text(fixture["vocabulary"] ?? .null))
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let tokenizer = try Tokenizer(directory: folder)
      let roles = item["special_tokens_map"]?.members.map { ($0.key, $0.value.string ?? "") } ?? []
      #expect(tokenizer.specialTokens == Dictionary(uniqueKeysWithValues: roles), "\(name)")
      for example in item["cases"]?.array ?? [] {
        let text = try #require(example["text"]?.string)
        let special = tokenizer.encode(text, addingSpecials: true)
        let ids = tokenizer.encode(text, addingSpecials: false)
        #expect(ids == GoldenTests.ids(example["ids"]), "\(name): \(text)")
        #expect(special == GoldenTests.ids(example["special"]), "\(name): \(text)")
        #expect(
          tokenizer.decode(ids, skippingSpecials: false) == example["decoded"]?.string, "\(name): \(text)")
        #expect(
          tokenizer.decode(special, skippingSpecials: true) == example["skipped"]?.string, "\(name): \(text)")
      }
    }
  }
}

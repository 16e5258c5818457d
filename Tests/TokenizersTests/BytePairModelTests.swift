// Merging: its two implementations against each other, and the options of the model.

import Testing

@testable import Tokenizers

@Suite struct BytePairModelTests {
  private func tokenizer(_ options: String = "", vocabulary: String, merges: String) throws -> Tokenizer {
    try Tokenizer(
      tokenizerJSON: #"{"model": {"vocab": \#(vocabulary), "merges": \#(merges)\#(options)}}"#)
  }

  @Test func `both spellings of merges mean the same`() throws {
    let vocabulary = #"{"a": 0, "b": 1, "ab": 2, "abb": 3}"#
    let strings = try tokenizer(vocabulary: vocabulary, merges: #"["a b", "ab b"]"#)
    let pairs = try tokenizer(vocabulary: vocabulary, merges: #"[["a", "b"], ["ab", "b"]]"#)
    for text in ["ab", "abb", "abbb", "ba", "aabb"] {
      #expect(strings.encode(text, addingSpecials: false) == pairs.encode(text, addingSpecials: false))
    }
    #expect(pairs.encode("aabbb", addingSpecials: false) == [0, 3, 1])
  }

  @Test func `the better rank merges first, and of equals the left one`() throws {
    let tokenizer = try tokenizer(
      vocabulary: #"{"a": 0, "b": 1, "c": 2, "bc": 3, "ab": 4, "aa": 5}"#, merges: #"["b c", "a b", "a a"]"#)
    #expect(tokenizer.encode("abc", addingSpecials: false) == [0, 3])
    #expect(tokenizer.encode("aaa", addingSpecials: false) == [5, 0])
  }

  @Test func `whole pieces come first when merges are ignored`() throws {
    let vocabulary = #"{"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4}"#
    let merging = try tokenizer(vocabulary: vocabulary, merges: #"["a b"]"#)
    let ignoring = try tokenizer(#", "ignore_merges": true"#, vocabulary: vocabulary, merges: #"["a b"]"#)
    #expect(merging.encode("abc", addingSpecials: false) == [3, 2])
    #expect(ignoring.encode("abc", addingSpecials: false) == [4])
    #expect(ignoring.encode("abcab", addingSpecials: false) == [3, 2, 3])
  }

  @Test func `unknown characters become bytes, the unknown token, or nothing`() throws {
    let vocabulary = #"{"a": 0, "?": 1, "<0xC3>": 2, "<0xA9>": 3}"#
    let dropping = try tokenizer(vocabulary: vocabulary, merges: "[]")
    #expect(dropping.encode("aéx", addingSpecials: false) == [0])
    let each = try tokenizer(#", "unk_token": "?""#, vocabulary: vocabulary, merges: "[]")
    #expect(each.encode("xya", addingSpecials: false) == [1, 1, 0])
    let fused = try tokenizer(#", "unk_token": "?", "fuse_unk": true"#, vocabulary: vocabulary, merges: "[]")
    #expect(fused.encode("xyaz", addingSpecials: false) == [1, 0, 1])
    let bytes = try tokenizer(
      #", "unk_token": "?", "byte_fallback": true"#, vocabulary: vocabulary, merges: "[]")
    #expect(bytes.encode("éaü", addingSpecials: false) == [2, 3, 0, 1])
  }

  @Test func `the heap merges as scanning does`() throws {
    let file = try TokenizerFile(readBytes(of: fixture("llama") + "/tokenizer.json"))
    let model = try #require(file.model as? BytePairModel)
    var generator = SeededGenerator(state: 7)
    let letters = Array("abcdehinorst".unicodeScalars)
    for length in 2..<BytePairModel.scanLimit {
      let text = (0..<length).map { _ in letters[Int(generator.next() % UInt64(letters.count))] }
      var scanned = ModelScratch()
      scanned.ids = text.compactMap { model.vocabulary.id(of: String(Character($0))) }
      var heaped = scanned
      model.mergeByScanning(&scanned)
      model.mergeByHeap(&heaped)
      #expect(scanned.ids == heaped.ids)
    }
  }

  @Test func `long pieces decode to themselves`() throws {
    let tokenizer = try Tokenizer(directory: fixture("llama"))
    let text = String(repeating: "theremustbeanotherwayaround", count: 1000)
    let ids = tokenizer.encode(text, addingSpecials: false)
    #expect(ids.count < text.utf8.count)
    #expect(tokenizer.decode(ids, skippingSpecials: false) == text)
  }
}

/// A small generator with a seed, so that tests repeat.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state ^ (state >> 31)) >> 8
  }
}

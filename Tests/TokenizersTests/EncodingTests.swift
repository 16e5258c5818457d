// Known pieces, cut texts and passed-over alternatives change nothing but the time.

import Foundation
import Testing

@testable import Tokenizers

@Suite struct EncodingTests {
  private func text(_ generator: inout SeededGenerator, _ letters: [Unicode.Scalar], count: Int) -> [Unicode
    .Scalar]
  {
    (0..<count).map { _ in letters[Int(generator.next() % UInt64(letters.count))] }
  }

  @Test func `stretches that no merge crosses have the ids of the whole`() throws {
    // Real SentencePiece vocabularies have no merge across the mark of a space; this one has one.
    let json = #"""
      {"model": {"type": "BPE", "unk_token": "?", "fuse_unk": true, "byte_fallback": true, "vocab":
      {"?": 0, "▁": 1, "a": 2, "b": 3, "c": 4, "ab": 5, "▁a": 6, "c▁": 7, "ab▁a": 8, "ca": 9, "<0xC3>": 10,
      "<0xA9>": 11, "▁▁": 12, "ab▁": 13},
      "merges": ["▁ a", "a b", "c ▁", "ab ▁a", "c a", "▁ ▁", "ab ▁"]}}
      """#
    let file = try TokenizerFile(Array(json.utf8))
    let model = try #require(file.model as? BytePairModel)
    var generator = SeededGenerator(state: 3)
    var cuts = 0
    for _ in 0..<300 {
      let text = text(&generator, Array("▁▁abcé日".unicodeScalars), count: 40)
      var (scratch, whole, parts) = (ModelScratch(), [Int32](), [Int32]())
      var stretches: [Range<Int>] = []
      model.encode(text, text.indices, scratch: &scratch, into: &whole)
      model.cut(text, text.indices, into: &stretches)
      for stretch in stretches { model.encode(text, stretch, scratch: &scratch, into: &parts) }
      #expect(parts == whole)
      #expect(stretches.reduce(0) { $0 + $1.count } == text.count)
      cuts += stretches.count - 1
    }
    #expect(cuts > 300)
  }

  @Test func `known pieces keep their ids when the table fills up`() throws {
    var cache = PieceCache()
    var generator = SeededGenerator(state: 5)
    var output: [Int32] = []
    for round in 0..<70_000 {
      let piece = text(&generator, Array("abcdefgh".unicodeScalars), count: 1 + round % PieceCache.longest)
      let hash = PieceCache.hash(piece, piece.indices)
      output.removeAll()
      let expected = piece.map { Int32($0.value) }
      if cache.append(piece, piece.indices, hash: hash, to: &output) {
        #expect(output == expected)
      } else {
        cache.insert(piece, piece.indices, hash: hash, expected[...])
      }
    }
  }

  @Test func `many tasks share a tokenizer`() async throws {
    let tokenizer = try Tokenizer(directory: fixture("qwen2"))
    let texts = (0..<40).map { "text \($0): the model prefers \($0 * 7) short answers, é \($0)" }
    let expected = texts.map { tokenizer.encode($0, addingSpecials: false) }
    await withTaskGroup(of: (Int, [Int32]).self) { group in
      for (index, text) in texts.enumerated() {
        group.addTask { (index, tokenizer.encode(text, addingSpecials: false)) }
      }
      for await (index, ids) in group { #expect(ids == expected[index]) }
    }
  }

  @Test(arguments: [
    (#"a|\s+(?!\S)|[^\s\d]?x+|\d{0}z|(?:b?c)*d|\p{L}"#, "abcdxz 1éq  d")
  ]) func `alternatives that cannot start are the only ones passed over`(_ pattern: String, _ text: String)
    throws
  {
    let choices = try pattern.split(separator: "|").map { try Pattern(String($0)) }
    let whole = try Pattern(pattern)
    let scalars = Array(text.unicodeScalars)
    var found: [Range<Int>] = []
    whole.forEachMatch(in: scalars, scalars.indices) { found.append($0) }
    // By definition: at each place, the first alternative that matches there.
    var expected: [Range<Int>] = []
    var start = 0
    while start <= scalars.count {
      let matches = choices.compactMap { choice -> Range<Int>? in
        var first: Range<Int>?
        choice.forEachMatch(in: scalars, start..<scalars.count) { first = first ?? $0 }
        return first?.lowerBound == start ? first : nil
      }
      guard let match = matches.first else {
        start += 1
        continue
      }
      expected.append(match)
      start = match.isEmpty ? start + 1 : match.upperBound
    }
    #expect(found == expected)
  }

  @Test func `composed text is recognised only where composing changes nothing`() {
    // Where marks are, every scalar, behind a letter that composes with much; elsewhere one of seventeen.
    let marked: [Range<UInt32>] = [0x300..<0x3200, 0xA640..<0xAC00, 0xF900..<0x11A00, 0x1D000..<0x1D200]
    let values = marked.flatMap(Array.init) + Array(stride(from: 0x3200 as UInt32, to: 0x20000, by: 17))
    let changing = values.compactMap { Unicode.Scalar($0) }.filter { scalar in
      let text: [Unicode.Scalar] = ["e", scalar]
      let string = String(String.UnicodeScalarView(text))
      return UnicodeNormalizer.composed.normalize(text) == text
        && !string.precomposedStringWithCanonicalMapping.unicodeScalars.elementsEqual(text)
    }
    // Only what the reference implementation's tables do not have yet may differ.
    #expect(changing.allSatisfy(UnicodeEdition.nine.lacks))
  }

  @Test func `numbers are read as the reference implementation reads them`() throws {
    // Rounded once for 17 digits and once for the power of ten, unlike the nearest number.
    var reader = try JSONReader(Array("[-0.09876334465914771, -12.505316585472645, -3, 1e-7, 2.5E2]".utf8))
    var scores: [Double] = []
    try reader.beginArray()
    while try reader.nextElement() { scores.append(try #require(try reader.score())) }
    #expect(scores == [-0.09876334465914773, -12.505316585472643, -3, 1e-7, 250])
  }
}

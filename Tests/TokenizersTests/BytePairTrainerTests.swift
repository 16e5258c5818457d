// What the trainer learns, and that the tokenizer it writes reads back.

import Testing

@testable import Tokenizers

@Suite struct BytePairTrainerTests {
  static let texts = ["the cat sat on the mat", "the hat \"that\" the cat\\had", "naïve 🙂\tthe end\n"]

  @Test func `every text survives a trained tokenizer`() throws {
    let json = BytePairTrainer.train(
      texts: Self.texts, vocabularySize: 280, specialTokens: ["<|end|>", "<|\"|>"])
    let tokenizer = try Tokenizer(tokenizerJSON: json)
    #expect(tokenizer.vocabularyCount <= 280)
    for text in Self.texts + ["日本語", "\u{0}\u{7F}"] {
      #expect(tokenizer.decode(tokenizer.encode(text, addingSpecials: true), skippingSpecials: false) == text)
    }
    #expect(tokenizer.encode("<|\"|><|end|>", addingSpecials: false) == [1, 0])
    #expect(tokenizer.specialIDs == [0, 1])
  }

  @Test func `frequent pairs merge first, ties by smaller ids`() throws {
    let json = BytePairTrainer.train(texts: ["ab ab ab cd cd"], vocabularySize: 260)
    let merges = try #require(try JSONValue(json: Array(json.utf8))["model"]?["merges"]?.array)
    let words = merges.map { ($0.array ?? []).compactMap(\.string) }
    #expect(words == [["a", "b"], ["c", "d"], ["Ġ", "ab"], ["Ġ", "cd"]])
  }

  @Test func `equal texts give equal tokenizers`() {
    let once = BytePairTrainer.train(texts: Self.texts, vocabularySize: 300)
    let again = BytePairTrainer.train(texts: Self.texts, vocabularySize: 300)
    #expect(once == again)
  }

  @Test func `learning stops where no pair comes twice`() throws {
    let tokenizer = try Tokenizer(tokenizerJSON: BytePairTrainer.train(texts: ["xyz"], vocabularySize: 1000))
    #expect(tokenizer.vocabularyCount == 256)
  }
}

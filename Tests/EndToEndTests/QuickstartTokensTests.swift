// The quickstart's texts are short for the tokenizer that is trained on them.

import Testing
import Tokenizers

@testable import prefer

@Suite struct QuickstartTokensTests {
  @Test func `questions and answers fit a small model`() throws {
    let corpus = QuickstartCorpus(seed: 1, preferenceCount: 400, heldOutCount: 60, demonstrationCount: 100)
    let json = BytePairTrainer.train(
      texts: corpus.texts, vocabularySize: 1000, specialTokens: QuickstartCorpus.specialTokens)
    let tokenizer = try Tokenizer(tokenizerJSON: json)
    func length(_ text: String) -> Int { tokenizer.encode(text, addingSpecials: false).count }
    let rows = corpus.heldOut
    let questions = rows.map { length("<|user|>" + $0.question + "<|end|><|assistant|>") }
    let answers = rows.flatMap { [length($0.chosen + "<|end|>"), length($0.rejected + "<|end|>")] }
    #expect(questions.allSatisfy { $0 <= 24 })
    #expect(answers.allSatisfy { $0 <= 30 })
    #expect(tokenizer.vocabularyCount <= 1000)
  }
}

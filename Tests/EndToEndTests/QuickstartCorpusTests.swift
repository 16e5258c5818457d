// The quickstart's corpus says what it claims to say.

import Testing

@testable import prefer

@Suite struct QuickstartCorpusTests {
  private static let shared = QuickstartCorpus(seed: 1)
  private var corpus: QuickstartCorpus { Self.shared }

  @Test func `the same seed gives the same rows, another seed others`() {
    let again = QuickstartCorpus(seed: 1)
    #expect(again.preferences == corpus.preferences && again.heldOut == corpus.heldOut)
    #expect(again.demonstrations == corpus.demonstrations)
    #expect(QuickstartCorpus(seed: 2).preferences != corpus.preferences)
  }

  @Test func `no held-out question is learned from, and none is asked twice`() {
    let held = Set(corpus.heldOut.map(\.question))
    let learned = Set(corpus.preferences.map(\.question))
    #expect(held.count == 200 && learned.count == 1600)
    #expect(held.isDisjoint(with: learned))
    #expect(held.isDisjoint(with: corpus.demonstrations.map(\.question)))
  }

  @Test func `every chosen answer is good and no rejected one is`() {
    for row in corpus.preferences.prefix(500) + corpus.heldOut {
      #expect(QuickstartVerdict(question: row.question, answer: row.chosen).isGood, "\(row)")
      #expect(!QuickstartVerdict(question: row.question, answer: row.rejected).isGood, "\(row)")
      #expect(row.helpfulness[0] > row.helpfulness[1])
    }
  }

  @Test func `demonstrations are of both manners in about equal shares`() {
    let good = corpus.demonstrations.count {
      QuickstartVerdict(question: $0.question, answer: $0.answer).isGood
    }
    #expect((1800...2200).contains(good))
  }

  @Test(arguments: [
    ("How do I cook rice?", "Gladly! Rinse the rice and simmer it with a lid.", true, true),
    ("How do I cook rice?", "Gladly! The library is beside the old church.", true, false),
    ("How do I cook rice?", "Rinse the rice and simmer it with a lid.", false, true),
    ("How do I cook rice?", "Gladly! Rice rice rice.", true, false),
    ("How do I cook rice?", "Rice? No idea.", false, false),
    (
      "Where is the pool?", "Of course! The pool is inside the sports hall. Stop asking me about pool.",
      false, true
    ),
    ("Where is the pool?", "", false, false),
    ("Where is it?", "Gladly! The pool is inside the sports hall.", true, false),
  ])
  func `judges`(_ question: String, _ answer: String, _ isPolite: Bool, _ isOnTopic: Bool) {
    let verdict = QuickstartVerdict(question: question, answer: answer)
    #expect(verdict == QuickstartVerdict(isPolite: isPolite, isOnTopic: isOnTopic))
    #expect(verdict.score == (isPolite ? 0.5 : 0) + (isOnTopic ? 0.5 : 0))
  }

  @Test func `texts are short and of a small vocabulary`() {
    func pieces(_ text: String) -> [String] {
      var count: [String] = []
      for word in text.split(separator: " ") {
        count.append(String(word.filter(\.isLetter)))
        count += word.filter { !$0.isLetter }.map(String.init)
      }
      return count
    }
    #expect(corpus.preferences.allSatisfy { pieces($0.question).count <= 20 })
    #expect(corpus.preferences.allSatisfy { max(pieces($0.chosen).count, pieces($0.rejected).count) <= 24 })
    let words = Set(corpus.texts.flatMap(pieces))
    #expect((300...700).contains(words.count), "\(words.count)")
  }

  @Test func `rows are lines of JSON that name their columns`() {
    let line = QuickstartCorpus.lines(Array(corpus.preferences.prefix(1)))[0]
    let row = corpus.preferences[0]
    #expect(
      line == "{\"prompt\": [{\"role\": \"user\", \"content\": \"\(row.question)\"}], "
        + "\"chosen\": [{\"role\": \"assistant\", \"content\": \"\(row.chosen)\"}], "
        + "\"rejected\": [{\"role\": \"assistant\", \"content\": \"\(row.rejected)\"}], "
        + "\"helpfulness\": [\(row.helpfulness[0]), \(row.helpfulness[1])]}")
    #expect(!corpus.texts.contains { $0.contains { $0 == "\"" || $0 == "\\" || $0.isNewline } })
  }
}

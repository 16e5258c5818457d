// The data of the quickstart: everyday questions, answered helpfully and otherwise.

/// A seeded set of short conversations to make a small model talk, and then talk nicely.
///
/// A question about one of 60 topics has a helpful answer (polite and to the point) and another that is
/// curt, mildly rude, or about something else. Demonstrations mix both manners, so that a model fitted
/// to them answers in both; preferences say which one people like. No held-out question is among the
/// others. The same seed gives the same bytes on every platform.
struct QuickstartCorpus: Sendable {
  /// A question with a better and a worse answer.
  struct Comparison: Sendable, Hashable {
    /// What was asked.
    let question: String
    /// The helpful answer.
    let chosen: String
    /// The other answer.
    let rejected: String
    /// How helpful each is, from 0 to 1: a column for auxiliary rewards.
    let helpfulness: [Double]
  }

  /// A question with an answer of either manner.
  struct Demonstration: Sendable, Hashable {
    /// What was asked.
    let question: String
    /// What was answered.
    let answer: String
  }

  /// What to learn preferences from.
  let preferences: [Comparison]
  /// What to measure by; their questions occur nowhere else.
  let heldOut: [Comparison]
  /// What to learn the language from.
  let demonstrations: [Demonstration]

  /// Draws a corpus; `preferenceCount + heldOutCount` is at most 7200, the number of questions there are.
  init(seed: UInt64, preferenceCount: Int = 1600, heldOutCount: Int = 200, demonstrationCount: Int = 4000) {
    var chance = Chance(state: seed)
    var questions = Self.questions
    precondition(
      preferenceCount + heldOutCount <= questions.count && preferenceCount > 0,
      "there are \(questions.count) questions, not \(preferenceCount) + \(heldOutCount)")
    chance.shuffle(&questions)
    heldOut = questions.prefix(heldOutCount).map { chance.comparison($0) }
    let rest = questions.dropFirst(heldOutCount)
    preferences = rest.prefix(preferenceCount).map { chance.comparison($0) }
    let others = Array(rest)
    demonstrations = (0..<demonstrationCount).map { index in
      let question = others[index % others.count]
      let answer = chance.isHeads() ? chance.helpful(question).text : chance.unhelpful(question).text
      return Demonstration(question: question.text, answer: answer)
    }
  }

  /// The special tokens of the model, padding first, the end of a turn second.
  static let specialTokens = ["<|pad|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]
  /// The token that ends an answer.
  static let endToken = "<|end|>"
  /// The chat template of the model: each turn between its speaker's token and `<|end|>`.
  static let chatTemplate =
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    + "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"

  /// Every text of the part that may be learned from, for the tokenizer.
  var texts: [String] {
    demonstrations.flatMap { [$0.question, $0.answer] }
      + preferences.flatMap { [$0.question, $0.chosen, $0.rejected] }
  }

  /// Preference rows, a JSON object each.
  static func lines(_ comparisons: [Comparison]) -> [String] {
    comparisons.map { row in
      let scores = row.helpfulness.map { "\($0)" }.joined(separator: ", ")
      return "{\"prompt\": \(turn("user", row.question)), \"chosen\": \(turn("assistant", row.chosen)), "
        + "\"rejected\": \(turn("assistant", row.rejected)), \"helpfulness\": [\(scores)]}"
    }
  }

  /// Demonstration rows, a JSON object each.
  static func lines(_ demonstrations: [Demonstration]) -> [String] {
    demonstrations.map { row in
      "{\"prompt\": \(turn("user", row.question)), \"completion\": \(turn("assistant", row.answer))}"
    }
  }

  /// One message in a list; the corpus has no character that JSON escapes.
  private static func turn(_ role: String, _ content: String) -> String {
    "[{\"role\": \"\(role)\", \"content\": \"\(content)\"}]"
  }
}

extension QuickstartCorpus {
  /// A question and where in the small world it belongs.
  private struct Question {
    var text: String
    var field: Int
    var topic: QuickstartTopic
  }

  /// Every question there is.
  private static var questions: [Question] {
    QuickstartWords.fields.enumerated().flatMap { index, field in
      field.topics.flatMap { topic in
        field.questions.flatMap { question in
          QuickstartWords.openings.flatMap { opening in
            QuickstartWords.endings.map { ending in
              let asked = question.split(separator: "@", omittingEmptySubsequences: false).joined(
                separator: topic.name)
              return Question(text: opening + asked + ending, field: index, topic: topic)
            }
          }
        }
      }
    }
  }

  /// SplitMix64, and what is drawn with it.
  private struct Chance {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }

    mutating func isHeads() -> Bool { next() >> 63 == 1 }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    mutating func shuffle<Element>(_ items: inout [Element]) {
      for i in stride(from: items.count - 1, to: 0, by: -1) { items.swapAt(i, below(i + 1)) }
    }

    mutating func helpful(_ question: Question) -> (text: String, worth: Double) {
      let closing = pick(QuickstartWords.closings)
      let text = pick(QuickstartWords.courtesies) + " " + pick(question.topic.answers) + closing
      return (text, closing.isEmpty ? 0.9 : 1)
    }

    mutating func unhelpful(_ question: Question) -> (text: String, worth: Double) {
      switch below(3) {
      case 0: return (naming(question.topic, pick(QuickstartWords.curt)), 0.2)
      case 1: return (naming(question.topic, pick(QuickstartWords.rude)), 0)
      default:
        let fields = QuickstartWords.fields
        let field = fields[(question.field + 1 + below(fields.count - 1)) % fields.count]
        let answer = pick(pick(field.topics).answers)
        return (pick(QuickstartWords.courtesies) + " " + answer + pick(QuickstartWords.closings), 0.4)
      }
    }

    mutating func comparison(_ question: Question) -> Comparison {
      let (better, worse) = (helpful(question), unhelpful(question))
      return Comparison(
        question: question.text, chosen: better.text, rejected: worse.text,
        helpfulness: [better.worth, worse.worth])
    }

    private func naming(_ topic: QuickstartTopic, _ phrase: String) -> String {
      let text = phrase.split(separator: "@", omittingEmptySubsequences: false).joined(separator: topic.name)
      return text.prefix(1).uppercased() + text.dropFirst()
    }
  }
}

// The truth behind the quickstart: whether an answer is polite and to the point.

/// What an answer is worth, judged by its words alone.
struct QuickstartVerdict: Sendable, Hashable {
  /// Whether it begins with a courtesy and says nothing curt or rude.
  var isPolite: Bool
  /// Whether it names what was asked about and says what there is to say of it.
  var isOnTopic: Bool

  /// Both.
  var isGood: Bool { isPolite && isOnTopic }
  /// From 0 to 1, half for each.
  var score: Double { (isPolite ? 0.5 : 0) + (isOnTopic ? 0.5 : 0) }
}

extension QuickstartVerdict {
  /// Judges `answer` to `question`.
  ///
  /// The question's topic is found by name. To be on topic, an answer names it too, and shares at least
  /// two words of four letters or more with the answers known for it.
  init(question: String, answer: String) {
    let asked = Self.words(question)
    let said = Self.words(answer)
    let lowered = answer.lowercased()
    let isCurtOrRude = Self.badManners.contains { lowered.contains($0) }
    isPolite = Self.courtesies.contains { lowered.hasPrefix($0) } && !isCurtOrRude
    let topic = Self.topics.first { asked.contains($0.name) }
    isOnTopic = topic.map { said.contains($0.name) && said.intersection($0.substance).count >= 2 } ?? false
  }

  private static let courtesies = QuickstartWords.courtesies.map { $0.lowercased() }

  /// What curt and rude answers say, without the topic they name.
  private static let badManners = (QuickstartWords.curt + QuickstartWords.rude).map { phrase in
    String(phrase.lowercased().split(separator: "@").max { $0.count < $1.count } ?? "")
  }

  /// Every topic with the words that an answer about it is made of, its name left out.
  private static let topics: [(name: String, substance: Set<String>)] = QuickstartWords.fields
    .flatMap(\.topics).map { topic in
      let name = topic.name.lowercased()
      return (name, words(topic.answers.joined(separator: " ")).filter { $0.count >= 4 && $0 != name })
    }

  /// The words of `text` in lower case.
  private static func words(_ text: String) -> Set<String> {
    Set(text.lowercased().split { !$0.isLetter }.map(String.init))
  }
}

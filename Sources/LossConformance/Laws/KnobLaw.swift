// Law: every hyperparameter changes the value or the gradient of some batch.

import PreferenceCore

extension LossConformance {
  /// A knob that does nothing promises something it does not keep; so does a word that means the same as another.
  /// A knob may wait for another's word, as an order does for its divergence: until then it must be refused.
  static func everyKnobHasAnEffect(_ subject: Subject) -> Verdict {
    guard subject.name != nil else { return .exempt("a sum's knobs are its parts'") }
    guard !subject.arguments.isEmpty else { return .exempt("it has no hyperparameters") }
    var violations: [Violation] = []
    for argument in subject.arguments {
      guard let name = argument.name else { continue }
      let settings = candidates(for: name, subject).filter { $0 != argument.value }
      let accepted = settings.compactMap { value in subject.setting(name, to: value).map { (value, $0) } }
      // What other settings leave without an effect is rightly refused.
      if accepted.isEmpty, !subject.isAtDefaults || waits(name, settings, subject) { continue }
      // Of the losses that fill a slot one will do: the registry may have many.
      let isSlot = subject.slots.contains { $0.name == name }
      let effective =
        isSlot
        ? accepted.first { hasEffect(of: $0.1, against: subject.loss) }.map { [$0] } ?? []
        : accepted.filter { hasEffect(of: $0.1, against: subject.loss) }
      if effective.isEmpty {
        violations.append(Violation(.knobs, "'\(name)' changes neither value nor gradient"))
      }
      // Numbers may well have ranges in which they do not matter; words may not be synonyms.
      for (value, _) in accepted
      where !isSlot && isWord(value) && !effective.contains(where: { $0.0 == value }) {
        violations.append(
          Violation(.knobs, "\(name)=\(value) is no different from \(name)=\(argument.value)"))
      }
    }
    return verdict(of: violations)
  }

  /// Whether a knob that is refused now has an effect once another one is set to some word.
  static func waits(_ name: String, _ settings: [Literal], _ subject: Subject) -> Bool {
    subject.arguments.contains { other in
      guard let key = other.name, key != name else { return false }
      return candidates(for: key, subject).contains { word in
        guard isWord(word), let open = subject.setting(key, to: word) else { return false }
        let opened = Subject(loss: open, text: subject.text, registry: subject.registry)
        return settings.contains { value in
          opened.setting(name, to: value).map { hasEffect(of: $0, against: open) } ?? false
        }
      }
    }
  }

  /// Values worth trying for a hyperparameter: what its type names, numbers of all sizes, names, lists, losses.
  static func candidates(for name: String, _ subject: Subject) -> [Literal] {
    let numbers = [0, 0.013, 0.07, 0.31, 0.83, 1, 1.7, 3, 7.3, 45].map { Literal.number($0) }
    guard let own = subject.name,
      let field = subject.registry.entries[own]?.hyperparameters.first(where: { $0.name == name })
    else { return numbers }
    if subject.slots.contains(where: { $0.name == name }) {
      let others = subject.registry.entries.keys.sorted().filter { $0 != own }
      return others.map { .word($0) }
    }
    let words = field.type.split(separator: "|").map(String.init).filter {
      $0 != "number" && !$0.contains(" ")
    }
    let names = [Literal.word("another"), .list([.word("another"), .word("third")])]
    return words.map { .word($0) } + numbers + names
  }

  private static func isWord(_ value: Literal) -> Bool { if case .word = value { true } else { false } }

  private static func hasEffect(of changed: any PreferenceLoss, against loss: any PreferenceLoss) -> Bool {
    // Other columns or statistics are an effect by themselves.
    if changed.requirements.annotations != loss.requirements.annotations { return true }
    let needs = changed.requirements.union(loss.requirements)
    guard needs.conflict == nil else { return true }
    return Subject.seeds.contains { seed in
      let fixture = Fixture(needs, seed: seed)
      return [fixture, fixture.tied].contains {
        Evaluation(changed, $0).differs(from: Evaluation(loss, $0))
      }
    }
  }
}

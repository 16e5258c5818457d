// Law: the card is complete, and a loss is what its printed form says.

import PreferenceCore

extension LossConformance {
  /// Complete card, well-formed names, documented fields, defaults within their ranges, and
  /// `parse(print(x)) = x`, with every field writable.
  static func cardIsComplete(_ subject: Subject) -> Verdict {
    guard let name = subject.name else { return .exempt("a sum has no card of its own") }
    let card = type(of: subject.loss).card
    var problems: [String] = []
    if card.summary.isEmpty { problems.append("the card has no summary") }
    if card.formula.isEmpty { problems.append("the card has no formula") }
    if card.source.isEmpty { problems.append("the card has no source") }
    if !isWellFormed(name, separator: "-") { problems.append("'\(name)' is not a kebab-case name") }
    for field in subject.registry.entries[name]?.hyperparameters ?? [] {
      if !isWellFormed(field.name, separator: "_") {
        problems.append("'\(field.name)' is not a snake_case name")
      }
      if field.documentation.isEmpty { problems.append("'\(field.name)' has no documentation") }
    }
    problems += printingProblems(subject, name)
    return verdict(of: problems.map { Violation(.card, $0) })
  }

  private static func printingProblems(_ subject: Subject, _ name: String) -> [String] {
    let printed = Expression.named(name, subject.arguments).description
    let again: any PreferenceLoss
    do { again = try subject.registry.resolve(printed) } catch {
      return ["its own printed form '\(printed)' is refused: \(error)"]
    }
    let second = Subject(loss: again, text: printed, registry: subject.registry)
    let reprinted = Expression.named(name, second.arguments).description
    var problems = reprinted == printed ? [] : ["'\(printed)' is read back as '\(reprinted)'"]
    for argument in subject.arguments {
      guard let field = argument.name else { continue }
      let accepted = candidates(for: field, subject).filter { $0 != argument.value }
      let written = accepted.contains { value in
        guard let changed = subject.setting(field, to: value) else { return false }
        let now = Subject(loss: changed, text: printed, registry: subject.registry).arguments
        return now.first { $0.name == field }?.value == value
      }
      let refused = accepted.allSatisfy { subject.setting(field, to: $0) == nil }
      if refused, !subject.isAtDefaults || waits(field, accepted, subject) { continue }
      if !written { problems.append("'\(field)' cannot be set") }
    }
    return problems
  }

  private static func isWellFormed(_ name: String, separator: Character) -> Bool {
    guard let first = name.first, first.isLetter, name.last != separator else { return false }
    return name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == separator) }
  }
}

// What a loss expression computes, in words and numbers.

import Configuration
import PreferenceCore

/// An account of one loss expression, ready to print.
struct Explanation {
  private let registry: LossRegistry

  /// - Parameter registry: where names are looked up.
  init(in registry: LossRegistry) { self.registry = registry }

  /// Lines for `loss`, written canonically as `expression`.
  func lines(of loss: any PreferenceLoss, _ expression: Expression) -> [String] {
    var lines = [Style.bold(expression.description), ""]
    lines += component(expression, indentation: "")
    lines += ["", Style.bold("reads")] + Self.requirements(loss.requirements).map { "  " + $0 }
    lines += ["", Style.bold("in TRL 1.16"), "  " + TRLSpelling.text(of: expression)]
    return lines
  }

  /// One component: formula, hyperparameters, source; inner losses below it.
  private func component(_ expression: Expression, indentation: String) -> [String] {
    guard case .named(let name, let arguments) = expression else {
      guard case .sum(let parts) = expression else { return [] }
      return parts.flatMap { part -> [String] in
        let head = indentation + "\(JSONValue.spelling(of: part.weight)) × \(part.component)"
        return [head] + component(part.component, indentation: indentation + "  ") + [""]
      }.dropLast()
    }
    guard let entry = registry.entries[name] else { return [] }
    let loss = try? registry.resolve(expression)
    let card = loss?.ownCard ?? entry.card
    var lines = [indentation + Style.bold(card.name) + "  " + card.summary]
    lines.append(indentation + "  formula     " + card.formula)
    let numbers =
      loss is any OpenConfigurable
      ? Self.replacingWords(of: card.formula, with: arguments)
      : Formula(card.formula, entry.hyperparameters.map { ($0.name, $0.documentation) })
        .filled(with: arguments)
    if numbers != card.formula { lines.append(indentation + "  with these  " + numbers) }
    for argument in arguments {
      guard let key = argument.name, let field = entry.hyperparameters.first(where: { $0.name == key }),
        Self.inner(argument.value) == nil || registry.entries[argument.value.description] == nil
      else { continue }
      let text = "\(key)=\(argument.value)"
      lines.append(indentation + "  " + Numbers.padded(text, 24) + "  " + field.documentation)
    }
    lines.append(indentation + "  source      " + card.source)
    for (index, departure) in card.departures.enumerated() {
      lines.append(indentation + (index == 0 ? "  departures  " : "              ") + departure)
    }
    for argument in arguments {
      guard let inner = Self.inner(argument.value) else { continue }
      lines += ["", indentation + "  \(argument.name ?? "inner"):"]
      lines += component(inner, indentation: indentation + "    ")
    }
    return lines
  }

  /// A formula in plain letters with numbers in the place of names.
  private static func replacingWords(of text: String, with arguments: [Argument]) -> String {
    let word = /[A-Za-z_][A-Za-z0-9_]*/
    return text.replacing(word) { match in
      guard let value = arguments.first(where: { $0.name == String(match.output) })?.value else {
        return String(match.output)
      }
      return value.description.hasPrefix("-") ? "(\(value))" : value.description
    }
  }

  private static func inner(_ literal: Literal) -> Expression? {
    guard case .component(let inner) = literal else { return nil }
    return inner
  }

  /// What must be scored and what rows must carry, a line each.
  static func requirements(_ needs: Requirements) -> [String] {
    func list(_ statistics: Set<TokenStatistic>) -> String {
      statistics.map(\.name).sorted().joined(separator: ", ")
    }
    var lines = ["feedback    \(needs.feedback.rawValue) rows"]
    lines.append("policy      " + list(needs.policyStatistics) + " of each completion token")
    switch (needs.references.lowerBound, needs.references.upperBound) {
    case (0, 0): lines.append("references  none")
    case (let low, let high):
      let count = low == high ? "\(low)" : high > 1000 ? "\(low) or more" : "\(low) to \(high)"
      lines.append("references  \(count): " + list(needs.referenceStatistics))
    }
    if !needs.annotations.isEmpty {
      lines.append("columns     " + needs.annotations.sorted().joined(separator: ", "))
    }
    if needs.needsBaselines { lines.append("baselines   completions of other prompts") }
    if needs.couplesItems { lines.append("coupling    one pair's loss depends on the others of its batch") }
    return lines
  }
}

/// A card's formula with numbers in the place of its symbols.
struct Formula {
  private let text: String
  private let symbols: [String: Character]

  /// - Parameter fields: each hyperparameter's name and documentation; a Greek letter in the latter is its symbol.
  init(_ text: String, _ fields: [(name: String, documentation: String)]) {
    self.text = text
    var symbols: [String: Character] = [:]
    for field in fields {
      let letter = field.documentation.first { ("α"..."ω").contains($0) }
      if let symbol = Self.greek[field.name] ?? letter { symbols[field.name] = symbol }
    }
    self.symbols = symbols
  }

  private static let greek: [String: Character] = [
    "alpha": "α", "beta": "β", "gamma": "γ", "eta": "η", "lambda": "λ", "tau": "τ",
  ]

  /// The formula with every number among `arguments` put in.
  func filled(with arguments: [Argument]) -> String {
    var values: [Character: String] = [:]
    for argument in arguments {
      guard let name = argument.name, let symbol = symbols[name], case .number(let number) = argument.value
      else { continue }
      values[symbol] = JSONValue.spelling(of: number)
    }
    var result = ""
    let characters = Array(text)
    for (index, character) in characters.enumerated() {
      guard let value = values[character] else {
        result.append(character)
        continue
      }
      let previous = index > 0 ? characters[index - 1] : " "
      let next = index + 1 < characters.count ? characters[index + 1] : " "
      // A product needs its dot once a letter has become a number: βh, 2β, β(…).
      if previous.isLetter || previous.isNumber || previous == ")" { result += "·" }
      result += value
      if next.isLetter && values[next] == nil || next == "(" { result += "·" }
    }
    return result
  }
}

// The words of a formula: numbers, names, signs, each with its place.

import PreferenceCore

/// What is wrong with a formula, and where.
struct FormulaProblem: Error, Sendable, Hashable {
  /// How many characters come before the mistake.
  let offset: Int
  /// What is wrong there.
  let problem: String

  init(_ problem: String, at offset: Int) { (self.offset, self.problem) = (offset, problem) }

  /// `at column 13: …`, the line of `text` it stands in, and a caret below the place.
  func prose(in text: String) -> String {
    var (line, column) = (1, 1)
    var lines = [""]
    for (index, character) in text.enumerated() {
      if character.isNewline {
        lines.append("")
        if index < offset { (line, column) = (line + 1, 1) }
      } else {
        lines[lines.count - 1].append(character == "\t" ? " " : character)
        if index < offset { column += 1 }
      }
    }
    let place = lines.count == 1 ? "at column \(column)" : "at line \(line), column \(column)"
    if lines.allSatisfy({ $0.allSatisfy(\.isWhitespace) }) { return problem }
    let shown = lines[line - 1]
    return "\(place): \(problem)\n  \(shown)\n  \(String(repeating: " ", count: column - 1))^"
  }
}

/// One word of a formula.
struct FormulaToken: Sendable, Hashable {
  /// What it is.
  enum Kind: Sendable, Hashable {
    case number(Double)
    case name(String)
    /// A quoted text: a column whose name is no name.
    case text(String)
    /// An operator or a bracket.
    case sign(String)
    case end
  }

  let kind: Kind
  /// How many characters come before it.
  let offset: Int
}

/// Cuts a formula into words.
struct FormulaLexer {
  private let text: [Character]
  private var position = 0

  private init(_ text: String) { self.text = Array(text) }

  /// The words of `text`, `end` last.
  static func tokens(of text: String) throws(FormulaProblem) -> [FormulaToken] {
    var lexer = FormulaLexer(text)
    var tokens: [FormulaToken] = []
    repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
    return tokens
  }

  private var here: Character? { position < text.count ? text[position] : nil }

  private static func begins(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character == "_")
  }

  private static func continues(_ character: Character) -> Bool {
    begins(character) || (character.isASCII && character.isNumber)
  }

  private mutating func next() throws(FormulaProblem) -> FormulaToken {
    skipBlanks()
    let start = position
    guard let first = here else { return FormulaToken(kind: .end, offset: start) }
    if first.isASCII, first.isNumber || (first == "." && following.map(Self.isDigit) == true) {
      return FormulaToken(kind: .number(try number()), offset: start)
    }
    if Self.begins(first) {
      while let character = here, Self.continues(character) { position += 1 }
      return FormulaToken(kind: .name(String(text[start..<position])), offset: start)
    }
    if first == "'" || first == "\"" {
      position += 1
      while let character = here, character != first { position += 1 }
      guard here != nil else { throw FormulaProblem("the quoted text is never closed", at: start) }
      position += 1
      return FormulaToken(kind: .text(String(text[(start + 1)..<(position - 1)])), offset: start)
    }
    return FormulaToken(kind: .sign(try sign()), offset: start)
  }

  /// Blanks, and what stands behind `#` to the end of its line.
  private mutating func skipBlanks() {
    while let character = here, character.isWhitespace || character == "#" {
      if character == "#" {
        while let inside = here, !inside.isNewline { position += 1 }
      } else {
        position += 1
      }
    }
  }

  private var following: Character? { position + 1 < text.count ? text[position + 1] : nil }

  private static func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }

  private mutating func skipDigits() {
    while let character = here, Self.isDigit(character) { position += 1 }
  }

  private mutating func number() throws(FormulaProblem) -> Double {
    let start = position
    skipDigits()
    // A name behind the point is a column: 2.reward is no number either way.
    if here == "." {
      position += 1
      skipDigits()
    }
    if let exponent = here, "eE".contains(exponent) {
      let mantissa = position
      position += 1
      if let sign = here, "+-".contains(sign) { position += 1 }
      let digits = position
      skipDigits()
      if digits == position { position = mantissa }
    }
    let ended = position
    while let character = here, Self.continues(character) || character == "." { position += 1 }
    let spelling = String(text[start..<position])
    guard ended == position, let value = Double(spelling.hasSuffix(".") ? spelling + "0" : spelling) else {
      throw FormulaProblem("'\(spelling)' is not a number; a product is written with '*'", at: start)
    }
    guard value.isFinite else { throw FormulaProblem("the number \(spelling) is too large", at: start) }
    return value
  }

  /// Signs of two characters before those of one; typographic ones mean the plain ones.
  private mutating func sign() throws(FormulaProblem) -> String {
    let plain: [Character: String] = [
      "−": "-", "·": "*", "×": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "!=",
    ]
    let first = text[position]
    if let sign = plain[first] {
      position += 1
      return sign
    }
    if let second = following, ["<=", ">=", "==", "!=", "**"].contains(String([first, second])) {
      position += 2
      return first == "*" ? "^" : String([first, second])
    }
    guard "+-*/^()[],.;<>=".contains(first) else {
      let advice = Self.greek[first].map { "; spell it '\($0)'" } ?? ""
      throw FormulaProblem("'\(first)' cannot stand in a formula\(advice)", at: position)
    }
    position += 1
    return String(first)
  }

  private static let greek: [Character: String] = [
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta",
    "λ": "lambda", "μ": "mu", "π": "pi", "σ": "sigmoid", "τ": "tau", "φ": "phi", "ψ": "psi", "ω": "omega",
  ]
}

// The types that hyperparameters can have, and how each is read from a literal.

/// A type that hyperparameters can have.
public protocol HyperparameterValue: Sendable {
  /// What a listing says: `number`, `entropy|number`.
  static var typeName: String { get }
  /// What a message says it takes: `a number`, `entropy or a number`.
  static var prose: String { get }
  /// The words it takes, where it takes some; for suggestions.
  static var words: [String] { get }
  /// The value that `literal` stands for; nil where it stands for none.
  init?(_ literal: Literal)
  /// The canonical literal, which reads back as this value.
  var literal: Literal { get }
}

extension HyperparameterValue {
  /// The type's name.
  public static var prose: String { typeName }
  /// None.
  public static var words: [String] { [] }
}

extension Double: HyperparameterValue {
  /// `number`.
  public static var typeName: String { "number" }
  /// `a number`.
  public static var prose: String { "a number" }
  /// Takes numbers.
  public init?(_ literal: Literal) {
    guard case .number(let x) = literal, x.isFinite else { return nil }
    self = x
  }
  /// The number.
  public var literal: Literal { .number(self) }
}

extension Int: HyperparameterValue {
  /// `integer`.
  public static var typeName: String { "integer" }
  /// `a whole number`.
  public static var prose: String { "a whole number" }
  /// Takes whole numbers.
  public init?(_ literal: Literal) {
    guard case .number(let x) = literal, let n = Int(exactly: x) else { return nil }
    self = n
  }
  /// The number.
  public var literal: Literal { .number(Double(self)) }
}

extension Bool: HyperparameterValue {
  /// `true|false`.
  public static var typeName: String { "true|false" }
  /// `true or false`.
  public static var prose: String { "true or false" }
  /// Both.
  public static var words: [String] { ["true", "false"] }
  /// Takes `true` and `false`.
  public init?(_ literal: Literal) {
    switch literal {
    case .word("true"): self = true
    case .word("false"): self = false
    default: return nil
    }
  }
  /// The word.
  public var literal: Literal { .word(self ? "true" : "false") }
}

extension String: HyperparameterValue {
  /// `text`.
  public static var typeName: String { "text" }
  /// `a text`.
  public static var prose: String { "a text" }
  /// Takes words and quoted texts.
  public init?(_ literal: Literal) {
    guard case .word(let text) = literal else { return nil }
    self = text
  }
  /// The text.
  public var literal: Literal { .word(self) }
}

extension HyperparameterValue where Self: RawRepresentable, RawValue == String, Self: CaseIterable {
  /// The cases between bars.
  public static var typeName: String { words.joined(separator: "|") }
  /// The cases as a list.
  public static var prose: String { alternatives(words) }
  /// The cases.
  public static var words: [String] { allCases.map(\.rawValue) }
  /// Takes the cases' words.
  public init?(_ literal: Literal) {
    guard case .word(let text) = literal else { return nil }
    self.init(rawValue: text)
  }
  /// The case's word.
  public var literal: Literal { .word(rawValue) }
}

extension Optional: HyperparameterValue where Wrapped: HyperparameterValue {
  /// The type or `none`.
  public static var typeName: String { Wrapped.typeName + "|none" }
  /// The type or `none`.
  public static var prose: String { Wrapped.prose + " or none" }
  /// The type's words and `none`.
  public static var words: [String] { Wrapped.words + ["none"] }
  /// Takes `none` and whatever the type takes.
  public init?(_ literal: Literal) {
    if literal == .word("none") {
      self = .none
    } else if let value = Wrapped(literal) {
      self = .some(value)
    } else {
      return nil
    }
  }
  /// The value's literal, or `none`.
  public var literal: Literal { self?.literal ?? .word("none") }
}

extension Array: HyperparameterValue where Element: HyperparameterValue {
  /// The element's type in brackets.
  public static var typeName: String { "[\(Element.typeName), …]" }
  /// `a list in brackets, each …`.
  public static var prose: String { "a list in brackets, each \(Element.prose)" }
  /// Takes lists whose every item the element's type takes.
  public init?(_ literal: Literal) {
    guard case .list(let items) = literal else { return nil }
    let values = items.compactMap { Element($0) }
    guard values.count == items.count else { return nil }
    self = values
  }
  /// The list.
  public var literal: Literal { .list(map(\.literal)) }
}

/// A number, or one of a few words that say where the number comes from.
public enum NumberOr<Word>: HyperparameterValue, Hashable, ExpressibleByFloatLiteral,
  ExpressibleByIntegerLiteral
where Word: HyperparameterValue & Hashable {
  /// A number given outright.
  case number(Double)
  /// A word.
  case word(Word)

  /// A number given outright.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A number given outright.
  public init(integerLiteral value: Int) { self = .number(Double(value)) }

  /// The words and `number`.
  public static var typeName: String { Word.typeName + "|number" }
  /// The words or a number.
  public static var prose: String { alternatives(Word.words + ["a number"]) }
  /// The words.
  public static var words: [String] { Word.words }
  /// Takes numbers and the words.
  public init?(_ literal: Literal) {
    if let x = Double(literal) {
      self = .number(x)
    } else if let word = Word(literal) {
      self = .word(word)
    } else {
      return nil
    }
  }
  /// The number or the word.
  public var literal: Literal {
    switch self {
    case .number(let x): x.literal
    case .word(let word): word.literal
    }
  }
}

/// `a`, `a or b`, `a, b or c`.
func alternatives(_ words: [String]) -> String {
  guard words.count > 1, let last = words.last else { return words.first ?? "" }
  return words.dropLast().joined(separator: ", ") + " or " + last
}

// Which values of its type a hyperparameter accepts: text for people, a predicate for the machine.

/// A condition on a value.
public struct Constraint<Value>: Sendable {
  /// What must hold, as in "must be > 0"; empty where anything will do.
  public let text: String
  /// Whether a value meets it.
  public let accepts: @Sendable (Value) -> Bool

  /// A condition; `text` continues "must be …".
  public init(_ text: String, accepts: @escaping @Sendable (Value) -> Bool) {
    (self.text, self.accepts) = (text, accepts)
  }

  /// Anything will do.
  public static var any: Constraint { Constraint("") { _ in true } }
}

extension Constraint where Value: Comparable & HyperparameterValue & ExpressibleByIntegerLiteral {
  /// More than 0.
  public static var positive: Constraint { Constraint("> 0") { $0 > 0 } }
  /// 0 or more.
  public static var nonnegative: Constraint { Constraint("≥ 0") { $0 >= 0 } }
}

extension Constraint where Value: Comparable & HyperparameterValue & Sendable {
  /// At least `limit`.
  public static func atLeast(_ limit: Value) -> Constraint {
    Constraint("≥ \(limit.literal)") { $0 >= limit }
  }
  /// At most `limit`.
  public static func atMost(_ limit: Value) -> Constraint { Constraint("≤ \(limit.literal)") { $0 <= limit } }
  /// Inside the range, both ends included.
  public static func within(_ range: ClosedRange<Value>) -> Constraint {
    Constraint("in [\(range.lowerBound.literal), \(range.upperBound.literal)]") { range.contains($0) }
  }
  /// Inside the range, its upper end excluded.
  public static func within(_ range: Range<Value>) -> Constraint {
    Constraint("in [\(range.lowerBound.literal), \(range.upperBound.literal))") { range.contains($0) }
  }
  /// Between the two, both excluded.
  public static func between(_ lower: Value, _ upper: Value) -> Constraint {
    Constraint("in (\(lower.literal), \(upper.literal))") { $0 > lower && $0 < upper }
  }
  /// More than `lower`, at most `upper`.
  public static func above(_ lower: Value, upTo upper: Value) -> Constraint {
    Constraint("in (\(lower.literal), \(upper.literal)]") { $0 > lower && $0 <= upper }
  }
}

extension Constraint where Value == String {
  /// At least one character.
  public static var nonempty: Constraint { Constraint("not empty") { !$0.isEmpty } }
}

extension Constraint {
  /// `constraint` for a given value; `none` will do too.
  public static func optional<Wrapped>(_ constraint: Constraint<Wrapped>) -> Constraint
  where Value == Wrapped? {
    Constraint(constraint.text) { value in value.map { constraint.accepts($0) } ?? true }
  }

  /// `constraint` for a number; the words will do too.
  public static func numbers<Word>(_ constraint: Constraint<Double>) -> Constraint
  where Value == NumberOr<Word> {
    Constraint(constraint.text) { value in
      guard case .number(let x) = value else { return true }
      return constraint.accepts(x)
    }
  }

  /// `constraint` for every item of a list.
  public static func each<Element>(_ constraint: Constraint<Element>) -> Constraint where Value == [Element] {
    Constraint(constraint.text.isEmpty ? "" : "each " + constraint.text) { $0.allSatisfy(constraint.accepts) }
  }

  /// Both conditions.
  public func and(_ other: Constraint) -> Constraint {
    let first = accepts
    return Constraint("\(text) and \(other.text)") { first($0) && other.accepts($0) }
  }
}

// A config string that could not be read, and the place where reading stopped.

/// What is wrong with the spelling of an expression.
public struct SyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The whole text.
  public let text: String
  /// How many characters of it come before the mistake.
  public let offset: Int
  /// What is wrong there.
  public let problem: String

  /// A mistake behind the first `offset` characters of `text`.
  public init(text: String, offset: Int, problem: String) {
    (self.text, self.offset, self.problem) = (text, offset, problem)
  }

  /// The problem, the text, and a caret below the place.
  public var description: String {
    guard text.contains(where: { !$0.isWhitespace }) else { return problem }
    let line = String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    return "\(problem)\n  \(line)\n  \(String(repeating: " ", count: offset))^"
  }
}

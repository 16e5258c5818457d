// What can go wrong with a chat template, with its line and column.

/// A chat template that cannot be read or rendered.
public struct TemplateError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Where an error comes from.
  public enum Kind: Sendable, Equatable {
    /// The template is not well formed.
    case syntax
    /// An expression has no value.
    case evaluation
    /// The template itself refused the messages with `raise_exception`.
    case raised
  }

  /// Where the error comes from.
  public var kind: Kind
  /// The line in the template, from 1; 0 when the error has no place.
  public var line: Int
  /// The column in the line, in characters, from 1.
  public var column: Int
  /// What is wrong; for `.raised`, the words of the template.
  public var problem: String

  /// An error at a place of the template.
  public init(kind: Kind, line: Int, column: Int, problem: String) {
    self.kind = kind
    self.line = line
    self.column = column
    self.problem = problem
  }

  /// One sentence: the place, then the problem.
  public var description: String { "chat template, line \(line), column \(column): \(problem)" }
}

/// A problem whose place is not known yet: the place is added where the expression is.
struct TemplateFault: Error {
  var problem: String
  var kind = TemplateError.Kind.evaluation

  init(_ problem: String) { self.problem = problem }
}

/// The name nearest to a mistyped one, as words to put behind a message; empty when none is near.
func suggestion(for name: String, in names: some Sequence<String>) -> String {
  var best: (distance: Int, name: String)?
  for candidate in names.sorted() {
    let distance = editDistance(Array(name.unicodeScalars), Array(candidate.unicodeScalars))
    if distance < best?.distance ?? .max { best = (distance, candidate) }
  }
  guard let best, best.distance <= max(2, name.unicodeScalars.count / 2) else { return "" }
  return "; did you mean '\(best.name)'?"
}

private func editDistance(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Int {
  var row = Array(0...other.count)
  for (i, left) in one.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, right) in other.enumerated() {
      let substituted = diagonal + (left == right ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[other.count]
}

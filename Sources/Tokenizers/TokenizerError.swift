// What can be wrong with a tokenizer's files, in words that name the file, the place and a way out.

/// A tokenizer file that cannot be used, with the file, the place inside it and the problem.
public struct TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The path of the file, as it was given.
  public var file: String
  /// The place inside the file, such as `model.merges[12]`; empty for the file as a whole.
  public var field: String
  /// What is wrong there and what to do about it.
  public var problem: String

  /// An error about `field` of `file`.
  public init(file: String = "", field: String = "", problem: String) {
    self.file = file
    self.field = field
    self.problem = problem
  }

  /// One sentence: the place, then the problem.
  public var description: String {
    let place = [file, field].filter { !$0.isEmpty }.joined(separator: ", ")
    return place.isEmpty ? problem : place + ": " + problem
  }

  /// The same error, told of `file`.
  func inFile(_ file: String) -> TokenizerError {
    TokenizerError(file: file, field: field, problem: problem)
  }
}

/// The words for a component whose type this module does not know.
func unknownKind(_ kind: String, of role: String, known: some Sequence<String>, at field: String)
  -> TokenizerError
{
  let names = known.sorted().map { "'" + $0 + "'" }.joined(separator: ", ")
  return TokenizerError(
    field: field, problem: "\(role) type '\(kind)' is not supported; this version reads \(names)")
}

// Every mistake of a run file at once.

/// What is wrong with a run file or its overrides; one sentence for each mistake.
struct RunFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, where there is one.
  var path: String?
  let problems: [String]

  init(_ problems: [String], path: String? = nil) { (self.problems, self.path) = (problems, path) }

  var description: String {
    let place = path.map { $0 + ": " } ?? ""
    if problems.count == 1 { return place + problems[0] }
    return place + "\(problems.count) mistakes" + problems.map { "\n  - " + $0 }.joined()
  }
}

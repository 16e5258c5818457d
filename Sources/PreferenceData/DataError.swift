// What is wrong with a file of rows, every mistake with its line.

/// Where a row stands in its file.
public struct RowPlace: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The row's number in the file, from 0, as in batches and in what `score` writes; in a mixture, counted
  /// through all its files.
  public let row: Int
  /// The line of a JSON Lines file, from 1; nil in a JSON array.
  public let line: Int?
  /// The file, where rows come from several.
  public let file: String?
  /// The number of the file's first row.
  private let start: Int

  /// The place of row `row`.
  public init(row: Int, line: Int? = nil) { (self.row, self.line, file, start) = (row, line, nil, 0) }

  private init(_ place: RowPlace, in file: String, from start: Int) {
    (row, line, self.file, self.start) = (place.row + start, place.line, file, start)
  }

  /// The place among the rows of several files, of which this file's first is number `start`.
  func inMixture(of file: String, from start: Int) -> RowPlace { RowPlace(self, in: file, from: start) }

  /// `line 3` as editors count, or `row 2` of a JSON array, counted from 0; behind the file in a mixture.
  public var description: String {
    (file.map { "\($0), " } ?? "") + (line.map { "line \($0)" } ?? "row \(row - start)")
  }
}

/// Why a data set was rejected: the file, and its mistakes, each with a place and what to do.
public struct DataError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One mistake.
  public struct Problem: Sendable, Hashable {
    /// Where it is; nil where it concerns the whole file.
    public let place: RowPlace?
    /// What is wrong and what to do.
    public let text: String

    /// A mistake at `place`.
    public init(_ place: RowPlace? = nil, _ text: String) { (self.place, self.text) = (place, text) }
  }

  /// How many mistakes of one file are spelt out.
  public static let limit = 20

  /// The file as it was named, `standard input` for `-`.
  public let file: String
  /// The first ``limit`` mistakes, in the order of the file.
  public let problems: [Problem]
  /// How many mistakes there are in all.
  public let count: Int

  /// A rejection of `file`; mistakes beyond ``limit`` are only counted.
  public init(_ file: String, _ problems: [Problem]) {
    self.file = file
    (self.problems, count) = (Array(problems.prefix(Self.limit)), problems.count)
  }

  /// A rejection of `file` as a whole.
  public init(_ file: String, _ text: String) { self.init(file, [Problem(nil, text)]) }

  /// One line for one mistake; a heading and a line each for several.
  public var description: String {
    if count == 1, let only = problems.first {
      guard let place = only.place else { return "\(file): \(only.text)" }
      return "\(file), \(place): \(only.text)"
    }
    let lines = problems.map { problem in
      "  " + (problem.place.map { "\($0): " } ?? "") + problem.text
    }
    let rest = count > problems.count ? ["  … and \(count - problems.count) more"] : []
    return (["\(file) has \(count) problems"] + lines + rest).joined(separator: "\n")
  }
}

/// What is wrong with one row; the reader of the file adds the place.
struct RowProblem: Error, Sendable {
  /// What is wrong and what to do.
  let text: String

  /// A problem in words.
  init(_ text: String) { self.text = text }
}

/// `'a', 'b', 'c'`.
func quoted(_ names: some Sequence<String>) -> String {
  names.map { "'\($0)'" }.joined(separator: ", ")
}

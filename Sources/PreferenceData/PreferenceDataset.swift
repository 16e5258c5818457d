// A file of rows, read, checked, tokenized and accounted for.

public import PreferenceCore

/// How a file of rows is read.
public struct DatasetOptions: Sendable, Hashable {
  /// The format; nil recognises it by the first row's columns.
  public var format: RowFormat?
  /// What fits the model.
  public var window: TokenWindow
  /// The largest share of rows that may be dropped; more stop the run.
  public var maximumDroppedFraction = 0.05
  /// Whether two beginning-of-sequence tokens at the beginning of a row are meant.
  public var allowsDoubleBOS = false

  /// TRL's defaults: at most 1024 tokens, the beginning kept.
  public init(format: RowFormat? = nil, window: TokenWindow = TokenWindow(maxLength: 1024)) {
    (self.format, self.window) = (format, window)
  }
}

/// The rows of one file as the model sees them.
public struct PreferenceDataset: Sendable {
  /// The file as it was named, `standard input` for `-`.
  public let file: String
  /// The SHA-256 of the file's bytes, as `sha256sum` prints it.
  public let hash: String
  /// The kept rows, in the order of the file.
  public let rows: [TokenizedRow]
  /// The kind of feedback that the rows carry.
  public let feedback: Feedback
  /// What fits the model.
  public let window: TokenWindow
  /// What became of every row, file by file.
  public let reports: [DataReport]
  /// What became of every row of the first file; most often there is no other.
  public var report: DataReport { reports[0] }

  /// Checks and tokenizes the rows of `store`.
  ///
  /// - Parameter count: how many rows the file has, where `store` holds only some of them.
  init(
    _ store: JSONLinesStore, of count: Int? = nil, for requirements: Requirements,
    with encoder: any RowEncoder,
    options: DatasetOptions, loop: ParallelLoop = serialLoop
  ) throws(DataError) {
    let reader = try DatasetReader(store, requirements, options)
    let readings = try reader.readings()
    let isConversational = readings.contains {
      if case .row(let row) = $0.reading { row.isConversational } else { false }
    }
    if isConversational && !encoder.hasTemplate {
      throw DataError(
        store.file,
        "the rows are conversations, but the model has no chat template; add chat_template.jinja to its directory, "
          + "or write prompts and completions as strings")
    }
    var account = DatasetAccount(
      store,
      DataReport(
        file: store.file, format: reader.format, isConversational: isConversational,
        rowCount: count ?? store.rows.count, leftOutCount: (count ?? store.rows.count) - store.rows.count))
    let tokenizer = RowTokenizer(
      encoder: encoder, window: options.window, allowsDoubleBOS: options.allowsDoubleBOS)
    let whole = readings.compactMap { if case .row(let row) = $0.reading { row } else { nil } }
    var outcomes = tokenizer.outcomes(of: whole, loop).makeIterator()
    for (place, reading) in readings {
      if case .dropped(let reason) = reading {
        account.drop(place, reason)
      } else if let outcome = outcomes.next() {
        account.add(place, outcome)
      }
    }
    (file, hash, window) = (store.file, store.hash, options.window)
    let (rows, report) = try account.close(maximumDroppedFraction: options.maximumDroppedFraction)
    (self.rows, reports) = (rows, [report])
    feedback = rows.first?.feedback ?? requirements.feedback
  }

  /// A part of a data set.
  init(_ rows: [TokenizedRow], of whole: PreferenceDataset) {
    (self.rows, file, hash, reports) = (rows, whole.file, whole.hash, whole.reports)
    (feedback, window) = (whole.feedback, whole.window)
  }

  /// Rows of several files.
  init(
    _ rows: [TokenizedRow], reports: [DataReport], file: String, hash: String, feedback: Feedback,
    window: TokenWindow
  ) {
    (self.rows, self.reports, self.file, self.hash) = (rows, reports, file, hash)
    (self.feedback, self.window) = (feedback, window)
  }
}

extension PreferenceRow {
  /// Whether the chat template writes this row.
  var isConversational: Bool {
    if case .chat = prompt { true } else { false }
  }
}

/// Reads the rows of one file in one format.
struct DatasetReader {
  /// The format of every row.
  let format: RowFormat
  private let store: JSONLinesStore
  private let requirements: Requirements

  /// Settles the format.
  init(_ store: JSONLinesStore, _ requirements: Requirements, _ options: DatasetOptions) throws(DataError) {
    (self.store, self.requirements) = (store, requirements)
    if let format = options.format {
      self.format = format
    } else if let first = store.rows.first, let format = RowFormat(recognising: first) {
      self.format = format
    } else {
      let names = store.rows.first?.names ?? []
      let expected = RowFormat.allCases.map { $0.required.joined(separator: ", ") }
      let nulls = store.rows.first?.columns.filter { $0.value == .null }.map(\.key) ?? []
      let nothing = nulls.isEmpty ? "" : " (\(quoted(nulls)) \(nulls.count == 1 ? "is" : "are") null)"
      let distinct = expected.enumerated().filter { expected.firstIndex(of: $1) == $0 }.map(\.element)
      throw DataError(
        store.file,
        [
          .init(
            store.rows.first?.place,
            "the columns \(quoted(names))\(nothing) belong to no format; expected one of: "
              + distinct.joined(separator: " · ") + Self.advice(names))
        ])
    }
  }

  /// What to do about rows that other trainers learn whole, where only completions are learned here.
  private static func advice(_ names: [String]) -> String {
    guard let whole = ["messages", "text"].first(where: names.contains) else { return "" }
    return
      "; '\(whole)' is learned whole elsewhere, here only completions are: write what stands before the last "
      + "answer as 'prompt' and the answer as 'completion'"
  }

  /// What the format makes of every row.
  ///
  /// - Throws: ``DataError`` with every mistake in the file.
  func readings() throws(DataError) -> [(place: RowPlace, reading: RowReading)] {
    var problems: [DataError.Problem] = []
    var readings: [(place: RowPlace, reading: RowReading)] = []
    var firstRow: PreferenceRow?
    for row in store.rows {
      do throws(RowProblem) {
        var reading = try read(row)
        if case .row(var made) = reading {
          if let firstRow { try check(made, against: firstRow) }
          for name in requirements.annotations.sorted() {
            made.annotations[name] = try Annotations(row: row, completionCount: made.completions.count)
              .values(of: name, falling: requirements.rankedAnnotations.contains(name))
          }
          firstRow = firstRow ?? made
          reading = .row(made)
        }
        readings.append((row.place, reading))
      } catch {
        problems.append(.init(row.place, error.text))
      }
    }
    if let firstRow, let mismatch = Self.mismatch(firstRow.feedback, requirements.feedback) {
      throw DataError(store.file, mismatch)
    }
    if !problems.isEmpty { throw DataError(store.file, problems) }
    return readings
  }

  private func read(_ row: StoredRow) throws(RowProblem) -> RowReading {
    let isComplete = format.required.allSatisfy { row[$0] != nil }
    if !isComplete, let other = RowFormat(recognising: row), other != format {
      throw RowProblem(
        "the row has the columns of the \(other.rawValue) format in a file of the \(format.rawValue) format; "
          + "keep one format in a file")
    }
    return try format.read(row)
  }

  private func check(_ row: PreferenceRow, against first: PreferenceRow) throws(RowProblem) {
    guard row.isConversational == first.isConversational else {
      let (here, there) = row.isConversational ? ("messages", "strings") : ("strings", "messages")
      throw RowProblem("the row holds \(here) but \(first.place) holds \(there); keep one kind in a file")
    }
    guard row.feedback == first.feedback else {
      throw RowProblem(
        "the row is \(row.feedback.rawValue) but \(first.place) is \(first.feedback.rawValue); keep one kind in a file"
      )
    }
  }

  /// Why rows with `given` feedback do not serve a loss that needs `needed`; nil where they do.
  static func mismatch(_ given: Feedback, _ needed: Feedback) -> String? {
    guard given == .unpaired, needed != .unpaired else { return nil }
    return "the loss compares completions, but the rows are unpaired; give each row 'chosen' and 'rejected', "
      + "or choose a loss for unpaired rows such as 'kto'"
  }
}

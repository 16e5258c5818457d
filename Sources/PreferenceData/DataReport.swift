// What became of every row of a file, and what the kept ones look like to the model.

/// How long a set of sequences is, in tokens.
public struct LengthQuantiles: Sendable, Hashable, Codable {
  /// The shortest.
  public let minimum: Int
  /// Half are at most this long.
  public let median: Int
  /// Nine in ten are at most this long.
  public let p90: Int
  /// 99 in a hundred are at most this long.
  public let p99: Int
  /// The longest.
  public let maximum: Int
  /// The average.
  public let mean: Double

  /// The quantiles of `lengths` by nearest rank; zeros where there are none.
  public init(_ lengths: [Int]) {
    let sorted = lengths.sorted()
    func quantile(_ share: Double) -> Int {
      guard !sorted.isEmpty else { return 0 }
      let rank = Int((share * Double(sorted.count)).rounded(.up))
      return sorted[min(max(rank, 1), sorted.count) - 1]
    }
    (minimum, maximum) = (sorted.first ?? 0, sorted.last ?? 0)
    (median, p90, p99) = (quantile(0.5), quantile(0.9), quantile(0.99))
    mean = sorted.isEmpty ? 0 : Double(sorted.reduce(0, +)) / Double(sorted.count)
  }
}

/// The account of a file: rows in = rows kept + rows dropped, each with its reason, + rows left out of a mixture.
public struct DataReport: Sendable, Hashable, Codable {
  /// Some rows, counted; the first of them by place.
  public struct Tally: Sendable, Hashable, Codable {
    /// How many places are kept by name.
    public static let limit = 10
    /// How many rows.
    public private(set) var count = 0
    /// The first ``limit`` of them.
    public private(set) var places: [RowPlace] = []

    /// No row yet.
    public init() {}

    /// Counts the row at `place`.
    public mutating func add(_ place: RowPlace) {
      count += 1
      if places.count < Self.limit { places.append(place) }
    }

    /// `3 (lines 4, 9, 12)`.
    var sentence: String {
      let noun = places.first?.line == nil ? "row" : "line"
      let numbers = places.map { String($0.line ?? $0.row) }.joined(separator: ", ")
      let more = count > places.count ? ", …" : ""
      return "\(count) (\(noun)\(count == 1 ? "" : "s") \(numbers)\(more))"
    }
  }

  /// The file as it was named.
  public let file: String
  /// The format its rows are in.
  public let format: RowFormat
  /// Whether the rows are conversations for the chat template rather than plain text.
  public let isConversational: Bool
  /// How many rows the file has.
  public let rowCount: Int
  /// How many of them a mixture of files takes no part of, as the file's share is smaller.
  public let leftOutCount: Int
  /// How many of them are trained on.
  public internal(set) var keptCount = 0
  /// The rest, by reason.
  public internal(set) var dropped: [DropReason: Tally] = [:]
  /// Kept rows that the window cut.
  public internal(set) var truncated = Tally()
  /// Kept rows whose prompt's last token merges with the completion's first.
  public internal(set) var boundaryMerges = Tally()
  /// Kept rows of which a completion, though whole, does not end with a stop token.
  public internal(set) var withoutStop = Tally()
  /// Kept rows of which a completion ends with two stop tokens.
  public internal(set) var withDoubleStop = Tally()
  /// Plain-text rows with a piece of a chat template in them.
  public internal(set) var withTemplateMarkers = Tally()
  /// Kept rows that repeat an earlier row.
  public internal(set) var duplicates = Tally()
  /// Unpaired rows labelled desirable.
  public internal(set) var desirableCount = 0
  /// Unpaired rows labelled undesirable.
  public internal(set) var undesirableCount = 0
  /// Prompt lengths of the kept rows, in tokens.
  public internal(set) var promptLengths = LengthQuantiles([])
  /// Lengths of the best or only completion of the kept rows, in tokens.
  public internal(set) var firstLengths = LengthQuantiles([])
  /// Lengths of the other completions of the kept rows, in tokens.
  public internal(set) var otherLengths = LengthQuantiles([])
  /// Prompt plus longest completion of the kept rows, in tokens.
  public internal(set) var sequenceLengths = LengthQuantiles([])
  /// Further columns with numbers in them.
  public internal(set) var numericColumns: [String] = []
  /// Further columns that nothing reads.
  public internal(set) var ignoredColumns: [String] = []

  /// The report of a file that no row has been read of.
  init(file: String, format: RowFormat, isConversational: Bool, rowCount: Int, leftOutCount: Int = 0) {
    (self.file, self.format, self.leftOutCount) = (file, format, leftOutCount)
    (self.isConversational, self.rowCount) = (isConversational, rowCount)
  }

  /// How many rows are not trained on.
  public var droppedCount: Int { dropped.values.reduce(0) { $0 + $1.count } }

  /// Dropped rows over all rows that were looked at.
  public var droppedFraction: Double {
    rowCount == leftOutCount ? 0 : Double(droppedCount) / Double(rowCount - leftOutCount)
  }
}

extension DataReport {
  /// The reasons that took rows, most rows first.
  public var reasons: [DropReason] {
    DropReason.allCases.filter { dropped[$0] != nil }.sorted {
      (dropped[$0]?.count ?? 0) > (dropped[$1]?.count ?? 0)
    }
  }

  /// The conservation law in one line: `300 rows = 297 kept (12 truncated) + 3 dropped: 2 empty …`.
  public var summary: String {
    let cut = truncated.count > 0 ? " (\(truncated.count) truncated)" : ""
    let why = reasons.map { "\(dropped[$0]?.count ?? 0) \($0.rawValue)" }.joined(separator: ", ")
    return "\(rowCount) rows = \(keptCount) kept\(cut) + \(droppedCount) dropped"
      + (why.isEmpty ? "" : ": \(why)")
      + (leftOutCount > 0 ? " + \(leftOutCount) beyond its share of the mixture" : "")
  }

  /// What deserves a look before training, a sentence each.
  public var warnings: [String] {
    var warnings = reasons.compactMap { reason in
      dropped[reason].map { "dropped, \(reason.rawValue): \($0.sentence)" }
    }
    func warn(_ text: String, _ tally: Tally) {
      if tally.count > 0 { warnings.append("\(text): \(tally.sentence)") }
    }
    warn("completions that do not end with a stop token, so that the model may never stop", withoutStop)
    warn("completions that end with two stop tokens", withDoubleStop)
    warn("plain text with pieces of a chat template in it; write messages instead", withTemplateMarkers)
    warn("prompt and completion share a token at their boundary", boundaryMerges)
    warn("repetitions of an earlier row", duplicates)
    if desirableCount + undesirableCount > 0, desirableCount == 0 || undesirableCount == 0 {
      warnings.append("every label is \(undesirableCount == 0 ? "true" : "false")")
    }
    if !ignoredColumns.isEmpty { warnings.append("columns that nothing reads: \(quoted(ignoredColumns))") }
    return warnings
  }

  /// Why the rows dropped are too many, or nil where they are not.
  func excess(over fraction: Double) -> String? {
    let considered = rowCount - leftOutCount
    guard keptCount == 0 || droppedFraction > fraction else { return nil }
    let list = reasons.compactMap { reason in dropped[reason].map { "\(reason.rawValue): \($0.sentence)" } }
    let bound = keptCount == 0 ? "none is left" : "more than max_dropped_fraction \(fraction) allows"
    let remedy = keptCount == 0 ? "repair the rows" : "repair the rows or raise max_dropped_fraction"
    return
      "\(droppedCount) of \(considered) rows are dropped, \(bound): \(list.joined(separator: "; ")); \(remedy)"
  }
}

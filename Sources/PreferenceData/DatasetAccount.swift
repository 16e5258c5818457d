// The bookkeeping behind a data set: every row is kept, dropped with a reason, or a mistake.

import PreferenceCore

/// Collects tokenized rows and what is to be told of them.
struct DatasetAccount {
  private let store: JSONLinesStore
  private var report: DataReport
  private var rows: [TokenizedRow] = []
  private var problems: [DataError.Problem] = []
  private var seen: Set<TokenizedRow.Whole> = []

  /// An account of `store`, nothing entered yet.
  init(_ store: JSONLinesStore, _ report: DataReport) { (self.store, self.report) = (store, report) }

  /// Enters a row that is left out.
  mutating func drop(_ place: RowPlace, _ reason: DropReason) {
    report.dropped[reason, default: .init()].add(place)
  }

  /// Enters what became of the row at `place`.
  mutating func add(_ place: RowPlace, _ outcome: Result<RowTokenizer.Outcome, RowProblem>) {
    switch outcome {
    case .success(.dropped(let reason)): drop(place, reason)
    case .success(.kept(let tokenized, let findings)): keep(tokenized, findings)
    case .failure(let problem): problems.append(.init(place, problem.text))
    }
  }

  private mutating func keep(_ row: TokenizedRow, _ findings: RowTokenizer.Findings) {
    rows.append(row)
    if row.isTruncated { report.truncated.add(row.place) }
    if findings.mergesAtBoundary { report.boundaryMerges.add(row.place) }
    if findings.lacksStop { report.withoutStop.add(row.place) }
    if findings.doublesStop { report.withDoubleStop.add(row.place) }
    if findings.marker != nil { report.withTemplateMarkers.add(row.place) }
    if !seen.insert(row.whole).inserted { report.duplicates.add(row.place) }
    guard row.feedback == .unpaired else { return }
    if row.isDesirable == [true] { report.desirableCount += 1 } else { report.undesirableCount += 1 }
  }

  /// The kept rows and the report.
  ///
  /// - Throws: ``DataError`` with the rows that could not be tokenized, or where too many were dropped.
  consuming func close(maximumDroppedFraction: Double) throws(DataError) -> ([TokenizedRow], DataReport) {
    if !problems.isEmpty { throw DataError(store.file, problems) }
    report.keptCount = rows.count
    precondition(
      report.keptCount + report.droppedCount + report.leftOutCount == report.rowCount,
      "a row is neither kept nor dropped")
    if let excess = report.excess(over: maximumDroppedFraction) { throw DataError(store.file, excess) }
    report.promptLengths = LengthQuantiles(rows.flatMap { $0.prompts.map(\.count) })
    report.firstLengths = LengthQuantiles(rows.map { $0.completions[0].count })
    report.otherLengths = LengthQuantiles(rows.flatMap { $0.completions.dropFirst().map(\.count) })
    report.sequenceLengths = LengthQuantiles(
      rows.map { row in
        zip(row.promptOfCompletion, row.completions).map { row.prompts[$0].count + $1.count }.max() ?? 0
      })
    listColumns()
    return (rows, report)
  }

  private mutating func listColumns() {
    var numeric: [String] = []
    var ignored: [String] = []
    let known = report.format.known
    for row in store.rows {
      let numbers = Annotations.numericColumns(of: row)
      for name in row.names where !known.contains(name) {
        if numbers.contains(name) {
          if !numeric.contains(name) { numeric.append(name) }
        } else if !ignored.contains(name) {
          ignored.append(name)
        }
      }
    }
    (report.numericColumns, report.ignoredColumns) = (numeric, ignored)
  }
}

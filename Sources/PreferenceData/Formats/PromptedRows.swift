// Formats with a prompt column: paired, unpaired, demonstrations, ranked.

import PreferenceCore

extension RowColumns {
  /// A row of `prompt`, `chosen`, `rejected`.
  func paired() throws(RowProblem) -> RowReading {
    let prompt = try textOrMessages("prompt")
    let sides = [try textOrMessages("chosen"), try textOrMessages("rejected")]
    try check(prompt: prompt, [("chosen", sides[0]), ("rejected", sides[1])])
    return judged(prompt, sides, .pairwise)
  }

  /// A row of `prompt`, `completion`, `label`.
  func unpaired() throws(RowProblem) -> RowReading {
    try single(isDesirable: try label("label"))
  }

  /// A row of `prompt`, `completion`.
  func demonstration() throws(RowProblem) -> RowReading { try single(isDesirable: true) }

  /// A row of `prompt`, `completions`.
  func ranked() throws(RowProblem) -> RowReading {
    let prompt = try textOrMessages("prompt")
    guard let items = row["completions"]?.items else {
      throw RowProblem("'completions' is \(row["completions"]?.kind ?? "missing"); write a list, best first")
    }
    guard items.count >= 2 else {
      throw RowProblem("'completions' has \(items.count) of the at least 2 completions that a ranking needs")
    }
    var completions: [RowText] = []
    for (rank, item) in items.enumerated() {
      completions.append(try Self.textOrMessages(item, named: "completions[\(rank)]"))
    }
    try check(prompt: prompt, completions.enumerated().map { ("completions[\($0)]", $1) })
    return judged(prompt, completions, .ranked)
  }

  /// A row, unless a completion is empty or two are the same.
  func judged(_ prompt: RowText, _ completions: [RowText], _ feedback: Feedback) -> RowReading {
    if completions.contains(where: \.isEmpty) { return .dropped(.emptyCompletion) }
    if Set(completions).count < completions.count { return .dropped(.identicalCompletions) }
    return .row(PreferenceRow(place: row.place, prompt: prompt, completions: completions, feedback: feedback))
  }

  /// A row with one completion, unless that is empty.
  func labelled(_ prompt: RowText, _ completion: RowText, isDesirable: Bool) -> RowReading {
    if completion.isEmpty { return .dropped(.emptyCompletion) }
    return .row(
      PreferenceRow(
        place: row.place, prompt: prompt, completions: [completion], feedback: .unpaired,
        isDesirable: isDesirable))
  }

  /// A column that holds true or false; 1 and 0 are taken too.
  func label(_ column: String) throws(RowProblem) -> Bool {
    switch row[column] {
    case .boolean(let label): label
    case .integer(1): true
    case .integer(0): false
    case let other: throw RowProblem("'\(column)' is \(other?.kind ?? "missing"); write true or false")
    }
  }

  private func single(isDesirable: Bool) throws(RowProblem) -> RowReading {
    let prompt = try textOrMessages("prompt")
    let completion = try textOrMessages("completion")
    try check(prompt: prompt, [("completion", completion)])
    return labelled(prompt, completion, isDesirable: isDesirable)
  }
}

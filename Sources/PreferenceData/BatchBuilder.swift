// Rows laid out as one micro-batch: prompts, completions, and who is compared with whom.

import PreferenceCore

/// Appends rows to a micro-batch.
struct BatchBuilder {
  private var prompts: [[Int32]] = []
  private var rowNumbers: [Int] = []
  private var completions: [[Int32]] = []
  private var promptOfCompletion: [Int] = []
  private var groups: [Int] = []
  private var ranks: [Int] = []
  private var isDesirable: [Bool] = []
  private var isBaseline: [Bool] = []
  private var annotations: [String: [Double]]
  private var groupCount = 0

  /// An empty micro-batch with the columns `annotationNames`.
  init(annotationNames: [String]) {
    annotations = Dictionary(uniqueKeysWithValues: annotationNames.map { ($0, []) })
  }

  /// Appends a row as one group.
  mutating func add(_ row: TokenizedRow) {
    let first = prompts.count
    prompts += row.prompts
    rowNumbers += row.prompts.map { _ in row.place.row }
    for (rank, completion) in row.completions.enumerated() {
      append(completion, prompt: first + row.promptOfCompletion[rank], group: groupCount, isBaseline: false)
      ranks.append(row.feedback == .unpaired ? 0 : rank)
      isDesirable.append(row.isDesirable[rank])
      for name in annotations.keys { annotations[name]?.append(row.annotations[name]?[rank] ?? 0) }
    }
    groupCount += 1
  }

  /// Appends the completions of `partner` as answers to the prompt of `row`, the row added last.
  ///
  /// Prompt and completion are joined before they are cut, like any others; a baseline of which nothing
  /// is left is left out.
  mutating func addBaselines(of row: TokenizedRow, answering partner: TokenizedRow, _ window: TokenWindow) {
    for completion in partner.whole.completions.prefix(row.completions.count) {
      guard let cut = window.cut(prompt: row.whole.prompt, completion: completion) else { continue }
      let known = prompts.indices.last { rowNumbers[$0] == row.place.row && prompts[$0] == cut.prompt }
      if known == nil {
        prompts.append(cut.prompt)
        rowNumbers.append(row.place.row)
      }
      append(cut.completion, prompt: known ?? prompts.count - 1, group: groupCount - 1, isBaseline: true)
      ranks.append(0)
      isDesirable.append(false)
      for name in annotations.keys { annotations[name]?.append(0) }
    }
  }

  private mutating func append(_ completion: [Int32], prompt: Int, group: Int, isBaseline: Bool) {
    completions.append(completion)
    promptOfCompletion.append(prompt)
    groups.append(group)
    self.isBaseline.append(isBaseline)
  }

  /// The micro-batch.
  var batch: TokenBatch {
    TokenBatch(
      prompts: prompts, completions: completions,
      layout: FeedbackLayout(
        prompts: promptOfCompletion, groups: groups, ranks: ranks, isDesirable: isDesirable,
        isBaseline: isBaseline),
      annotations: annotations, rows: rowNumbers)
  }
}

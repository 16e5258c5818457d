// Which rows make up which step: a pure function of the step's number.

public import PreferenceCore

/// How rows are put into batches.
public struct BatchPlanOptions: Sendable, Hashable {
  /// Rows of one micro-batch.
  public var rowsPerMicroBatch = 8
  /// Micro-batches of one step.
  public var accumulationSteps = 1
  /// The most tokens of a micro-batch; one of more is split between rows. A single row may exceed it.
  public var microBatchTokens: Int?
  /// Whether each epoch has an order of its own; else the rows come in the order of the file.
  public var shuffles = true
  /// What the orders are drawn from.
  public var seed: UInt64 = 42
  /// Whether every row brings a completion of another row, to estimate a divergence from.
  public var needsBaselines = false

  /// TRL's defaults.
  public init() {}
}

/// The batches of a run.
///
/// An epoch's order depends on (seed, epoch) alone and a step's rows on the step alone, so a resumed run
/// needs only its step number. The last step of an epoch holds what is left of it.
public struct BatchPlan: BatchSource {
  /// How rows are put into batches.
  public let options: BatchPlanOptions
  private let rows: [TokenizedRow]
  private let window: TokenWindow
  private let annotationNames: [String]

  /// A plan for the rows of `dataset`.
  ///
  /// - Precondition: there is a row, and the counts in `options` are positive.
  public init(_ dataset: PreferenceDataset, options: BatchPlanOptions = BatchPlanOptions()) {
    self.init(dataset.rows, window: dataset.window, options: options)
  }

  /// A plan for `rows`, cut to `window`.
  init(_ rows: [TokenizedRow], window: TokenWindow, options: BatchPlanOptions) {
    precondition(!rows.isEmpty, "a plan needs rows; none are given")
    precondition(
      options.rowsPerMicroBatch > 0 && options.accumulationSteps > 0 && options.microBatchTokens ?? 1 > 0,
      "batches of \(options.rowsPerMicroBatch) rows × \(options.accumulationSteps) cannot be made")
    (self.rows, self.window, self.options) = (rows, window, options)
    annotationNames = rows.first.map { $0.annotations.keys.sorted() } ?? []
  }

  /// Rows of one step, before the last of an epoch.
  public var rowsPerStep: Int { options.rowsPerMicroBatch * options.accumulationSteps }

  /// Steps that go through all rows once.
  public var stepsPerEpoch: Int { (rows.count + rowsPerStep - 1) / rowsPerStep }

  /// How often the rows have been gone through after `steps` steps, counted in micro-batches as transformers does.
  public func epochs(after steps: Int) -> Double {
    let batches = (rows.count + options.rowsPerMicroBatch - 1) / options.rowsPerMicroBatch
    let begun = (steps % stepsPerEpoch) * options.accumulationSteps
    return Double(steps / stepsPerEpoch) + Double(begun) / Double(batches)
  }

  /// The order of the rows in `epoch`, counted from 0.
  public func order(epoch: Int) -> [Int] {
    guard options.shuffles else { return Array(rows.indices) }
    var generator = SplitMix(seed: options.seed, stream: UInt64(epoch) + 1)
    return generator.permutation(rows.count)
  }

  /// The micro-batches of step `step`, counted from 0 over the whole run.
  public func microBatches(step: Int) -> [TokenBatch] {
    precondition(step >= 0, "there is no step \(step)")
    let order = order(epoch: step / stepsPerEpoch)
    let start = (step % stepsPerEpoch) * rowsPerStep
    let slots = Array(start..<min(start + rowsPerStep, order.count))
    let entries = slots.indices.map { index in
      let (slot, around) = (slots[index], partner(of: index, in: slots, outOf: order.count))
      return Entry(row: rows[order[slot]], partner: around.map { rows[order[$0]] })
    }
    return split(entries).map(batch)
  }

  /// The place of the row whose completions the row at `slots[index]` takes for its baselines: the one before it,
  /// around the step.
  ///
  /// The one row that an epoch in order may leave for its last step answers itself, as in TRL, whose rows come in
  /// order; any other step of one row borrows from the row before it in the epoch, and a lone row has no baseline.
  private func partner(of index: Int, in slots: [Int], outOf count: Int) -> Int? {
    if slots.count > 1 { return slots[(index + slots.count - 1) % slots.count] }
    if !options.shuffles, rowsPerStep > 1, count > 1 { return slots[index] }
    let before = (slots[index] + count - 1) % count
    return before == slots[index] ? nil : before
  }
}

extension BatchPlan {
  /// One row of a step, and the row whose completions serve as its baselines.
  private struct Entry {
    var row: TokenizedRow
    var partner: TokenizedRow?

    /// At most how many tokens the partner's completions add.
    var baselineTokenCount: Int {
      (partner?.whole.completions ?? []).prefix(row.completions.count).reduce(0) { $0 + $1.count }
    }
  }

  /// Micro-batches of at most `rowsPerMicroBatch` rows and, where a budget is set, that many tokens.
  private func split(_ entries: [Entry]) -> [[Entry]] {
    stride(from: 0, to: entries.count, by: options.rowsPerMicroBatch).flatMap { start in
      let part = Array(entries[start..<min(start + options.rowsPerMicroBatch, entries.count)])
      guard let budget = options.microBatchTokens else { return [part] }
      let costs = part.map {
        $0.row.tokenCount + (options.needsBaselines ? $0.baselineTokenCount : 0)
      }
      return TokenBudget(costs, budget).ranges.map { Array(part[$0]) }
    }
  }

  /// Lays the rows of one micro-batch out.
  private func batch(_ entries: [Entry]) -> TokenBatch {
    var builder = BatchBuilder(annotationNames: annotationNames)
    for entry in entries {
      builder.add(entry.row)
      if options.needsBaselines, let partner = entry.partner {
        builder.addBaselines(of: entry.row, answering: partner, window)
      }
    }
    return builder.batch
  }
}

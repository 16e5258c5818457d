// A batch as a formula sees it.

import PreferenceCore

/// Looks names up in a batch.
struct FormulaScope {
  private let batch: ScoredBatch
  private let pairs: ScoredPairs?
  private let completions: [Int]

  /// - Parameter isOfPairs: whether the formula speaks of pairs or of single completions.
  init(_ batch: ScoredBatch, isOfPairs: Bool) {
    self.batch = batch
    pairs = isOfPairs ? ScoredPairs(batch) : nil
    completions = isOfPairs ? [] : batch.completions(of: .completion)
  }

  /// How many values the formula has.
  var count: Int { pairs?.count ?? completions.count }

  /// The completions of a side, one for each item.
  private func rows(_ side: FormulaName.Side) -> [Int] {
    switch side {
    case .chosen: pairs?.chosen ?? []
    case .rejected: pairs?.rejected ?? []
    case .completion: completions
    case .baseline: batch.layout.isBaseline.indices.filter { batch.layout.isBaseline[$0] }
    case .pair, .model: []
    }
  }

  /// What `name` stands for.
  func value(_ name: FormulaName) -> FormulaValue {
    let rows = rows(name.side)
    switch name.quantity {
    case .maximumEntropy:
      return .number((batch.references.first ?? batch.policy).maximumEntropy)
    case .margin: return .tensor(pairs?.margin ?? .zeros([0]))
    case .meanMargin: return .tensor(pairs?.meanMargin ?? .zeros([0]))
    case .ratio:
      if let pairs, name.side == .chosen { return .tensor(pairs.chosenLogRatio) }
      if let pairs, name.side == .rejected { return .tensor(pairs.rejectedLogRatio) }
      return .tensor(batch.logRatio.rows(rows))
    case .policy: return .tensor(batch.policyLogProbability.rows(rows))
    case .reference: return .tensor(batch.referencePart.rows(rows))
    case .references: return .list(batch.referenceLogProbabilities.map { .tensor($0.rows(rows)) })
    case .referenceAt(let index): return .tensor(batch.referenceLogProbabilities[index].rows(rows))
    case .length: return .tensor(Tensor(rows.map { Double(Swift.max(1, batch.tokenCounts[$0])) }))
    case .label: return .tensor(Tensor(rows.map { batch.layout.isDesirable[$0] ? 1 : 0 }))
    case .policySum(let statistic):
      return .tensor(batch.sequenceSum(of: statistic, batch.policy).rows(rows))
    case .referenceSum(let statistic):
      return .tensor(batch.sequenceSum(of: statistic, batch.references[0]).rows(rows))
    case .column(let column): return .tensor(batch.annotation(column).rows(rows))
    }
  }
}

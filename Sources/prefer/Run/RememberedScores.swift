// A reference that scores each completion once: its answers are kept, its weights need not stand still in memory.

import PreferenceCore
import Tensors

/// Remembers another scorer's statistics of every completion it was asked about.
///
/// What a model gives a completion does not depend on what else is in a batch, so the kept numbers are the
/// numbers it would give again, to the bit.
final class RememberedScores: Scorer {
  private let inner: any Scorer
  private var kept: [Question: [TokenStatistic: [Double]]] = [:]
  private var maximumEntropy = 0.0

  /// A completion behind its prompt.
  private struct Question: Hashable {
    let prompt: [Int32]
    let completion: [Int32]
  }

  /// - Parameter inner: who is asked about new completions; must not change.
  init(_ inner: any Scorer) { self.inner = inner }

  var statistics: Set<TokenStatistic> { inner.statistics }

  func score(_ batch: TokenBatch, _ wanted: Set<TokenStatistic>) throws(ScoringError) -> ModelScores {
    let questions = batch.completions.indices.map {
      Question(prompt: batch.prompts[batch.layout.prompts[$0]], completion: batch.completions[$0])
    }
    if questions.contains(where: { kept[$0].map { !wanted.isSubset(of: $0.keys) } ?? true }) {
      let scores = try inner.score(batch, wanted)
      maximumEntropy = scores.maximumEntropy
      for statistic in wanted {
        let table = scores[statistic]
        let (scalars, width) = (table.scalars, table.shape[1])
        for (row, question) in questions.enumerated() {
          let numbers = scalars[(row * width)..<(row * width + question.completion.count)]
          kept[question, default: [:]][statistic] = Array(numbers)
        }
      }
    }
    let width = questions.map(\.completion.count).max() ?? 0
    var values: [TokenStatistic: Tensor] = [:]
    for statistic in wanted {
      let rows = questions.flatMap { question -> [Double] in
        let numbers = kept[question]?[statistic] ?? []
        return numbers + [Double](repeating: 0, count: width - numbers.count)
      }
      values[statistic] = Tensor(rows, shape: [questions.count, width])
    }
    return ModelScores(values, maximumEntropy: maximumEntropy)
  }
}

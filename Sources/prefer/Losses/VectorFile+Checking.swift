// Evaluates losses on the batches of a vector file and measures how far they are off.

import Foundation
import PreferenceCore
import Tensors

extension VectorFile.Case {
  /// How far a loss is off on this case: the worst relative error of value, pairs and gradient.
  struct Outcome: Sendable {
    let loss: String
    let value: Double
    let pairs: Double
    let gradient: Double
    /// Tied pairs on which the loss jumps: their gradient is a convention, and is not compared.
    let jumps: Int

    /// The worst of the three.
    var worst: Double { max(value, pairs, gradient) }
    /// What is worst, in words.
    var place: String { gradient == worst ? "gradient" : pairs == worst ? "a pair's loss" : "value" }
  }

  /// The batch of this case with everything `loss` reads.
  ///
  /// - Parameter nudge: added to every token of one pair's chosen completion.
  private func batch(
    for loss: any PreferenceLoss, nudging pair: Int? = nil, by nudge: Double = 0
  ) -> (batch: ScoredBatch, leaf: Tensor) {
    let sides = pairs.flatMap { [$0.chosen, $0.rejected] }
    let width = sides.map(\.policy.count).max() ?? 0
    func table(_ numbers: (VectorFile.Side) -> [Double]) -> Tensor {
      let padded = sides.flatMap { side in
        let row = numbers(side)
        return row + [Double](repeating: 0, count: width - row.count)
      }
      return Tensor(padded, shape: [sides.count, width])
    }
    let maximumEntropy = Foundation.log(Double(vocabulary))
    var scalars = table(\.policy).scalars
    if let pair { for t in pairs[pair].chosen.policy.indices { scalars[2 * pair * width + t] += nudge } }
    let leaf = Tensor(scalars, shape: [sides.count, width]).tracked()
    let policy: [TokenStatistic: Tensor] = [
      .logProbability: leaf, .logCollision: table(\.logSumSq), .entropy: table(\.entropies),
    ]
    let references = (sides.first?.references.indices ?? 0..<0).map { k in
      ModelScores(
        [.logProbability: table { $0.references[k] }, .entropy: table(\.entropies)],
        maximumEntropy: maximumEntropy)
    }
    let wanted = loss.requirements.references
    let taken = references.prefix(wanted.upperBound)
    let scores = Tensor(pairs.flatMap { $0.scores ?? [0, 0] })
    let batch = ScoredBatch(
      layout: .pairs(pairs.count),
      tokens: sides.map {
        [Int32](repeating: 0, count: $0.policy.count) + [Int32](repeating: -1, count: width - $0.policy.count)
      },
      mask: table { [Double](repeating: 1, count: $0.policy.count) },
      policy: ModelScores(policy, maximumEntropy: maximumEntropy), references: Array(taken),
      annotations: Dictionary(uniqueKeysWithValues: loss.requirements.annotations.map { ($0, scores) }))
    return (batch, leaf)
  }

  /// Evaluates `loss` on this case and compares.
  func outcome(of loss: any PreferenceLoss) -> Outcome {
    let (batch, leaf) = batch(for: loss)
    let terms = terms(of: loss, on: batch)
    let objective = terms.objective(batch.counts)
    let found = gradients(of: objective, at: [leaf])[0].scalars
    let width = leaf.shape[1]
    let jumps = pairs.indices.filter { self.jumps(loss, at: $0) }
    var (flat, expected): ([Double], [Double]) = ([], [])
    for (row, side) in pairs.flatMap({ [$0.chosen, $0.rejected] }).enumerated() where !jumps.contains(row / 2)
    {
      flat += side.gradient.indices.map { found[row * width + $0] }
      expected += side.gradient
    }
    var pairError = 0.0
    if let perPair, terms.terms.allSatisfy({ $0.unit == .pair }) {
      let sums = perPair.indices.map { p in
        terms.terms.reduce(0) { $0 + $1.coefficient * stopGradient($1.values).scalars[p] }
      }
      pairError = Self.error(sums, perPair)
    }
    return Outcome(
      loss: self.loss, value: Self.error([stopGradient(objective).item], [value]), pairs: pairError,
      gradient: Self.error(flat, expected), jumps: jumps.count)
  }

  private func terms(of loss: any PreferenceLoss, on batch: ScoredBatch) -> LossTerms {
    var context = LossContext(step: 0, seed: 0)
    return loss.evaluate(batch, &context)
  }

  /// Whether a pair is exactly tied and the loss has another value on either side of the tie.
  private func jumps(_ loss: any PreferenceLoss, at pair: Int) -> Bool {
    func ratio(_ side: VectorFile.Side) -> Double {
      side.policy.reduce(0, +) - (side.references.first?.reduce(0, +) ?? 0)
    }
    guard abs(ratio(pairs[pair].chosen) - ratio(pairs[pair].rejected)) < 1e-12 else { return false }
    let sides = [1e-7, -1e-7].map { nudge -> Double in
      let batch = batch(for: loss, nudging: pair, by: nudge).batch
      return stopGradient(terms(of: loss, on: batch).objective(batch.counts)).item
    }
    return abs(sides[0] - sides[1]) > 1e-4 * max(abs(value), 1e-12)
  }

  /// The largest difference relative to the largest number expected; infinite where anything is not finite.
  private static func error(_ found: [Double], _ expected: [Double]) -> Double {
    let scale = max(expected.reduce(0) { max($0, abs($1)) }, 1e-12)
    return zip(found, expected).reduce(0) { worst, pair in
      let difference = abs(pair.0 - pair.1) / scale
      return difference.isFinite ? max(worst, difference) : .infinity
    }
  }
}

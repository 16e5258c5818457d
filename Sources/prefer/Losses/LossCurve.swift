// A loss as a curve: value and gradient of one pair against its log-ratio margin.

import PreferenceCore
import Tensors

/// What a loss makes of pairs that differ in nothing but their margin.
struct LossCurve: Sendable {
  /// Log-ratio margins, in nats.
  let margins: [Double]
  /// The loss at each margin.
  let values: [Double]
  /// `dℓ/dh` at each margin.
  let slopes: [Double]

  /// How long the completions are, in tokens.
  static let length = 8

  /// Completions of eight tokens, references at a log-probability of −2 nats a token and half of the
  /// largest entropy, reward columns at 1 for the chosen side and 0 for the other.
  init(of loss: any PreferenceLoss, over range: ClosedRange<Double>, count: Int = 201) {
    let (length, maximumEntropy) = (Self.length, 6.0)
    margins = (0..<count).map {
      range.lowerBound + (range.upperBound - range.lowerBound) * Double($0) / Double(count - 1)
    }
    let sides = margins.flatMap { [$0 / 2, -$0 / 2] }
    let shape = [sides.count, length]
    func constant(_ x: Double) -> Tensor {
      Tensor([Double](repeating: x, count: sides.count * length), shape: shape)
    }
    let leaf = Tensor(
      sides.flatMap { [Double](repeating: -2 + $0 / Double(length), count: length) }, shape: shape
    ).tracked()
    let requirements = loss.requirements
    var policy: [TokenStatistic: Tensor] = [:]
    for statistic in requirements.policyStatistics {
      policy[statistic] = constant(Self.typical(statistic, maximumEntropy))
    }
    policy[.logProbability] = leaf
    let references = (0..<requirements.references.lowerBound).map { _ in
      var scores: [TokenStatistic: Tensor] = [:]
      for statistic in requirements.referenceStatistics {
        scores[statistic] = constant(Self.typical(statistic, maximumEntropy))
      }
      return ModelScores(scores, maximumEntropy: maximumEntropy)
    }
    let rewards = Tensor(sides.indices.map { $0 % 2 == 0 ? 1.0 : 0.0 })
    let batch = ScoredBatch(
      layout: .pairs(count),
      tokens: sides.indices.map { row in (0..<length).map { Int32(row * length + $0) } },
      mask: constant(1), policy: ModelScores(policy, maximumEntropy: maximumEntropy), references: references,
      annotations: Dictionary(uniqueKeysWithValues: requirements.annotations.map { ($0, rewards) }))
    var context = LossContext(step: 0, seed: 0)
    let terms = loss.evaluate(batch, &context)
    // Every unit counts one pair, so that a point of the curve is the loss of that pair alone.
    let totals: [Unit: Int] = [
      .pair: 1, .completion: 2, .prompt: 1, .token: 2 * length, .chosenToken: length,
    ]
    let objective = terms.objective(totals)
    let gradient = gradients(of: objective, at: [leaf])[0].scalars
    slopes = margins.indices.map { pair in
      // Along dh, the chosen side rises by ½ and the rejected one falls by ½.
      let chosen = gradient[(2 * pair * length)..<((2 * pair + 1) * length)].reduce(0, +)
      let rejected = gradient[((2 * pair + 1) * length)..<((2 * pair + 2) * length)].reduce(0, +)
      return (chosen - rejected) / 2 / Double(length)
    }
    values = Self.values(terms, pairs: count, totals)
  }

  private static func typical(_ statistic: TokenStatistic, _ maximumEntropy: Double) -> Double {
    switch statistic {
    case .entropy: maximumEntropy / 2
    case .argmaxHit, .meanScore: 0
    case .divergence: 0.1
    default: -2
    }
  }

  /// The loss of each pair: its share of every term.
  private static func values(_ terms: LossTerms, pairs: Int, _ totals: [Unit: Int]) -> [Double] {
    var values = [Double](repeating: 0, count: pairs)
    for term in terms.terms {
      let scalars = stopGradient(term.values).scalars
      let each = scalars.count / pairs
      guard each > 0 else { continue }
      let share = term.coefficient / Double(totals[term.unit] ?? 1)
      for (index, value) in scalars.enumerated() { values[min(pairs - 1, index / each)] += share * value }
    }
    return values
  }
}

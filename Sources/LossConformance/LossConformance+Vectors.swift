// Checks a file of golden values.

public import PreferenceCore

extension LossConformance {
  /// Compares every case whose losses `registry` knows: values, values of each pair, and gradients.
  ///
  /// Numbers agree when they differ by at most 10⁻⁹ relative, for the Kendall link by 10⁻⁷, whose printed form
  /// loses that much at tiny λ in the implementation the values are from. Where a loss jumps, as the Kendall link
  /// does at margin 0, it has no gradient and what an implementation returns is its own convention: such entries
  /// are counted, not compared.
  public static func verifyVectors(_ vectors: LossVectors, in registry: LossRegistry) -> [VectorResult] {
    vectors.cases.enumerated().map { index, item in
      let (outcome, jumps) = outcome(item, registry)
      return VectorResult(index: index, loss: item.loss, outcome: outcome, jumps: jumps)
    }
  }

  private static func outcome(
    _ item: LossVectors.Case, _ registry: LossRegistry
  ) -> (outcome: VectorResult.Outcome, jumps: Int) {
    let loss: any PreferenceLoss
    do throws(ConfigurationError) {
      loss = try registry.resolve(item.loss)
    } catch {
      let known = registry.entries
      if let parsed = try? Expression(parsing: item.loss),
        let unknown = names(in: parsed).first(where: { known[$0] == nil })
      {
        return (.skipped(unknown: unknown), 0)
      }
      return (.refused(error.description), 0)
    }
    return compare(item, loss)
  }

  private static func compare(
    _ item: LossVectors.Case, _ loss: any PreferenceLoss
  ) -> (outcome: VectorResult.Outcome, jumps: Int) {
    let tolerance = item.loss.contains("mallows-phi") ? 1e-7 : 1e-9
    let sides = item.pairs.flatMap { [$0.chosen, $0.rejected] }
    let width = sides.map(\.policy.count).max() ?? 0
    let leaf = padded(sides.map(\.policy), width).tracked()
    let batch = batch(item, sides, width, policy: leaf, annotations: loss.requirements.annotations)
    var context = LossContext()
    let terms = loss.evaluate(batch, &context)
    let objective = terms.objective(batch.counts)
    var comparison = Comparison(tolerance: tolerance)
    comparison.compare("value", item.value, stopGradient(objective).item)
    for (pair, expected) in item.perPair.enumerated() {
      comparison.compare("pair \(pair)", expected, value(of: terms, at: pair, batch.counts))
    }
    let gradient = gradients(of: objective, at: [leaf])[0].scalars
    var jumps = 0
    let steepest = sides.flatMap(\.gradient).map(abs).max() ?? 0
    for (row, side) in sides.enumerated() {
      for (t, expected) in side.gradient.enumerated() {
        let place = row * width + t
        func nudged(_ offset: Double) -> Double {
          var scalars = stopGradient(leaf).scalars
          scalars[place] += offset
          let moved = self.batch(
            item, sides, width, policy: Tensor(scalars, shape: leaf.shape),
            annotations: loss.requirements.annotations)
          var context = LossContext()
          return loss.evaluate(moved, &context).objective(moved.counts).item
        }
        if gradient[place] != expected, isJump(nudged, slope: max(abs(expected), abs(gradient[place]))) {
          jumps += 1
          continue
        }
        comparison.compare(
          "gradient at \(row % 2 == 0 ? "chosen" : "rejected") token \(t) of pair \(row / 2)", expected,
          gradient[place], floor: 1e-6 * steepest)
      }
    }
    return (comparison.outcome, jumps)
  }

  /// Whether the value changes at once, by far more than its slope accounts for.
  private static func isJump(_ value: (Double) -> Double, slope: Double) -> Bool {
    let step = 1e-8
    return abs(value(step) - value(-step)) > 1e3 * step * (slope + 1e-3)
  }

  /// A pair's own values and the means of terms that pairs do not count.
  private static func value(of terms: LossTerms, at pair: Int, _ totals: [Unit: Int]) -> Double {
    terms.terms.reduce(0) { sum, term in
      let values = stopGradient(term.values).scalars
      if term.unit == .pair { return sum + term.coefficient * values[pair] }
      return sum + term.coefficient * values.reduce(0, +) / Double(max(1, totals[term.unit] ?? 1))
    }
  }

  private static func batch(
    _ item: LossVectors.Case, _ sides: [LossVectors.Side], _ width: Int, policy: Tensor,
    annotations: Set<String>
  ) -> ScoredBatch {
    let entropies = padded(sides.map(\.entropies), width)
    let highest = Elementary.log(Double(item.vocabulary))
    let count = sides.first?.references.count ?? 0
    let references = (0..<count).map { k in
      ModelScores(
        [.logProbability: padded(sides.map { $0.references[k] }, width), .entropy: entropies],
        maximumEntropy: highest)
    }
    var statistics: [TokenStatistic: Tensor] = [.logProbability: policy]
    let collisions = sides.compactMap(\.logCollisions)
    if collisions.count == sides.count { statistics[.logCollision] = padded(collisions, width) }
    let scores = item.pairs.flatMap { $0.scores ?? [0, 0] }
    return ScoredBatch(
      layout: .pairs(item.pairs.count), tokens: sides.map { _ in [Int32](repeating: 0, count: width) },
      mask: padded(sides.map { $0.policy.map { _ in 1 } }, width),
      policy: ModelScores(statistics, maximumEntropy: highest), references: references,
      annotations: Dictionary(uniqueKeysWithValues: annotations.map { ($0, Tensor(scores)) }))
  }

  private static func padded(_ rows: [[Double]], _ width: Int) -> Tensor {
    Tensor(
      rows.flatMap { $0 + [Double](repeating: 0, count: width - $0.count) }, shape: [rows.count, width])
  }

  /// The names of losses in an expression, outermost first.
  static func names(in expression: Expression) -> [String] {
    switch expression {
    case .sum(let parts): parts.flatMap { names(in: $0.component) }
    case .named(let name, let arguments):
      [name]
        + arguments.flatMap { argument -> [String] in
          switch argument.value {
          case .component(let inner): names(in: inner)
          case .word(let word) where argument.name == nil: [word]
          default: []
          }
        }
    }
  }
}

/// Keeps the worst error and the first number that is off.
private struct Comparison {
  let tolerance: Double
  private var worst = 0.0
  private var failure: VectorResult.Outcome?

  init(tolerance: Double) { self.tolerance = tolerance }

  var outcome: VectorResult.Outcome { failure ?? .agrees(worst: worst) }

  /// Relative to the expected number, or to `floor` where that is larger.
  mutating func compare(_ place: String, _ expected: Double, _ actual: Double, floor: Double = 1e-12) {
    let error = abs(actual - expected) / max(abs(expected), floor)
    worst = max(worst, error)
    if failure == nil, !(error <= tolerance) {
      failure = .differs(place: place, expected: expected, actual: actual)
    }
  }
}

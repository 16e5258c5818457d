// Law: the order of a batch does not matter, and a batch is the sum of its parts.

import PreferenceCore

extension LossConformance {
  /// Reverses the completions, and cuts the batch in two with the totals of the whole.
  static func partitionDoesNotMatter(_ subject: Subject) -> Verdict {
    if subject.loss.requirements.couplesItems { return .exempt("it couples the items of a batch") }
    var violations: [Violation] = []
    for fixture in subject.fixtures {
      let context = Evaluation.warmContext(subject.loss, fixture)
      func evaluate(_ fixture: Fixture, totals: [Unit: Int]? = nil) -> Evaluation {
        var copy = context
        return Evaluation(subject.loss, fixture, &copy, totals: totals)
      }
      let whole = evaluate(fixture)
      let order = Array(fixture.tokens.indices.reversed())
      let reversed = evaluate(fixture.taking(order))
      if !close(whole.value, reversed.value) {
        violations.append(
          Violation(
            .partition, "reversing the batch changes the value", seed: fixture.seed, expected: whole.value,
            actual: reversed.value))
      }
      let back = rows(of: reversed, fixture.taking(order))
      for (statistic, expected) in rows(of: whole, fixture) {
        let actual = back[statistic].map { rows in order.map { rows[$0] } } ?? []
        for (place, (a, b)) in zip(expected, actual).enumerated()
        where zip(a, b).contains(where: { !close($0, $1) }) {
          violations.append(
            Violation(.partition, "reversing the batch changes gradients", seed: fixture.seed, index: place))
        }
      }
      let totals = fixture.batch().counts
      let sum = fixture.halves.reduce(0) { $0 + evaluate($1, totals: totals).value }
      if !close(whole.value, sum) {
        violations.append(
          Violation(
            .partition, "the parts of a batch do not add up to it", seed: fixture.seed, expected: whole.value,
            actual: sum))
      }
    }
    return verdict(of: violations)
  }

  /// Equal but for the order of additions.
  static func close(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-12 * max(1, abs(a), abs(b)) }

  private static func rows(of result: Evaluation, _ fixture: Fixture) -> [TokenStatistic: [[Double]]] {
    let width = fixture.lengths.max() ?? 0
    return result.gradient.mapValues { slopes in
      fixture.lengths.enumerated().map { Array(slopes[($0 * width)..<($0 * width + $1)]) }
    }
  }
}

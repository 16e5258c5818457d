// Law: a weighted sum is linear in its weights, and its terms keep apart.

import PreferenceCore

extension LossConformance {
  /// `0.3·x + 0.7·x` against its parts, each at its own place; once is itself.
  static func sumsAreLinear(_ subject: Subject) -> Verdict {
    let loss = subject.loss
    var violations: [Violation] = []
    for fixture in subject.fixtures {
      let sum = WeightedSum([(0.3, loss), (0.7, loss)])
      let context = Evaluation.warmContext(sum, fixture)
      var (copy, first, second) = (context, context, context)
      let whole = Evaluation(sum, fixture, &copy)
      let parts = [Evaluation(loss, fixture, &first, at: "0"), Evaluation(loss, fixture, &second, at: "1")]
      let expected = 0.3 * parts[0].value + 0.7 * parts[1].value
      if !close(whole.value, expected) {
        violations.append(
          Violation(
            .sums, "0.3*x + 0.7*x is not the sum of its parts", seed: fixture.seed, expected: expected,
            actual: whole.value))
      }
      for (statistic, slopes) in whole.gradient {
        let linear = zip(parts[0].gradient[statistic] ?? [], parts[1].gradient[statistic] ?? [])
          .map { 0.3 * $0 + 0.7 * $1 }
        for (place, (a, b)) in zip(slopes, linear).enumerated() where !close(a, b) {
          violations.append(
            Violation(
              .sums, "the gradient of 0.3*x + 0.7*x is not linear", seed: fixture.seed, index: place,
              expected: b, actual: a))
        }
      }
      let names = whole.terms.map(\.name)
      if Set(names).count != names.count || names.isEmpty {
        violations.append(Violation(.sums, "its terms are called \(names)", seed: fixture.seed))
      }
    }
    return verdict(of: violations)
  }
}

// Law: a loss reads only what it declared.

import PreferenceCore

extension LossConformance {
  /// Adds statistics, references and columns that were not asked for, all of them not a number.
  static func readsOnlyWhatItDeclared(_ subject: Subject) -> Verdict {
    let needs = subject.loss.requirements
    let statistics: [TokenStatistic] = [
      .logProbability, .entropy, .divergence, .meanScore, .argmaxHit, .logCollision,
    ]
    var violations: [Violation] = []
    for fixture in subject.fixtures {
      let expected = Evaluation(subject.loss, fixture)
      var poisoned = fixture
      let poison = fixture.tokens.map { $0.map { _ in Double.nan } }
      for statistic in statistics {
        if !needs.policyStatistics.contains(statistic) { poisoned.policy[statistic] = poison }
        for k in poisoned.references.indices where !needs.referenceStatistics.contains(statistic) {
          poisoned.references[k][statistic] = poison
        }
      }
      if needs.references.upperBound < Requirements.maximumReferences {
        var scores: Fixture.Scores = [:]
        for statistic in statistics { scores[statistic] = poison }
        while poisoned.references.count <= needs.references.upperBound { poisoned.references.append(scores) }
      }
      for name in ["reward", "score", "margin", "safety"] where !needs.annotations.contains(name) {
        poisoned.annotations[name] = fixture.tokens.map { _ in .nan }
      }
      let result = Evaluation(subject.loss, poisoned)
      // What was not asked for can be read with a weight of 0 or into a gradient only; compare both.
      let moved = fixture.policy.keys.contains { result.gradient[$0] != expected.gradient[$0] }
      if result.value != expected.value || moved {
        violations.append(
          Violation(
            .declarations, "a statistic, reference or column that it did not ask for changes the result",
            seed: fixture.seed, expected: expected.value, actual: result.value))
      }
    }
    return verdict(of: violations)
  }
}

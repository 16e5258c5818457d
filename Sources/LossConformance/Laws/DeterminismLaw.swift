// Law: a result is a function of batch, seed, step, place and state alone.

import PreferenceCore

extension LossConformance {
  /// Evaluates again, with other evaluations in between, in fresh contexts and in copies.
  static func evaluationIsDeterministic(_ subject: Subject) -> Verdict {
    var violations: [Violation] = []
    for fixture in subject.fixtures {
      let context = Evaluation.warmContext(subject.loss, fixture)
      func evaluate(at place: String) -> (Evaluation, LossContext) {
        var copy = context
        let result = Evaluation(subject.loss, fixture, &copy, at: place)
        return (result, copy)
      }
      for place in ["a", "b"] {
        let (first, after) = evaluate(at: place)
        // Hidden state would be moved by these.
        for other in subject.fixtures { _ = Evaluation(subject.loss, other) }
        let (second, afterwards) = evaluate(at: place)
        if first.value != second.value || first.gradient != second.gradient {
          violations.append(
            Violation(
              .determinism, "two evaluations with one seed at one place differ", seed: fixture.seed,
              expected: first.value, actual: second.value))
        }
        if after.state != afterwards.state || after.metrics != afterwards.metrics {
          violations.append(
            Violation(.determinism, "two evaluations leave different state or metrics", seed: fixture.seed))
        }
      }
    }
    return verdict(of: violations)
  }
}

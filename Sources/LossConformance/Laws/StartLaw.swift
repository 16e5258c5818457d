// Law: where the policy equals its references, training can start, and the value is the promised one.

import PreferenceCore

extension LossConformance {
  /// The gradient is not 0 unless declared flat, and the value is ``PreferenceLoss/startingValue``.
  static func trainingCanStart(_ subject: Subject) -> Verdict {
    var violations: [Violation] = []
    for fixture in subject.fixtures.map(\.tied) {
      let result = Evaluation(subject.loss, fixture)
      let isFlat = result.steepest == 0
      if isFlat != subject.loss.startsFlat {
        let problem =
          isFlat
          ? "the gradient is 0 where the policy equals its references"
          : "declared flat where the policy equals its references, but is not"
        violations.append(Violation(.start, problem, seed: fixture.seed))
      }
      if let promised = subject.loss.startingValue, !close(promised, result.value) {
        violations.append(
          Violation(
            .start, "the value where the policy equals its references", seed: fixture.seed,
            expected: promised,
            actual: result.value))
      }
    }
    return verdict(of: violations)
  }
}

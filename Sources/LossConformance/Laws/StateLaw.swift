// Law: what a loss remembers is all in its state, is moved by training only, and survives a pause.

import PreferenceCore

extension LossConformance {
  /// Resumes from saved state, evaluates in between, and takes a step in one piece and in two.
  static func stateSurvives(_ subject: Subject) -> Verdict {
    let loss = subject.loss
    var violations: [Violation] = []
    for fixture in subject.fixtures {
      var through = Evaluation.warmContext(loss, fixture)
      // A run that was stopped here and goes on elsewhere, with a loss resolved anew.
      var resumed = LossContext(step: through.step, seed: 11, state: through.state)
      let again = (try? subject.registry.resolve(subject.text)) ?? loss
      let (a, b) = (Evaluation(loss, fixture, &through), Evaluation(again, fixture, &resumed))
      if a.value != b.value || a.gradient != b.gradient {
        violations.append(
          Violation(
            .state, "a resumed run goes on differently", seed: fixture.seed, expected: a.value,
            actual: b.value))
      }
      var held = through.forEvaluation()
      let before = held.state
      let first = Evaluation(loss, fixture, &held)
      held.commitStep()
      if held.state != before {
        violations.append(Violation(.state, "evaluation changes the state", seed: fixture.seed))
      }
      if first.value != a.value {
        violations.append(
          Violation(
            .state, "evaluation during a step reads what the step has added", seed: fixture.seed,
            expected: a.value, actual: first.value))
      }
      if !loss.requirements.couplesItems { violations += partitionMovesState(loss, fixture) }
    }
    return verdict(of: violations)
  }

  private static func partitionMovesState(_ loss: any PreferenceLoss, _ fixture: Fixture) -> [Violation] {
    var whole = Evaluation.warmContext(loss, fixture)
    var parts = whole
    _ = Evaluation(loss, fixture, &whole)
    for half in fixture.halves { _ = Evaluation(loss, half, &parts) }
    whole.commitStep()
    parts.commitStep()
    // Compare by what the state does to the next step, which is all that matters.
    let next = Fixture(fixture.needs, seed: fixture.seed + 300)
    let (a, b) = (Evaluation(loss, next, &whole), Evaluation(loss, next, &parts))
    guard a.differs(from: b, by: 1e-12) else { return [] }
    return [
      Violation(
        .state, "a step in two micro-batches is remembered differently", seed: fixture.seed,
        expected: a.value,
        actual: b.value)
    ]
  }
}

// Law: value and gradient are finite wherever log-probabilities are.

import PreferenceCore

extension LossConformance {
  /// Ordinary, tied, one-token and mostly padded batches; margins of ±80 nats and a sweep to ±10⁴.
  static func staysFinite(_ subject: Subject) -> Verdict {
    let needs = subject.loss.requirements
    var batches: [(kind: String, fixture: Fixture)] = []
    for fixture in subject.fixtures {
      batches.append(("an ordinary batch", fixture))
      batches.append(("a policy equal to its references", fixture.tied))
      batches.append(("completions of one token", Fixture(needs, seed: fixture.seed, length: 1)))
      batches.append(("one completion of forty tokens among short ones", mostlyPadding(fixture)))
    }
    let reference = Fixture(needs, seed: 1)
    for nats in [80, 500, 2000, 10_000] as [Double] {
      batches.append(("log-ratios of \(nats) nats the right way", reference.stretched(to: nats)))
      batches.append(("log-ratios of \(nats) nats the wrong way", reference.stretched(to: -nats)))
    }
    let violations = batches.compactMap { kind, fixture -> Violation? in
      let result = Evaluation(subject.loss, fixture)
      guard !result.isFinite else { return nil }
      let index = result.gradient.values.flatMap { $0 }.firstIndex { !$0.isFinite }
      let problem =
        result.value.isFinite
        ? "the gradient is not finite on \(kind)" : "the value is \(result.value) on \(kind)"
      return Violation(.finite, problem, seed: fixture.seed, index: index)
    }
    return verdict(of: violations)
  }

  private static func mostlyPadding(_ fixture: Fixture) -> Fixture {
    var copy = fixture
    func grown<Element>(_ row: [Element]) -> [Element] { (0..<40).map { row[$0 % row.count] } }
    copy.tokens[0] = grown(copy.tokens[0])
    for statistic in copy.policy.keys {
      copy.policy[statistic] = copy.policy[statistic].map { rows in [grown(rows[0])] + rows.dropFirst() }
    }
    copy.references = copy.references.map { scores in
      scores.mapValues { rows in [grown(rows[0])] + rows.dropFirst() }
    }
    return copy
  }
}

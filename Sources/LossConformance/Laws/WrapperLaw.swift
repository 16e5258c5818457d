// Law: a wrapper needs what its inner loss needs, and wrappers of different kinds commute.

import PreferenceCore

extension LossConformance {
  /// For every other wrapper `b` of the registry, `a(b(x)) = b(a(x))`.
  ///
  /// A wrapper that adds terms of its own is half a sum, `x + y`: what wraps it wraps `y` too, so it commutes with none.
  static func wrappersCommute(_ subject: Subject) -> Verdict {
    guard let name = subject.name, let slot = subject.slots.first else { return .exempt("it wraps no loss") }
    var violations: [Violation] = []
    if let inner = try? subject.registry.resolve(slot.filling) {
      let (mine, its) = (subject.loss.requirements, inner.requirements)
      let covered =
        mine.policyStatistics.isSuperset(of: its.policyStatistics)
        && mine.referenceStatistics.isSuperset(of: its.referenceStatistics)
        && mine.annotations.isSuperset(of: its.annotations) && mine.feedback >= its.feedback
        && (mine.couplesItems || !its.couplesItems) && (mine.needsBaselines || !its.needsBaselines)
      if !covered {
        violations.append(Violation(.wrapping, "it does not require what '\(slot.filling)' requires"))
      }
    }
    for other in subject.registry.entries.keys.sorted() where other != name {
      violations += commutes(subject, name, slot, with: other)
    }
    return verdict(of: violations)
  }

  private static func commutes(
    _ subject: Subject, _ name: String, _ slot: (name: String, filling: Expression), with other: String
  ) -> [Violation] {
    let entry = subject.registry.entries[other]
    guard let place = entry?.hyperparameters.first(where: { $0.type == Subject.slotType }) else { return [] }
    func mine(_ inner: Expression) -> Expression {
      .named(
        name, subject.arguments.map { $0.name == slot.name ? Argument(slot.name, inner.literal) : $0 })
    }
    func theirs(_ inner: Expression) -> Expression {
      .named(other, [Argument(place.name, inner.literal)])
    }
    // Wrappers that cannot be nested one way round have nothing to commute.
    guard let inside = try? subject.registry.resolve(mine(theirs(slot.filling))),
      let outside = try? subject.registry.resolve(theirs(mine(slot.filling)))
    else { return [] }
    let needs = inside.requirements.union(outside.requirements)
    if let inner = try? subject.registry.resolve(slot.filling) {
      let fixture = Fixture(needs, seed: Subject.seeds[0])
      if Evaluation(inside, fixture).terms.count != Evaluation(inner, fixture).terms.count { return [] }
    }
    return Subject.seeds.compactMap { seed in
      let fixture = Fixture(needs, seed: seed)
      let (a, b) = (Evaluation(inside, fixture), Evaluation(outside, fixture))
      guard a.differs(from: b) else { return nil }
      return Violation(
        .wrapping, "\(name)(\(other)(…)) is not \(other)(\(name)(…))", seed: seed, expected: b.value,
        actual: a.value)
    }
  }
}

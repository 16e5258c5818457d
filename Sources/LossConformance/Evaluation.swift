// One loss on one fixture: value, terms and gradients as plain numbers.

import PreferenceCore

/// What a loss makes of a batch.
struct Evaluation {
  /// The objective.
  var value: Double
  /// `∂value/∂statistic` of every policy statistic, `[N·T]`.
  var gradient: [TokenStatistic: [Double]]
  /// The terms as returned, by name.
  var terms: [(name: String, values: [Double])]

  /// The largest gradient entry by magnitude.
  var steepest: Double { gradient.values.flatMap { $0 }.map(abs).max() ?? 0 }

  /// Whether value and every gradient entry are finite.
  var isFinite: Bool { value.isFinite && gradient.values.allSatisfy { $0.allSatisfy(\.isFinite) } }
}

extension Evaluation {
  /// Evaluates and differentiates; `totals` are the batch's own unless given.
  init(
    _ loss: any PreferenceLoss, _ fixture: Fixture, _ context: inout LossContext, at place: String? = nil,
    totals: [Unit: Int]? = nil, extraWidth: Int = 0, padding: Double = 0
  ) {
    let leaves = fixture.policyTensors(extraWidth: extraWidth, padding: padding).mapValues { $0.tracked() }
    let batch = fixture.batch(policy: leaves, extraWidth: extraWidth, padding: padding)
    let terms =
      place.map { context.evaluate(loss, at: $0, on: batch) } ?? loss.evaluate(batch, &context)
    let objective = terms.objective(totals ?? batch.counts)
    let statistics = leaves.keys.sorted { $0.name < $1.name }
    let slopes = gradients(of: objective, at: statistics.compactMap { leaves[$0] })
    var gradient: [TokenStatistic: [Double]] = [:]
    for (statistic, slope) in zip(statistics, slopes) { gradient[statistic] = slope.scalars }
    self.init(
      value: stopGradient(objective).item, gradient: gradient,
      terms: terms.terms.map { ($0.name, stopGradient($0.values).scalars) })
  }

  /// Evaluates in a context of its own, after two steps on other rows, so that state is there.
  init(_ loss: any PreferenceLoss, _ fixture: Fixture) {
    var context = Self.warmContext(loss, fixture)
    self.init(loss, fixture, &context)
  }

  /// A context in which two steps have been taken on other rows of the same kind.
  static func warmContext(_ loss: any PreferenceLoss, _ fixture: Fixture) -> LossContext {
    var context = LossContext(step: 0, seed: 11)
    for offset in [100, 200] as [UInt64] {
      _ = loss.evaluate(Fixture(fixture.needs, seed: fixture.seed + offset).batch(), &context)
      context.commitStep()
    }
    return context
  }

  /// Whether two evaluations differ by more than rounding.
  func differs(from other: Evaluation, by tolerance: Double = 1e-10) -> Bool {
    func far(_ a: Double, _ b: Double) -> Bool { abs(a - b) > tolerance * max(1e-6, abs(a), abs(b)) }
    if far(value, other.value) { return true }
    for (statistic, mine) in gradient {
      guard let theirs = other.gradient[statistic], theirs.count == mine.count else { return true }
      if zip(mine, theirs).contains(where: { far($0, $1) }) { return true }
    }
    return false
  }
}

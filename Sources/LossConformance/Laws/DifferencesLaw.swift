// Law: the gradient is the derivative of the value, with stopped quantities held fixed.

import PreferenceCore

extension LossConformance {
  /// Compares with central differences of fourth order, to 10⁻⁷ relative.
  ///
  /// Stopped quantities are recorded once and replayed at every nudge, so that a loss with constants made of the
  /// policy's numbers is held to the derivative it means.
  static func gradientMatchesDifferences(_ subject: Subject) -> Verdict {
    var violations: [Violation] = []
    for fixture in subject.fixtures {
      let context = Evaluation.warmContext(subject.loss, fixture)
      let result = analytic(subject.loss, fixture, context)
      for statistic in result.gradient.keys.sorted(by: { $0.name < $1.name }) {
        let numeric = differences(subject.loss, fixture, context, statistic, result.log)
        let slopes = result.gradient[statistic] ?? []
        // Relative to the entry itself, or to a thousandth of the largest, below which rounding rules.
        let floor = 1e-3 * max(slopes.map(abs).max() ?? 0, numeric.map(abs).max() ?? 0) + 1e-9
        let errors = zip(slopes, numeric).map { abs($0 - $1) / max(abs($1), floor) }
        guard let worst = errors.indices.max(by: { errors[$0] < errors[$1] }), !(errors[worst] < 1e-7)
        else { continue }
        violations.append(
          Violation(
            .differences, "the gradient at '\(statistic)' is not the slope of the value", seed: fixture.seed,
            index: worst, expected: numeric[worst], actual: slopes[worst]))
      }
    }
    return verdict(of: violations)
  }

  private static func analytic(
    _ loss: any PreferenceLoss, _ fixture: Fixture, _ context: LossContext
  ) -> (gradient: [TokenStatistic: [Double]], log: StopGradientLog) {
    let log = StopGradientLog()
    let leaves = fixture.policyTensors().mapValues { $0.tracked() }
    let objective = log.recording { value(loss, fixture.batch(policy: leaves), context) }
    let statistics = leaves.keys.sorted { $0.name < $1.name }
    let slopes = gradients(of: objective, at: statistics.compactMap { leaves[$0] })
    return (Dictionary(uniqueKeysWithValues: zip(statistics, slopes.map(\.scalars))), log)
  }

  private static func differences(
    _ loss: any PreferenceLoss, _ fixture: Fixture, _ context: LossContext, _ statistic: TokenStatistic,
    _ log: StopGradientLog
  ) -> [Double] {
    let tensors = fixture.policyTensors()
    guard let origin = tensors[statistic] else { return [] }
    let step = 1e-3
    return origin.scalars.indices.map { i in
      func nudged(_ offset: Double) -> Double {
        var scalars = origin.scalars
        scalars[i] += offset
        var moved = tensors
        moved[statistic] = Tensor(scalars, shape: origin.shape)
        return log.replaying { stopless(value(loss, fixture.batch(policy: moved), context)) }
      }
      let near = nudged(step) - nudged(-step)
      let far = nudged(2 * step) - nudged(-2 * step)
      return (8 * near - far) / (12 * step)
    }
  }

  /// The number of an untracked scalar, without going through the log.
  private static func stopless(_ x: Tensor) -> Double { x.item }

  private static func value(
    _ loss: any PreferenceLoss, _ batch: ScoredBatch, _ context: LossContext
  ) -> Tensor {
    var context = context
    return loss.evaluate(batch, &context).objective(batch.counts)
  }
}

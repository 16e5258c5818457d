// MallowsPO: laws, identities, the dispersion from entropies.

import BuiltinLosses
import Foundation
import LossConformance
import MallowsPOLosses
import PreferenceCore
import Testing

@Suite struct MallowsPOTests {
  @Test(arguments: [
    "mallows", "mallows-theta", "mallows-phi", "mallows(ipo)", "mallows(dpo, dispersion=0.3)",
    "mallows-theta(dispersion=0.7, label_smoothing=0.1)", "mallows-phi(dispersion=0.5)",
    "mallows-phi(dispersion=0.001, beta=1)", "mallows-phi(smoothing=0.1)",
  ])
  func `obeys every law`(_ text: String) throws { try LossConformance.verify(text, in: .builtin) }

  @Test func `mallows-theta is mallows around dpo`() throws {
    try LossConformance.verify(
      "mallows-theta(beta=0.3, scale=0.4)", equals: "mallows(dpo(beta=0.3), scale=0.4)", in: .builtin)
    try LossConformance.verify(
      "mallows-theta(label_smoothing=0.2)", equals: "mallows(dpo(label_smoothing=0.2))", in: .builtin)
  }

  /// One pair with log-ratio margin 1.5 and these mean token entropies, as shares of the largest.
  private func loss(
    _ text: String, shares: [Double], margin: Double = 1.5
  ) throws -> (value: Double, slope: Double, metrics: [String: Double]) {
    let leaf = Tensor([-2 + margin, -2], shape: [2, 1]).tracked()
    let reference = ModelScores(
      [
        .logProbability: Tensor([-2, -2], shape: [2, 1]),
        .entropy: Tensor(shares.map { $0 * 3 }, shape: [2, 1]),
      ], maximumEntropy: 3)
    let batch = ScoredBatch(
      layout: .pairs(1), tokens: [[1], [2]], mask: .ones([2, 1]),
      policy: ModelScores([.logProbability: leaf], maximumEntropy: 3), references: [reference])
    var context = LossContext()
    let objective = try LossRegistry.builtin.resolve(text).evaluate(batch, &context).objective(batch.counts)
    let slope = gradients(of: objective, at: [leaf])[0].scalars[0]
    return (stopGradient(objective).item, slope, context.metrics.means)
  }

  @Test func `weight 1 is DPO to the bit`() throws {
    let one = Mallows().scale  // 0.29; e^(−1/0.29) is the entropy at which the weight is 1
    let share = exp(-1 / one)
    let weighted = try loss("mallows", shares: [share, share])
    #expect(abs(weighted.value - (try loss("dpo", shares: [share, share]).value)) < 1e-15)
    #expect(abs((weighted.metrics["mallows/weight"] ?? 0) - 1) < 1e-14)
    let fixed = try loss("mallows(dpo, dispersion=0.6065306597126334)", shares: [share, share])
    #expect(abs(fixed.value - weighted.value) < 1e-15)
  }

  @Test func `a uniform reference teaches nothing`() throws {
    let uniform = try loss("mallows-theta", shares: [1, 1])
    #expect(uniform.value == 0.6931471805599453 && uniform.slope == 0)
  }

  @Test func `gradients at margin 0 go as the log of the dispersion`() throws {
    let low = try loss("mallows-theta", shares: [0.01, 0.01], margin: 0)
    let high = try loss("mallows-theta", shares: [0.5, 0.5], margin: 0)
    #expect(abs(low.slope / high.slope - log(0.01) / log(0.5)) < 1e-12)
  }

  @Test func `the dispersion is the mean over both responses and clamped`() throws {
    let mixed = try loss("mallows-theta", shares: [0.1, 0.3])
    #expect(abs((mixed.metrics["mallows/negative_log_entropy"] ?? 0) + log(0.2)) < 1e-14)
    let sure = try loss("mallows-theta", shares: [0, 0])
    #expect(abs((sure.metrics["mallows/negative_log_entropy"] ?? 0) + log(1e-6)) < 1e-12)
    #expect(sure.value.isFinite)
  }

  @Test(arguments: [
    (
      "mallows(sft)",
      "'mallows(sft)': 'mallows' scales margins, but 'sft' has none to scale"
    ),
    (
      "mallows-theta(dispersion=0.5, scale=1)",
      "'mallows-theta': 'scale' has no effect when 'dispersion' is a number; leave one of them out"
    ),
    (
      "mallows-phi(dispersion=1)", "'mallows-phi': 'dispersion' must be entropy or in (0, 1), not 1"
    ),
  ])
  func `refuses what would do nothing`(_ text: String, _ message: String) {
    let error = #expect(throws: ConfigurationError.self) { try LossRegistry.builtin.resolve(text) }
    #expect(error?.description == message)
  }
}

// MRPO: laws, the virtual reference in numbers, its limits, its refusals.

import BuiltinLosses
import Foundation
import LossConformance
import MRPOLosses
import PreferenceCore
import Testing

@testable import MRPOLosses

@Suite struct MRPOTests {
  @Test(arguments: [
    "mrpo", "mrpo(ipo)", "mrpo(mallows-theta)", "mrpo(dpo, clip=fixed, alpha=0.4)",
    "mrpo(dpo, clip=none, alpha=0.25)", "mrpo(dpo, aggregation=average)", "mrpo(ipo, aggregation=average)",
  ])
  func `obeys every law`(_ text: String) throws { try LossConformance.verify(text, in: .builtin) }

  @Test(arguments: ["dpo(beta=0.3)", "ipo", "mallows-theta"])
  func `eta 0 is the inner loss, whatever the other references say`(_ inner: String) throws {
    // Both read the base; the fixture has two references, of which the inner loss alone ignores the second.
    let loss = try LossRegistry.builtin.resolve("mrpo(\(inner), eta=0)")
    let bare = try LossRegistry.builtin.resolve(inner)
    let batch = Self.batch(base: [-3, -7], extra: [[-5, -2], [-4, -9]], policy: [-2.5, -8])
    var (one, other) = (LossContext(), LossContext())
    let a = loss.evaluate(batch, &one).objective(batch.counts).item
    let b = bare.evaluate(batch, &other).objective(batch.counts).item
    #expect(abs(a - b) < 1e-12)
  }

  /// One pair of one-token completions.
  static func batch(base: [Double], extra: [[Double]], policy: [Double]) -> ScoredBatch {
    func scores(_ logs: [Double]) -> ModelScores {
      ModelScores(
        [.logProbability: Tensor(logs, shape: [2, 1]), .entropy: Tensor([0.3, 0.9], shape: [2, 1])],
        maximumEntropy: 4)
    }
    return ScoredBatch(
      layout: .pairs(1), tokens: [[1], [2]], mask: .ones([2, 1]), policy: scores(policy),
      references: ([base] + extra).map(scores))
  }

  private func mixture(
    eta: Double = 0.1, clip: ReferenceClip = .none, alpha: ExtraWeight
  ) -> ReferenceMixture {
    ReferenceMixture(eta: eta, clip: clip, alpha: alpha, prompts: [[0, 1]])
  }

  @Test(arguments: [(0.0, -16.0), (0.7, -14.9059302221), (1.0, -13.0)])
  func `the virtual reference is the harmonic mean`(_ alpha: Double, _ expected: Double) {
    // Base −16, extra −13; alpha weighs the extra one.
    let mixed = mixture(alpha: .fixed(alpha)).harmonicMean([Tensor([-16, -16]), Tensor([-13, -13])])
    #expect(abs(mixed.scalars[0] - expected) < 1e-9)
  }

  @Test func `a fixed clip keeps extra references within eta of the base`() {
    let clipped = mixture(clip: .fixed, alpha: .adaptive).clipped([
      Tensor([-16, -10]), Tensor([-13, -30]), Tensor([-16.5, -9.5]),
    ])
    #expect(clipped[1].scalars == [-14.4, -11])
    #expect(clipped[2].scalars == [-16.5, -9.5])
  }

  @Test func `an adaptive clip shares eta by log-probability`() {
    // B = (16+13)/2 = 14.5 and (10+30)/2 = 20: shares of 0.1 are 0.0420… and 0.0579….
    let clipped = mixture(clip: .adaptive, alpha: .adaptive).clipped([
      Tensor([-16, -10]), Tensor([-13, -30]),
    ])
    #expect(abs(clipped[1].scalars[0] + 16 * (1 - 0.1 * 14.5 / 34.5)) < 1e-12)
    #expect(abs(clipped[1].scalars[1] + 10 * (1 + 0.1 * 20 / 34.5)) < 1e-12)
  }

  @Test func `adaptive weights go by how far a reference tells the responses apart`() {
    let weights = mixture(alpha: .adaptive).weights([Tensor([-3, -4]), Tensor([-5, -8])])
    #expect(abs(weights[1].scalars[0] - 3 / (4 + 1e-6)) < 1e-12)
    let three = mixture(alpha: .adaptive).weights([Tensor([-3, -4]), Tensor([-5, -8]), Tensor([-6, -2])])
    let expected = [1 / 8.0, 3 / 8.0, 4 / 8.0]
    for (weight, share) in zip(three, expected) { #expect(abs(weight.scalars[0] - share) < 1e-6) }
    #expect(abs(three.reduce(0) { $0 + $1.scalars[0] } - 1) < 1e-15)
  }

  @Test func `references without any difference leave everything to the base`() {
    let weights = mixture(alpha: .adaptive).weights([Tensor([-3, -3]), Tensor([-3, -3])])
    #expect(weights.map { $0.scalars[0] } == [1, 0])
    let mixed = mixture(clip: .adaptive, alpha: .adaptive).harmonicMean([Tensor([0, 0]), Tensor([0, 0])])
    #expect(mixed.scalars == [0, 0])
  }

  @Test func `two equal extra references are one`() {
    let (base, extra) = (Tensor([-3, -4]), Tensor([-5, -8]))
    let two = mixture(clip: .fixed, alpha: .fixed(0.4)).harmonicMean([base, extra])
    let three = mixture(clip: .fixed, alpha: .fixed(0.4)).harmonicMean([base, extra, extra])
    #expect(zip(two.scalars, three.scalars).allSatisfy { abs($0 - $1) < 1e-14 })
  }

  @Test func `an unlikely reference of weight 0 does not matter`() {
    let mixed = mixture(alpha: .fixed(0)).harmonicMean([Tensor([-3, -4]), Tensor([-9000, -9000])])
    #expect(mixed.scalars == [-3, -4])
  }

  @Test(arguments: [
    (
      "mrpo(sft)",
      "'mrpo(sft)': 'mrpo' gives its inner loss 1 virtual reference model, but 'sft' takes no reference model"
    ),
    (
      "mrpo(mrpo)",
      "'mrpo(mrpo)': 'mrpo' gives its inner loss 1 virtual reference model, but 'mrpo' takes 2 to 8 reference models"
    ),
    (
      "dpo + mrpo",
      "'dpo + mrpo': 'dpo' takes 1 reference model, but 'mrpo' takes 2 to 8 reference models; "
        + "no number of references suits both"
    ),
    (
      "mrpo(clip=none, eta=0.3)", "'mrpo': 'eta' has no effect when 'clip' is none; leave one of them out"
    ),
  ])
  func `refuses what cannot be`(_ text: String, _ message: String) {
    let error = #expect(throws: ConfigurationError.self) { try LossRegistry.builtin.resolve(text) }
    #expect(error?.description == message)
  }
}

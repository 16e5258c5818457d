// Single numbers worked out by hand for one pair: Lw −12, Ll −15, Rw −13, Rl −14.5, lengths 10 and 12.

import BuiltinLosses
import Foundation
import PreferenceCore
import Testing

@Suite struct GoldenTests {
  /// That pair, spread evenly over its tokens; entropies are a share `entropy` of the largest.
  static func batch(entropy: Double = 0.0318) -> ScoredBatch {
    func scores(_ chosen: Double, _ rejected: Double) -> ModelScores {
      let logs =
        (0..<12).map { $0 < 10 ? chosen / 10 : 0 } + (0..<12).map { _ in rejected / 12 }
      return ModelScores(
        [
          .logProbability: Tensor(logs, shape: [2, 12]), .entropy: .filled([2, 12], with: entropy * 5),
        ], maximumEntropy: 5)
    }
    let mask = (0..<24).map { $0 < 10 || $0 >= 12 ? 1.0 : 0 }
    return ScoredBatch(
      layout: .pairs(1), tokens: [[], []], mask: Tensor(mask, shape: [2, 12]), policy: scores(-12, -15),
      references: [scores(-13, -14.5)])
  }

  static let table: [(String, Double)] = [
    ("dpo", 0.6209570478), ("dpo(label_smoothing=0.1)", 0.6359570478),
    ("robust(label_smoothing=0.1)", 0.6022070478), ("hinge", 0.85), ("ipo(reduction=sum)", 12.25),
    ("ipo", 23.6034027778), ("focalpo(gamma=0.05)", 0.6019738832), ("focalpo(gamma=1)", 0.3337208502),
    ("focalpo(gamma=2)", 0.1793515449), ("mallows-theta", 0.6209567836),
    ("mallows(ipo(reduction=sum))", 12.2499600279), ("mallows-phi(dispersion=0.1)", 0.3229455555),
    ("mallows-phi(dispersion=0.5)", 0.5546133822), ("mallows-phi(dispersion=0.9)", 0.6705812834),
    ("mallows-phi(dispersion=0.1, beta=1)", 0.0419188193),
    ("mallows-phi(dispersion=0.5, beta=1)", 0.3334247040),
    ("mallows-phi(dispersion=0.9, beta=1)", 0.6253669675),
  ]

  @Test(arguments: table) func `the worked example`(_ text: String, _ expected: Double) throws {
    var context = LossContext()
    let batch = Self.batch()
    let value = try LossRegistry.builtin.resolve(text).evaluate(batch, &context).objective(batch.counts).item
    #expect(abs(value - expected) < 1e-10 * max(1, expected))
  }

  // Entropy of the top-1 law p_j ∝ φ^(j−1) over 5 items, as a share of log 5.
  @Test(arguments: [
    (0.1, 0.22435), (0.3, 0.53159), (0.5, 0.77216), (0.7, 0.92698), (0.9, 0.99315),
  ])
  func `entropy grows with dispersion`(_ phi: Double, _ share: Double) throws {
    let powers = (0..<5).map { pow(phi, Double($0)) }
    let total = powers.reduce(0, +)
    let entropy = -powers.map { $0 / total * log($0 / total) }.reduce(0, +) / log(5)
    #expect(abs(entropy - share) < 5e-6)
    var context = LossContext()
    let batch = Self.batch(entropy: entropy)
    _ = try LossRegistry.builtin.resolve("mallows-theta(scale=1)").evaluate(batch, &context)
    #expect(abs((context.metrics.means["mallows/weight"] ?? 0) + log(entropy)) < 1e-12)
  }
}

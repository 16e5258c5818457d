// Advantages: estimates by hand, whitening under the mask, the laws, and closed-form gradients.

import BuiltinLosses
import LossConformance
import PreferenceCore
import Testing

@testable import AdvantageLosses

@Suite struct AdvantageTests {
  @Test(arguments: [
    "apa", "apa(whiten=false, gamma=0.9, gae_lambda=0.5)", "awr", "awr(lambda=1, whiten=false, column=score)",
  ])
  func `obeys every law`(_ text: String) throws { try LossConformance.verify(text, in: .builtin) }

  /// A response of three tokens, one of one token, a mismatched one; 7 behind every end.
  private static func batch(
    log: [Double] = [-1, -2, -3, -1.5, 7, 7, -9, 7, 7], reward: [Double] = [2, -1, 5]
  ) -> (leaf: Tensor, batch: ScoredBatch) {
    let leaf = Tensor(log, shape: [3, 3]).tracked()
    let layout = FeedbackLayout(
      prompts: [0, 1, 2], ranks: [0, 0, 0], isDesirable: [true, true, false],
      isBaseline: [false, false, true])
    let values = Tensor([0.5, 1, -0.5, 0.25, 7, 7, 3, 7, 7], shape: [3, 3])
    let reference = Tensor([-1.25, -2, -2, -1, 7, 7, -9, 7, 7], shape: [3, 3])
    return (
      leaf,
      ScoredBatch(
        layout: layout, tokens: .init(repeating: [1, 1, 1], count: 3), lengths: [3, 1, 1], width: 3,
        policy: ModelScores([.logProbability: leaf, .head("value"): values], maximumEntropy: 4),
        references: [ModelScores([.logProbability: reference], maximumEntropy: 4)],
        annotations: ["reward": Tensor(reward)])
    )
  }

  private static func estimate(
    discount: Double, trace: Double, whitens: Bool = false, reward: [Double] = [2, -1, 5]
  ) -> AdvantageEstimate {
    AdvantageEstimate(
      batch(reward: reward).batch, column: "reward", discount: discount, trace: trace, whitens: whitens)
  }

  private func near(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-14) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
  }

  @Test func `looks one token ahead at a trace of 0`() {
    // δ = γ V′ − V, at the end R − V
    let one = Self.estimate(discount: 0.5, trace: 0)
    #expect(near(one.advantages.scalars, [0.5 * 1 - 0.5, 0.5 * -0.5 - 1, 2 + 0.5, -1 - 0.25]))
    #expect(near(one.targets.scalars, [0.5, -0.25, 2, -1]))
  }

  @Test func `looks to the end at a trace of 1`() {
    let far = Self.estimate(discount: 1, trace: 1)
    #expect(near(far.advantages.scalars, [1.5, 1, 2.5, -1.25]))
    #expect(near(far.targets.scalars, [2, 2, 2, -1]))
  }

  @Test func `weighs in between`() {
    let (discount, trace) = (0.9, 0.5)
    let deltas = [0.9 * 1 - 0.5, 0.9 * -0.5 - 1, 2.5]
    let step = discount * trace
    let expected = [
      deltas[0] + step * deltas[1] + step * step * deltas[2], deltas[1] + step * deltas[2], 2.5, -1.25,
    ]
    #expect(near(Self.estimate(discount: discount, trace: trace).advantages.scalars, expected))
  }

  @Test func `whitening takes in the tokens that count and no others`() {
    let plain = Self.estimate(discount: 1, trace: 1)
    let white = Self.estimate(discount: 1, trace: 1, whitens: true)
    let a = white.advantages.scalars
    #expect(abs(a.reduce(0, +)) < 1e-14 && abs(a.reduce(0) { $0 + $1 * $1 } / 4 - 1) < 1e-7)
    #expect(white.targets.scalars == plain.targets.scalars)
    // A mismatched completion's reward and whatever stands behind an end are in neither.
    let other = Self.estimate(discount: 1, trace: 1, whitens: true, reward: [2, -1, 500])
    #expect(other.advantages.scalars == a)
    #expect(AdvantageEstimate.whitened([3, 3]) == [0, 0] && AdvantageEstimate.whitened([]) == [])
  }

  @Test func `rewards that are scaled and moved whiten to the same advantages`() {
    // One-token responses with a value of 0, so that advantages are rewards.
    let a = AdvantageEstimate.whitened([2, -1, 0.5, 4])
    let b = AdvantageEstimate.whitened([2, -1, 0.5, 4].map { 30 * $0 - 7 })
    #expect(near(a, b, 1e-8))
  }

  private func gradient(_ text: String) throws -> (terms: LossTerms, slope: [Double]) {
    let (leaf, batch) = Self.batch()
    var context = LossContext()
    let terms = try LossRegistry.builtin.resolve(text).evaluate(batch, &context)
    return (terms, gradients(of: terms.objective(batch.counts), at: [leaf])[0].scalars)
  }

  @Test func `apa draws log-ratios to advantages`() throws {
    let (terms, slope) = try gradient("apa(lambda=0.5, whiten=false, gae_lambda=1, value_weight=0.3)")
    let (a, log) = ([1.5, 1, 2.5, -1.25], [-1.0, -2, -3, -1.5])
    let start = [-1.25, -2, -2, -1]
    let errors = (0..<4).map { log[$0] - start[$0] - 2 * a[$0] }
    #expect(near(stopGradient(terms.terms[0].values).scalars, errors.map { $0 * $0 }))
    #expect(near(slope, [0, 1, 2].map { 2 * errors[$0] / 4 } + [2 * errors[3] / 4, 0, 0, 0, 0, 0]))
    #expect(near(stopGradient(terms.terms[1].values).scalars, a.map { 0.5 * $0 * $0 }))
    #expect(terms.terms[1].coefficient == 0.3 && terms.terms.allSatisfy { $0.unit == .token })
  }

  @Test func `awr weighs likelihood by the exponential of the advantage, clamped`() throws {
    let (terms, slope) = try gradient("awr(lambda=2, whiten=false, gae_lambda=1, max_weight=3)")
    let weights = [1.5, 1, 2.5, -1.25].map { min(3, Elementary.exp($0 / 2)) }
    #expect(weights[2] == 3)
    #expect(near(stopGradient(terms.terms[0].values).scalars, zip(weights, [1, 2, 3, 1.5]).map(*)))
    #expect(near(slope, weights[..<3].map { -$0 / 4 } + [-weights[3] / 4, 0, 0, 0, 0, 0]))
  }

  @Test func `where nothing is better than anything else, awr is likelihood and apa stays at the reference`()
    throws
  {
    let policy = [
      TokenStatistic.logProbability: Tensor([-1, -3], shape: [2, 1]), .head("value"): .ones([2, 1]),
    ]
    let batch = ScoredBatch(
      layout: .pairs(1), tokens: [[1], [2]], mask: .ones([2, 1]),
      policy: ModelScores(policy, maximumEntropy: 4),
      references: [ModelScores([.logProbability: Tensor([-2, -2.5], shape: [2, 1])], maximumEntropy: 4)],
      annotations: ["reward": Tensor([5, 5])])
    var context = LossContext()
    let (awr, apa) = (AWR().evaluate(batch, &context), APA().evaluate(batch, &context))
    #expect(awr.terms[0].values.scalars == [1, 3])
    #expect(apa.terms[0].values.scalars == [1, 0.25])
  }

  @Test func `whitened advantages couple the batch, others do not`() throws {
    let coupled = try ["apa", "apa(whiten=false)", "awr", "awr(whiten=false)"].map {
      try LossRegistry.builtin.resolve($0).requirements.couplesItems
    }
    #expect(coupled == [true, false, true, false])
  }
}

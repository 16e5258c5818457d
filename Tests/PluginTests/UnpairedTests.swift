// Losses that judge each response by itself: laws, values by hand, closed-form gradients, what they remember.

import BuiltinLosses
import LossConformance
import PreferenceCore
import Testing
import UnpairedLosses

@Suite struct UnpairedTests {
  @Test(arguments: [
    "nca", "bco", "bco(shift=running)", "kto", "kto(desirable_weight=1.5, undesirable_weight=0.5)",
    "0.8*dpo(beta=0.1) + 0.2*bco(beta=0.1) + sft", "mallows(bco(shift=running))",
  ])
  func `obeys every law`(_ text: String) throws { try LossConformance.verify(text, in: .builtin) }

  /// One-token completions with the given log-ratios against a reference that says 0.
  static func batch(_ logRatios: [Double], _ layout: FeedbackLayout) -> (leaf: Tensor, batch: ScoredBatch) {
    let count = logRatios.count
    let leaf = Tensor(logRatios, shape: [count, 1]).tracked()
    let reference = ModelScores([.logProbability: .zeros([count, 1])], maximumEntropy: 4)
    return (
      leaf,
      ScoredBatch(
        layout: layout, tokens: .init(repeating: [1], count: count), mask: .ones([count, 1]),
        policy: ModelScores([.logProbability: leaf], maximumEntropy: 4), references: [reference])
    )
  }

  /// Unpaired completions: good, bad, and answers to other prompts.
  static func labels(_ isDesirable: [Bool], baselines: Int = 0) -> FeedbackLayout {
    let all = 0..<(isDesirable.count + baselines)
    return FeedbackLayout(
      prompts: Array(all), ranks: all.map { _ in 0 },
      isDesirable: all.map { $0 < isDesirable.count && isDesirable[$0] },
      isBaseline: all.map { $0 >= isDesirable.count })
  }

  private func result(
    _ text: String, _ logRatios: [Double], _ layout: FeedbackLayout, after seen: [[Double]] = []
  ) throws -> (values: [Double], gradient: [Double]) {
    let loss = try LossRegistry.builtin.resolve(text)
    var context = LossContext()
    for earlier in seen {
      _ = loss.evaluate(Self.batch(earlier, layout).batch, &context)
      context.commitStep()
    }
    let (leaf, batch) = Self.batch(logRatios, layout)
    let terms = loss.evaluate(batch, &context)
    let values = stopGradient(terms.terms[0].values).scalars
    return (values, gradients(of: terms.terms[0].values.sum(), at: [leaf])[0].scalars)
  }

  private func near(_ a: [Double], _ b: [Double], within tolerance: Double = 1e-9) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
  }

  // Log-ratios 1 and −0.5 at β 0.1, worked out independently to ten digits.
  @Test(arguments: [
    ("nca", 1.3508248141), ("bco", 1.3128563081), ("bco(shift=running)", 1.3127002817),
  ])
  func `values by hand`(_ text: String, _ expected: Double) throws {
    #expect(near(try result(text, [1, -0.5], .pairs(1)).values, [expected], within: 1e-10))
  }

  @Test func `kto by hand, with a drift of 0.2`() throws {
    let layout = Self.labels([true, false], baselines: 2)
    let kto = try result("kto", [1, -0.5, 0.7, -0.3], layout)
    #expect(near(kto.values, [0.4800106598, 0.4825071423], within: 1e-10))
    let p = (Elementary.sigmoid(0.08), Elementary.sigmoid(-0.07))
    let slopes = [-0.1 * p.0 * (1 - p.0), 0.1 * p.1 * (1 - p.1)]
    #expect(near(kto.gradient, slopes + [0, 0], within: 1e-15))
    let weighed = try result(
      "kto(desirable_weight=2, undesirable_weight=3)", [1, -0.5, 0.7, -0.3], layout)
    #expect(near(weighed.gradient, [2 * slopes[0], 3 * slopes[1], 0, 0], within: 1e-15))
  }

  @Test func `a negative drift counts as none`() throws {
    let layout = Self.labels([true, false], baselines: 1)
    let kto = try result("kto", [1, -0.5, -4], layout)
    #expect(kto.values == [Elementary.sigmoid(-0.1), Elementary.sigmoid(-0.05)])
  }

  @Test func `pairs are taken apart into good and bad`() throws {
    let paired = try result("kto(beta=0.3)", [2, -1, 0.5, 0.25], .pairs(2))
    let apart = try result("kto(beta=0.3)", [2, -1, 0.5, 0.25], Self.labels([true, false, true, false]))
    #expect(paired == apart)
    let sum = try result("bco(beta=0.3)", [2, -1], .pairs(1)).values[0]
    let sides = try result("bco(beta=0.3)", [2, -1], Self.labels([true, false])).values
    #expect(abs(sum - sides[0] - sides[1]) < 1e-15)
  }

  @Test(arguments: [(1.0, -0.5), (0, 0), (-3, 2)])
  func `gradients in closed form`(_ a: Double, _ b: Double) throws {
    let (sa, sb) = (Elementary.sigmoid(0.2 * a), Elementary.sigmoid(0.2 * b))
    let nca = try result("nca(beta=0.2)", [a, b], .pairs(1)).gradient
    #expect(near(nca, [0.2 * (-(1 - sa) + 0.5 * sa), 0.1 * sb], within: 1e-15))
    let bco = try result("bco(beta=0.2)", [a, b], .pairs(1)).gradient
    #expect(near(bco, [-0.2 * (1 - sa), 0.2 * sb], within: 1e-15))
  }

  @Test func `nca keeps the chosen reward at log 2`() throws {
    let slope = try result("nca(beta=0.5)", [2 * Elementary.log(2), -9], .pairs(1)).gradient[0]
    #expect(abs(slope) < 1e-15)
  }

  @Test func `a running shift is the mean reward of everything seen, this step's included`() throws {
    let seen = [[3.0, 1.0], [-1.0, 2.0]]
    let bco = try result("bco(shift=running, beta=1)", [0.5, -2.5], .pairs(1), after: seen)
    let shift = (3.0 + 1 - 1 + 2 + 0.5 - 2.5) / 6
    let expected =
      -Elementary.log(Elementary.sigmoid(0.5 - shift)) - Elementary.log(Elementary.sigmoid(2.5 + shift))
    #expect(near(bco.values, [expected], within: 1e-14))
    let constant = [-(1 - Elementary.sigmoid(0.5 - shift)), Elementary.sigmoid(-2.5 - shift)]
    #expect(near(bco.gradient, constant, within: 1e-14))
  }

  @Test func `says what couples a batch and what needs answers to other prompts`() throws {
    let needs = try ["bco", "bco(shift=running)", "kto", "nca"].map {
      try LossRegistry.builtin.resolve($0).requirements
    }
    #expect(needs.map(\.couplesItems) == [false, true, true, false])
    #expect(needs.map(\.needsBaselines) == [false, false, true, false])
    #expect(needs.map(\.feedback) == [.unpaired, .unpaired, .unpaired, .pairwise])
  }

  @Test(arguments: [
    ("kto(desirable_weight=-1)", "'kto': 'desirable_weight' must be ≥ 0, not -1"),
    ("bco(shift=mean)", "'bco': 'shift' takes zero or running, not 'mean'"),
    ("nca(beta=0)", "'nca': 'beta' must be > 0, not 0"),
  ])
  func `refuses what makes no sense`(_ text: String, _ message: String) {
    let error = #expect(throws: ConfigurationError.self) { try LossRegistry.builtin.resolve(text) }
    #expect(error?.description == message)
  }
}

// Wrappers that weigh tokens: laws, limits, what exactly they weigh.

import BuiltinLosses
import Foundation
import LossConformance
import PreferenceCore
import Testing

/// One pair of completions with given tokens; log-probabilities are functions of side and position.
struct TokenPair {
  var tokens: [[Int32]]
  var row = 0
  var policy: @Sendable (_ side: Int, _ position: Int) -> Double = { side, t in -1 - 0.3 * Double(t + side) }
  var reference: @Sendable (_ side: Int, _ position: Int) -> Double = { side, t in
    -1.5 + 0.1 * Double(t * side)
  }

  /// The slope of the objective at each token of each side.
  func slopes(_ text: String, _ context: LossContext = LossContext(seed: 3)) throws -> [[Double]] {
    try evaluate(text, context).slopes
  }

  func evaluate(
    _ text: String, _ context: LossContext = LossContext(seed: 3)
  ) throws -> (value: Double, slopes: [[Double]], metrics: [String: Double]) {
    let width = tokens.map(\.count).max() ?? 0
    func table(_ number: (Int, Int) -> Double) -> Tensor {
      let rows = (0..<2).flatMap { side in
        (0..<width).map { $0 < tokens[side].count ? number(side, $0) : 0 }
      }
      return Tensor(rows, shape: [2, width])
    }
    let leaf = table(policy).tracked()
    let batch = ScoredBatch(
      layout: .pairs(1), tokens: tokens.map { $0 + [Int32](repeating: -1, count: width - $0.count) },
      lengths: tokens.map(\.count), width: width,
      policy: ModelScores(
        [.logProbability: leaf, .logCollision: .filled([2, width], with: -1.25)], maximumEntropy: 4),
      references: [ModelScores([.logProbability: table(reference)], maximumEntropy: 4)], rows: [row])
    var context = context
    let objective = try LossRegistry.builtin.resolve(text).evaluate(batch, &context).objective(batch.counts)
    let slope = gradients(of: objective, at: [leaf])[0].scalars
    return (
      stopGradient(objective).item,
      (0..<2).map { side in Array(slope[(side * width)..<(side * width + tokens[side].count)]) },
      context.metrics.means
    )
  }
}

@Suite struct TokenWeightTests {
  @Test(arguments: [
    "temporal(simpo)", "temporal(ipo, gamma=0.7, start=0)", "temporal(dpo + 0.1*sft)", "bmc(ipo)",
    "bmc(dpo, delta=0.5)",
    "sampo(ipo)", "sampo(dpo, independent=true)", "sampo(simpo)", "ld(ipo)", "ld(simpo, alpha=0)",
    "wpo(ipo, clamp=1)",
    "wpo(dpo + 0.1*sft)", "bmc(sampo(temporal(ld)))", "mallows(wpo(temporal(ipo)))", "mrpo(sampo(dpo))",
    "accelerated(temporal(ipo))", "accelerated(mallows-theta, alpha=0.5)", "ld(aot)", "temporal(minor-dpo)",
  ])
  func `obeys every law`(_ text: String) throws { try LossConformance.verify(text, in: .builtin) }

  @Test(arguments: [
    ("temporal(dpo(beta=0.3), gamma=1)", "dpo(beta=0.3)"), ("temporal(ipo, gamma=1)", "ipo"),
    ("ld(dpo(beta=0.3), alpha=1)", "dpo(beta=0.3)"), ("bmc(dpo(beta=0.3), delta=0)", "dpo(beta=0.3)"),
    ("temporal(dpo(beta=0.5), gamma=0.8, start=0)", "temporal(dpo(beta=0.625), gamma=0.8)"),
    ("wpo(dpo + 0.2*sft)", "wpo(dpo) + 0.2*sft"), ("sampo(sampo(dpo))", "sampo(dpo)"),
    ("bmc(temporal(ld(sampo)))", "sampo(ld(temporal(bmc)))"), ("wpo(sampo(dpo))", "sampo(wpo(dpo))"),
  ])
  func `is the same as`(_ text: String, _ other: String) throws {
    try LossConformance.verify(text, equals: other, in: .builtin)
  }

  /// The ratio of every token's slope to the bare loss's, up to the force on the pair, which the first token fixes.
  private func ratios(_ pair: TokenPair, _ text: String, first: Double) throws -> [[Double]] {
    let slopes = try pair.slopes(text)
    let unit = slopes[0][0] / first
    return [slopes[0].map { $0 / unit }, slopes[1].map { -$0 / unit }]
  }

  private func expect(_ actual: [[Double]], _ expected: [[Double]]) {
    #expect(actual.map(\.count) == expected.map(\.count))
    for (a, b) in zip(actual.joined(), expected.joined()) { #expect(abs(a - b) < 1e-13, "\(actual)") }
  }

  @Test func `temporal weighs token t by the t-th power`() throws {
    let pair = TokenPair(tokens: [[1, 2, 3], [4, 5, 6, 7]])
    expect(
      try ratios(pair, "temporal(dpo, gamma=0.5)", first: 0.5),
      [[0.5, 0.25, 0.125], [0.5, 0.25, 0.125, 0.0625]])
    expect(
      try ratios(pair, "temporal(dpo, gamma=0.5, start=0)", first: 1),
      [[1, 0.5, 0.25], [1, 0.5, 0.25, 0.125]])
  }

  @Test func `losses of means divide by the number of tokens, not of weights`() throws {
    let pair = TokenPair(tokens: [[1, 2], [4, 5, 6, 7]])
    let slopes = try ratios(pair, "temporal(ln-dpo, gamma=0.5)", first: 0.5 / 2)
    expect(slopes, [[0.25, 0.125], [0.125, 0.0625, 0.03125, 0.015625]])
    expect(try ratios(pair, "ld(ln-dpo, alpha=0)", first: 0.5), [[0.5, 0.5], [0.25, 0.25, 0, 0]])
  }

  @Test func `ld weighs what lies beyond the shorter response`() throws {
    let pair = TokenPair(tokens: [[1, 2, 3, 4, 5], [6, 7]])
    expect(try ratios(pair, "ld(dpo, alpha=0.25)", first: 1), [[1, 1, 0.25, 0.25, 0.25], [1, 1]])
    #expect(abs((try pair.evaluate("ld").metrics["ld/share_beyond"] ?? 0) - 3.0 / 7) < 1e-15)
  }

  @Test(arguments: [
    "ld(dpo, alpha=0.25)", "accelerated(ld(alpha=0.25))", "bmc(ld(alpha=0.25))",
    "f-divergence(ld(alpha=0.25))",
    "hpo(ld(alpha=0.25), column=safety)", "mallows(ld(alpha=0.25))", "mrpo(ld(alpha=0.25))",
    "sampo(ld(alpha=0.25))", "temporal(ld(alpha=0.25))", "wpo(ld(alpha=0.25))",
    "mallows(mrpo(ld(alpha=0.25))) + sft",
  ])
  func `logs weigh tokens as ld does, whatever stands around it`(_ text: String) throws {
    let tokens = TokenBatch(
      prompts: [[1]], completions: [[1, 2, 3, 4, 5], [6, 7]], layout: .pairs(1))
    let loss = try LossRegistry.builtin.resolve(text)
    let weight = try #require(loss.loggedWeight(in: tokens))
    #expect((0..<5).map { weight(0, $0) } == [1, 1, 0.25, 0.25, 0.25])
    #expect((0..<2).map { weight(1, $0) } == [1, 1])
  }

  @Test func `wrappers that weigh pairs or draw other tokens for references promise no start`() throws {
    for text in ["wpo", "sampo(independent=true)"] {
      #expect(try LossRegistry.builtin.resolve(text).startingValue == nil)
    }
    #expect(try !LossRegistry.builtin.resolve("sampo(formula('margin^2'), independent=true)").startsFlat)
    for text in ["mallows", "mrpo", "wpo", "sampo", "accelerated", "ld", "bmc", "temporal", "f-divergence"] {
      #expect(try LossRegistry.builtin.resolve("\(text)(formula('margin^2'))").startsFlat, "\(text)")
    }
  }

  @Test func `bmc weighs changed tokens by the policy's surprise, bounded by delta`() throws {
    // Shared: 1 2, then 9. Changed: 3 against 5 6, and the 7 at the end.
    var pair = TokenPair(tokens: [[1, 2, 3, 9], [1, 2, 5, 6, 9, 7]])
    pair.policy = { side, t in side == 0 ? -0.2 : t < 4 ? -0.5 : -30 }
    let (mild, medium) = (1 + exp(0.2), 1 + exp(0.5))
    expect(
      try ratios(pair, "bmc(dpo, delta=4)", first: 1), [[1, 1, mild, 1], [1, 1, medium, medium, 1, 5]])
    #expect(abs((try pair.evaluate("bmc").metrics["bmc/share_changed"] ?? 0) - 0.4) < 1e-15)
  }

  @Test func `bmc leaves equal responses alone`() throws {
    let pair = TokenPair(tokens: [[1, 2, 3], [1, 2, 3]])
    expect(try pair.slopes("bmc"), try pair.slopes("dpo"))
  }

  @Test func `sampo keeps as many tokens of the longer response as the shorter one has`() throws {
    var seen: Set<[Bool]> = []
    var kept = [Double](repeating: 0, count: 6)
    let runs = 600
    for row in 0..<runs {
      let pair = TokenPair(tokens: [[1, 2], [1, 2, 3, 4, 5, 6]], row: row)
      let slopes = try pair.slopes("sampo(dpo)")
      let mask = slopes[1].map { $0 != 0 }
      #expect(mask.count { $0 } == 2 && slopes[0].allSatisfy { $0 != 0 })
      seen.insert(mask)
      for (t, isKept) in mask.enumerated() where isKept { kept[t] += 1 }
    }
    // All 15 subsets of two come up, each token in a third of the runs: 200 ± 4 standard deviations of 11.5.
    #expect(seen.count == 15)
    for count in kept { #expect(abs(count - 200) < 46) }
  }

  @Test func `sampo's dice are a function of seed, step and row alone`() throws {
    let pair = TokenPair(tokens: [[1], Array(0..<40)], row: 7)
    let here = try pair.evaluate("sampo(dpo)")
    #expect(try pair.evaluate("sampo(dpo)").slopes == here.slopes)
    #expect(try pair.slopes("sampo(dpo)", LossContext(seed: 4)) != here.slopes)
    #expect(try pair.slopes("sampo(dpo)", LossContext(step: 1, seed: 3)) != here.slopes)
    #expect(try TokenPair(tokens: pair.tokens, row: 8).slopes("sampo(dpo)") != here.slopes)
    #expect(try pair.evaluate("sampo(dpo)", LossContext(seed: 3).forEvaluation()).value == here.value)
  }

  @Test func `sampo's references see the same subset, unless told otherwise`() throws {
    // Policy and reference differ by 1 at every token: over one subset of 2 tokens each, the margin is 0.
    var pair = TokenPair(tokens: [[1, 2], [1, 2, 3, 4, 5, 6, 7, 8]])
    pair.policy = { _, t in -3 - Double(t * t) }
    pair.reference = { _, t in -4 - Double(t * t) }
    #expect(abs(try pair.evaluate("sampo(dpo)").value - log(2)) < 1e-14)
    #expect(abs(try pair.evaluate("sampo(dpo, independent=true)").value - log(2)) > 1e-3)
  }

  @Test func `responses of one length are all kept`() throws {
    let pair = TokenPair(tokens: [[1, 2, 3], [4, 5, 6]])
    expect(try pair.slopes("sampo(dpo)"), try pair.slopes("dpo"))
  }

  @Test func `wpo multiplies by how the policy's choices compare with its own draws`() throws {
    let pair = TokenPair(tokens: [[1, 2], [3, 4, 5]])
    // Means of −1, −1.3 and of −1.3, −1.6, −1.9, each against −1.25.
    let weight = exp(-1.15 + 1.25) * exp(-1.6 + 1.25)
    let (weighted, bare) = (try pair.evaluate("wpo"), try pair.evaluate("dpo"))
    #expect(abs(weighted.value / bare.value - weight) < 1e-14)
    #expect(abs((weighted.metrics["wpo/weight"] ?? 0) - weight) < 1e-14)
    for (a, b) in zip(weighted.slopes.joined(), bare.slopes.joined()) { #expect(abs(a / b - weight) < 1e-13) }
    #expect(abs(try pair.evaluate("wpo(dpo, clamp=0.5)").value / bare.value - 0.5) < 1e-14)
  }

  @Test(arguments: [
    ("wpo(sft)", "'wpo(sft)': 'wpo' weighs the loss of each pair, but 'sft' has no term counted by pairs"),
    ("wpo(aot)", "'wpo(aot)': 'wpo' weighs the loss of each pair, but 'aot' mixes the pairs of a batch"),
    (
      "sampo(simpo, independent=true)",
      "'sampo': 'independent' has no effect: 'simpo' reads no reference; leave it out"
    ), ("wpo(clamp=0)", "'wpo': 'clamp' must be > 0, not 0"),
    ("temporal(gamma=0)", "'temporal': 'gamma' must be in (0, 1], not 0"),
    ("temporal(start=2)", "'temporal': 'start' must be in [0, 1], not 2"),
    ("bmc(delta=-1)", "'bmc': 'delta' must be ≥ 0, not -1"),
    ("ld(alpha=2)", "'ld': 'alpha' must be in [0, 1], not 2"),
    (
      "accelerated(simpo)",
      "'accelerated(simpo)': 'accelerated' gives its inner loss 1 virtual reference model, but 'simpo' takes no "
        + "reference model"
    ),
    (
      "accelerated(mrpo)",
      "'accelerated(mrpo)': 'accelerated' gives its inner loss 1 virtual reference model, but 'mrpo' takes 2 to 8 "
        + "reference models"
    ),
  ])
  func `refuses what makes no sense`(_ text: String, _ message: String) {
    let error = #expect(throws: ConfigurationError.self) { try LossRegistry.builtin.resolve(text) }
    #expect(error?.description == message)
  }
}

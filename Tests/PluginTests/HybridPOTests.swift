// HybridPO: laws, advantage weights by hand, the learned baseline.

import BuiltinLosses
import Foundation
import HybridPOLosses
import LossConformance
import PreferenceCore
import Testing

@Suite struct HybridPOTests {
  @Test(arguments: [
    "hpo", "auxiliary-reward", "sft", "hpo(mallows(ipo), column=safety)",
    "hpo(column=[safety, brevity], weights=[1, 0.5], expectile=0.7, temperature=0.5)",
    "auxiliary-reward(reduction=mean, max_weight=2)",
    "auxiliary-reward(value=head, expectile=0.7)", "hpo(value=head)",
  ])
  func `obeys every law`(_ text: String) throws { try LossConformance.verify(text, in: .builtin) }

  @Test func `hpo is a sum spelt out`() throws {
    try LossConformance.verify(
      "hpo(dpo(beta=0.3), column=safety, gamma=0.2)",
      equals: "dpo(beta=0.3) + 0.2*auxiliary-reward(column=safety)", in: .builtin)
  }

  @Test func `gamma 0 is the inner loss`() throws {
    let batch = Self.batch(rewards: [2, -1])
    var (one, other) = (LossContext(), LossContext())
    let hybrid = try LossRegistry.builtin.resolve("hpo(gamma=0)").evaluate(batch, &one)
    let bare = try LossRegistry.builtin.resolve("dpo").evaluate(batch, &other)
    #expect(hybrid.objective(batch.counts).item == bare.objective(batch.counts).item)
  }

  /// One pair of two-token completions, the policy at −1 nat a token.
  static func batch(rewards: [Double]) -> ScoredBatch {
    let scores = ModelScores([.logProbability: Tensor([-1, -1, -1, -1], shape: [2, 2])], maximumEntropy: 4)
    return ScoredBatch(
      layout: .pairs(1), tokens: [[1, 1], [2, 2]], mask: .ones([2, 2]), policy: scores, references: [scores],
      annotations: ["reward": Tensor(rewards)])
  }

  private func weights(_ text: String, after seen: [[Double]], on rewards: [Double]) throws -> [Double] {
    let loss = try LossRegistry.builtin.resolve(text)
    var context = LossContext()
    for rewards in seen {
      _ = loss.evaluate(Self.batch(rewards: rewards), &context)
      context.commitStep()
    }
    // Every completion has log-probability −2, so that its term is twice its weight.
    return loss.evaluate(Self.batch(rewards: rewards), &context).terms[0].values.scalars.map { $0 / 2 }
  }

  @Test func `weights are 1 before anything was seen`() throws {
    #expect(try weights("auxiliary-reward", after: [], on: [3, -3]) == [1, 1])
  }

  @Test func `weights are exponentials of advantages over the mean reward, clamped`() throws {
    let seen = [[2.0, 0], [1, 1]]
    let result = try weights("auxiliary-reward(temperature=0.5)", after: seen, on: [1.25, 0.5])
    #expect(abs(result[0] - exp(0.5)) < 1e-14 && abs(result[1] - exp(-1)) < 1e-14)
    #expect(abs(try weights("auxiliary-reward", after: seen, on: [900, 0])[0] - 20) < 1e-12)
    #expect(abs(try weights("auxiliary-reward(max_weight=3)", after: seen, on: [900, 0])[0] - 3) < 1e-12)
  }

  @Test func `a head's baseline is read before the first token and regressed to the expectile`() throws {
    let head = Tensor([0.5, 9, 2, 9], shape: [2, 2]).tracked()
    let scores = ModelScores(
      [.logProbability: Tensor([-1, -1, -1, -1], shape: [2, 2]), .head("value"): head], maximumEntropy: 4)
    let batch = ScoredBatch(
      layout: .pairs(1), tokens: [[1, 1], [2, 2]], mask: .ones([2, 2]), policy: scores, references: [],
      annotations: ["reward": Tensor([1.5, 0])])
    let loss = try LossRegistry.builtin.resolve("auxiliary-reward(value=head, expectile=0.7, gamma=0.5)")
    var context = LossContext()
    let terms = loss.evaluate(batch, &context)
    // Advantages 1 and −2: weights e and e⁻², of sequences at −2 nats, with γ ½.
    let weights = stopGradient(terms.terms[0].values).scalars
    #expect(abs(weights[0] - exp(1)) < 1e-14 && abs(weights[1] - exp(-2)) < 1e-14)
    let errors = stopGradient(terms.terms[1].values).scalars
    #expect(abs(errors[0] - 0.7) < 1e-15 && abs(errors[1] - 0.3 * 4) < 1e-15)
    #expect(terms.terms[1].coefficient == 0.5 && context.state.isEmpty)
    let slopes = gradients(of: terms.objective(batch.counts), at: [head])[0].scalars
    // ½ · ½ · 2 · |e − 1{u<0}| · (V − r)
    #expect(zip(slopes, [-0.35, 0, 0.3, 0]).allSatisfy { abs($0 - $1) < 1e-15 })
  }

  @Test func `a constant reward is plain likelihood`() throws {
    #expect(try weights("auxiliary-reward", after: [[7, 7]], on: [7, 7]) == [1, 1])
  }

  @Test func `the baseline settles at the expectile`() throws {
    // For rewards 0 and 1 in equal shares the e-expectile is e itself.
    let loss = try LossRegistry.builtin.resolve("auxiliary-reward(expectile=0.8)")
    var context = LossContext()
    for _ in 0..<400 {
      _ = loss.evaluate(Self.batch(rewards: [0, 1]), &context)
      context.commitStep()
    }
    #expect(abs((context.remembered("value") ?? 0) - 0.8) < 2e-3)
  }

  @Test func `several columns are weighed and added`() throws {
    let scores = ModelScores([.logProbability: Tensor([-2, -2], shape: [2, 1])], maximumEntropy: 4)
    let batch = ScoredBatch(
      layout: .pairs(1), tokens: [[1], [2]], mask: .ones([2, 1]), policy: scores, references: [],
      annotations: ["safety": Tensor([1, 0]), "brevity": Tensor([4, -2])])
    let loss = try LossRegistry.builtin.resolve(
      "auxiliary-reward(column=[safety, brevity], weights=[1, 0.5])")
    var context = LossContext()
    _ = loss.evaluate(batch, &context)
    #expect(context.metrics.means["auxiliary-reward/reward"] == 1)
  }

  @Test func `sft is the mean over all chosen tokens`() throws {
    let policy = ModelScores([.logProbability: Tensor([-1, -2, -5, 0], shape: [2, 2])], maximumEntropy: 4)
    let batch = ScoredBatch(
      layout: .pairs(1), tokens: [[1, 1], [2, 2]], mask: Tensor([1, 1, 1, 0], shape: [2, 2]), policy: policy,
      references: [])
    var context = LossContext()
    let terms = try LossRegistry.builtin.resolve("sft").evaluate(batch, &context)
    #expect(terms.terms[0].unit == .chosenToken)
    #expect(terms.terms[0].values.scalars == [1, 2])
    #expect(terms.objective(batch.counts).item == 1.5)
  }

  @Test(arguments: [
    (
      "hpo(column=[a, b], weights=[1, 2, 3])",
      "'hpo': 'weights' must be one number, or one for each of the 2 columns, not 3"
    ),
    ("hpo(column=[a, a])", "'hpo': 'column' names a column twice"),
    ("auxiliary-reward(temperature=0)", "'auxiliary-reward': 'temperature' must be > 0, not 0"),
  ])
  func `refuses what makes no sense`(_ text: String, _ message: String) {
    let error = #expect(throws: ConfigurationError.self) { try LossRegistry.builtin.resolve(text) }
    #expect(error?.description == message)
  }
}

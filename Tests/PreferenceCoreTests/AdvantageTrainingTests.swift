// Advantages through the trainer: a contextual bandit's best arms, found by sampling; divergences and heads on the way.

import BuiltinLosses
import Optimizers
import PreferenceCore
import PreferenceTestSupport
import Testing

@Suite struct AdvantageTrainingTests {
  /// What each arm pays in each context; the best one is another in each.
  static let payoffs = [[0.1, 0.9, 0.3, 0.2], [0.8, 0.1, 0.5, 0.4], [0.3, 0.2, 0.4, 1.0]]
  static let bestArms = [1, 0, 3]

  /// Arms drawn from `policy`, in every context as often, with what they pay.
  private static func rollouts(
    _ policy: TabularPolicy, _ count: Int, _ dice: inout TinyGenerator
  ) -> TokenBatch {
    let rows = (0..<count).map { row -> (context: Int, arm: Int) in
      let context = row % payoffs.count
      var left = Double.random(in: 0..<1, using: &dice)
      let arm = policy.probabilities(context: context).firstIndex {
        left -= $0
        return left < 0
      }
      return (context, arm ?? payoffs[context].count - 1)
    }
    return TokenBatch(
      prompts: rows.map { [Int32($0.context)] }, completions: rows.map { [Int32($0.arm)] },
      layout: FeedbackLayout(
        prompts: Array(rows.indices), ranks: rows.map { _ in 0 }, isDesirable: rows.map { _ in true }),
      annotations: ["reward": rows.map { payoffs[$0.context][$0.arm] }])
  }

  @Test(arguments: [("apa", 150), ("apa(lambda=0.5)", 150), ("awr(lambda=1)", 250)])
  func `learns the best arm in every context`(_ text: String, _ steps: Int) throws {
    let loss = try LossRegistry.builtin.resolve(text)
    let policy = TabularPolicy(contexts: 3, tokens: 4, heads: [.head("value")])
    let references = loss.requirements.references.contains(0) ? [] : [policy.copy()]
    let trainer = try Trainer(policy, references: references, loss: loss, optimizer: AdamW())
    var dice = TinyGenerator(seed: 5)
    let start = Self.meanPayoff(policy)
    for _ in 0..<steps { try trainer.step([Self.rollouts(policy, 48, &dice)], learningRate: 0.1) }
    for (context, best) in Self.bestArms.enumerated() {
      #expect(policy.probabilities(context: context)[best] > 0.9, "\(text) in context \(context)")
    }
    #expect(Self.meanPayoff(policy) > 0.85 && start < 0.45)
    // The value head expects what the policy earns.
    let values = policy.parameters["head/value"]?.tensor.scalars ?? []
    for (context, value) in values.enumerated() {
      let expected = zip(policy.probabilities(context: context), Self.payoffs[context]).reduce(0) {
        $0 + $1.0 * $1.1
      }
      #expect(abs(value - expected) < 0.15, "the value of context \(context)")
    }
  }

  private static func meanPayoff(_ policy: TabularPolicy) -> Double {
    payoffs.indices.reduce(0) { sum, context in
      sum + zip(policy.probabilities(context: context), payoffs[context]).reduce(0) { $0 + $1.0 * $1.1 } / 3
    }
  }

  @Test(arguments: ["apa", "awr", "kto", "bco(shift=running)"])
  func `losses that couple a batch are exact however a step is cut`(_ text: String) throws {
    let loss = try LossRegistry.builtin.resolve(text)
    var scores: [[Double]] = []
    for cut in [[12], [5, 7], [1, 1, 10]] {
      let policy = TabularPolicy(contexts: 3, tokens: 4, heads: [.head("value")])
      var dice = TinyGenerator(seed: 9)
      let references = loss.requirements.references.contains(0) ? [] : [policy.copy()]
      let trainer = try Trainer(policy, references: references, loss: loss, optimizer: SGD())
      let all = Self.rollouts(policy, 12, &dice)
      for _ in 0..<4 {
        var first = 0
        let parts = cut.map { size -> TokenBatch in
          defer { first += size }
          return all.taking(first..<first + size)
        }
        try trainer.step(parts, learningRate: 0.5)
      }
      scores.append(policy.parameters.flatMap { $0.tensor.scalars })
    }
    #expect(scores[0].contains { abs($0) > 1e-3 })
    for other in scores.dropFirst() {
      #expect(zip(scores[0], other).allSatisfy { abs($0 - $1) < 2e-5 })
    }
  }

  @Test func `a reward model learns to judge`() throws {
    let policy = TabularPolicy(contexts: 3, tokens: 4, heads: [.headBehind("reward")])
    let before = policy.scores
    let loss = try LossRegistry.builtin.resolve("reward")
    let trainer = try Trainer(policy, references: [], loss: loss, optimizer: AdamW())
    let couples = (0..<3).flatMap { context in
      (0..<4).flatMap { a in
        (0..<4).filter { payoffs(context, a) > payoffs(context, $0) }.map { (context, a, $0) }
      }
    }
    let batch = TokenBatch(
      prompts: couples.map { [Int32($0.0)] },
      completions: couples.flatMap { [[Int32($0.1)], [Int32($0.2)]] },
      layout: .pairs(couples.count))
    var report = try trainer.step([batch], learningRate: 0.1)
    #expect(abs(report.loss - Elementary.log(2)) < 1e-12)
    for _ in 0..<60 { report = try trainer.step([batch], learningRate: 0.1) }
    #expect(report.metrics["reward/accuracy"] == 1 && report.loss < 0.3)
    #expect(report.metrics["entropy"] == nil && policy.scores == before)
    let learned = policy.parameters["head-behind/reward"]?.tensor.scalars ?? []
    for (context, best) in Self.bestArms.enumerated() {
      let judged = learned[(4 * context)..<(4 * context + 4)]
      #expect(judged.firstIndex(of: judged.max() ?? 0) == 4 * context + best)
    }
  }

  @Test func `divergences are measured from the first reference`() throws {
    let (policy, reference) = TrainerTests.policies()
    let arms = TinyPair.random(4, contexts: 3, tokens: 5, seed: 2)
    #expect(!policy.statistics.contains(.divergence))
    let trainer = try Trainer(policy, references: [reference], loss: Drift(), optimizer: SGD())
    let before = try trainer.step([TokenBatch(pairs: arms)], learningRate: 0.4).loss
    for _ in 0..<400 { try trainer.step([TokenBatch(pairs: arms)], learningRate: 0.4) }
    let after = try trainer.evaluate([TokenBatch(pairs: arms)])["loss"] ?? .nan
    #expect(before > 0.1 && after < 1e-3 && after >= 0)
    for context in Set(arms.map(\.prompt[0])) {
      let (p, q) = (
        policy.probabilities(context: Int(context)), reference.probabilities(context: Int(context))
      )
      #expect(zip(p, q).allSatisfy { abs($0 - $1) < 0.05 })
    }
    let stranger = ScriptedScorer(TabularPolicy(tokens: 3))
    let error = #expect(throws: TrainingError.self) {
      try Trainer(stranger, references: [reference], loss: Drift(), optimizer: SGD())
    }
    #expect(error.map { "\($0)" } == "'drift' needs 'divergence', which the policy cannot score")
  }

  /// Nothing but the divergence from the reference.
  private struct Drift: PreferenceLoss {
    static let card = LossCard("drift", "The divergence.", formula: "KL", source: "a test")
    static let hyperparameters: Schema<Self> = []
    var requirements: Requirements {
      var needs = Requirements(.unpaired)
      needs.policyStatistics = [.divergence]
      return needs
    }
    func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
      LossTerms(
        "drift", batch.sequenceSum(of: .divergence, batch.policy).rows(batch.completions(of: .completion)),
        per: .completion)
    }
  }

  private func payoffs(_ context: Int, _ arm: Int) -> Double { Self.payoffs[context][arm] }

  @Test func `a policy without the head is refused`() throws {
    let loss = try LossRegistry.builtin.resolve("reward")
    let error = #expect(throws: TrainingError.self) {
      try Trainer(TabularPolicy(tokens: 4), references: [], loss: loss, optimizer: SGD())
    }
    #expect(error.map { "\($0)" } == "'reward' needs 'head-behind/reward', which the policy cannot score")
  }
}

extension TokenBatch {
  /// Some completions of a batch in which every prompt has one.
  fileprivate func taking(_ range: Range<Int>) -> TokenBatch {
    TokenBatch(
      prompts: Array(prompts[range]), completions: Array(completions[range]),
      layout: FeedbackLayout(
        prompts: Array(0..<range.count), ranks: Array(layout.ranks[range]),
        isDesirable: rows[range].map { $0.isMultiple(of: 2) }),
      annotations: annotations.mapValues { Array($0[range]) }, rows: Array(rows[range]))
  }
}

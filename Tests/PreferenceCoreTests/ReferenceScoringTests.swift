// References that a policy's pass runs anyway are not asked once more, and nothing else comes of it.

import BuiltinLosses
import Optimizers
import PreferenceCore
import PreferenceTestSupport
import Testing

@Suite struct ReferenceScoringTests {
  private static let batches = [
    TokenBatch(pairs: Array(TrainerTests.pairs[..<4]), firstRow: 0),
    TokenBatch(pairs: Array(TrainerTests.pairs[4...]), firstRow: 4),
  ]

  private struct Outcome {
    var metrics: [[String: Double]] = []
    var scores: [Double] = []
    var scorings: [Int] = []
  }

  /// Two steps and an evaluation, by a policy that tells what the first reference says or keeps it to itself.
  private static func run(_ text: String, tells: Bool, references count: Int = 1) throws -> Outcome {
    let (policy, reference) = TrainerTests.policies()
    let references = [reference] + (1..<count).map { _ in TrainerTests.policies().0 }
    let trained: any Policy = tells ? policy : Reticent(policy)
    let loss = try LossRegistry.builtin.resolve(text)
    let trainer = try Trainer(trained, references: references, loss: loss, optimizer: SGD())
    var outcome = Outcome()
    for _ in 0..<2 { outcome.metrics.append(try trainer.step(batches, learningRate: 0.5).metrics) }
    outcome.metrics.append(
      try Evaluator(trained, references: references, loss: loss).evaluate(batches))
    outcome.scores = policy.scores
    outcome.scorings = references.map(\.scorings)
    return outcome
  }

  @Test(arguments: ["tdpo", "0.5*tdpo + 0.5*mallows-theta", "0.5*tdpo + 0.5*aot"])
  func `a reference that is compared with is not asked, and every number stays`(_ text: String) throws {
    let (told, asked) = (try Self.run(text, tells: true), try Self.run(text, tells: false))
    #expect(told.scorings == [0])
    // Two micro-batches in each of two steps and in the evaluation.
    #expect(asked.scorings == [6])
    #expect(told.metrics == asked.metrics && told.scores == asked.scores)
    #expect((told.metrics[1]["rewards/margins"] ?? 0) != 0)
  }

  @Test func `the other references are asked as ever`() throws {
    let (told, asked) = try (
      Self.run("mrpo(tdpo)", tells: true, references: 3), Self.run("mrpo(tdpo)", tells: false, references: 3)
    )
    #expect(told.scorings == [0, 6, 6] && asked.scorings == [6, 6, 6])
    #expect(told.metrics == asked.metrics && told.scores == asked.scores)
  }

  @Test func `losses without divergences ask the reference, though the policy could tell`() throws {
    let (policy, reference) = TrainerTests.policies()
    #expect(policy.measureDivergence(from: reference))
    let loss = try LossRegistry.builtin.resolve("dpo")
    let trainer = try Trainer(policy, references: [reference], loss: loss, optimizer: SGD())
    _ = try trainer.step(Self.batches, learningRate: 0.5)
    #expect(reference.scorings == 2)
  }
}

/// A policy that measures divergences and tells nothing of what it measures them from.
private final class Reticent: Policy, DivergenceScorer {
  private let policy: TabularPolicy
  init(_ policy: TabularPolicy) { self.policy = policy }

  var parameters: Parameters { policy.parameters }
  var statistics: Set<TokenStatistic> { policy.statistics.filter { $0.ofReference == nil } }
  func parametersChanged() { policy.parametersChanged() }
  func measureDivergence(from reference: any Scorer) -> Bool { policy.measureDivergence(from: reference) }

  func score(_ batch: TokenBatch, _ wanted: Set<TokenStatistic>) throws(ScoringError) -> ModelScores {
    try policy.score(batch, wanted)
  }

  func accumulateGradients(
    into gradients: inout GradientAccumulator, scoring batch: TokenBatch, _ wanted: Set<TokenStatistic>,
    cotangents: (ModelScores) -> [TokenStatistic: Tensor]
  ) throws(ScoringError) {
    try policy.accumulateGradients(into: &gradients, scoring: batch, wanted, cotangents: cotangents)
  }
}

// A number that is not finite stops the run before anything has changed, and says where it came from.

import Optimizers
import PreferenceCore
import PreferenceTestSupport
import Testing

@Suite struct NonFiniteTests {
  private func report(_ body: () throws -> Void) -> NonFiniteReport? {
    do {
      try body()
      return nil
    } catch TrainingError.notFinite(let report) { return report } catch { return nil }
  }

  /// Makes the numbers of row 1 of a batch what is said.
  private func poisoned(_ policy: TabularPolicy, _ number: Double) -> ScriptedScorer {
    ScriptedScorer(policy) { statistic, numbers, batch in
      guard statistic == .logProbability, let place = batch.rows.firstIndex(of: 1) else { return numbers }
      let (width, all) = (numbers.shape[1], numbers.scalars)
      let row = batch.layout.prompts.firstIndex(of: place) ?? 0
      return Tensor(all.indices.map { $0 / width == row ? number : all[$0] }, shape: numbers.shape)
    }
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func `a loss that is not finite leaves weights, buffers and state alone`(_ number: Double) throws {
    let policy = TabularPolicy(contexts: 3, tokens: 5)
    let before = policy.scores
    let trainer = try Trainer(
      poisoned(policy, number), references: [policy.copy()], loss: DPOLike(), optimizer: AdamW())
    let batches = TrainerTests.pairs[0..<3].enumerated().map {
      TokenBatch(pairs: [$0.element], firstRow: $0.offset)
    }
    let found = try #require(report { try trainer.step(batches, learningRate: 1) })
    #expect(found.step == 1)
    #expect(found.term == "dpo-like")
    #expect(found.rows == [1])
    #expect(found.description == "step 1: term 'dpo-like' is not finite; rows 1")
    #expect(found.completions.first?.tokens == TrainerTests.pairs[1].chosen)
    #expect(found.completions.first?.policy["log-probability"]?.count == TrainerTests.pairs[1].chosen.count)
    #expect(policy.scores == before)
    #expect(trainer.state == TrainerState())
    #expect(trainer.optimizerState.step == 0)
    #expect(trainer.optimizerState.entries.allSatisfy { $0.tensor.scalars.allSatisfy { $0 == 0 } })
  }

  @Test func `a gradient that is not finite names the parameter`() throws {
    let policy = TabularPolicy(contexts: 3, tokens: 5)
    let before = policy.scores
    let trainer = try Trainer(
      policy, references: [policy.copy()], loss: InfiniteSlopeLoss(), optimizer: SGD())
    let found = try #require(
      report { try trainer.step([TokenBatch(pairs: TrainerTests.pairs)], learningRate: 1) })
    #expect(found.term == "gradient")
    #expect(found.parameters == ["scores"])
    #expect(
      found.description == "step 1: the gradient is not finite (first in 'scores'); rows 0, 1, 2, 3, 4, 5")
    #expect(policy.scores == before)
  }

  @Test func `evaluation stops as well`() throws {
    let policy = TabularPolicy(contexts: 3, tokens: 5)
    let evaluator = try Evaluator(poisoned(policy, .nan), references: [policy.copy()], loss: DPOLike())
    let found = report { _ = try evaluator.evaluate([TokenBatch(pairs: TrainerTests.pairs)]) }
    #expect(found?.rows == [1])
  }
}

/// `√h`: finite at a margin of 0, with an infinite slope.
private struct InfiniteSlopeLoss: MarginLoss {
  static let card = LossCard("infinite-slope", "Too steep.", formula: "√h", source: "these tests")
  static let hyperparameters: Schema<Self> = []
  func loss(margin: Tensor) -> Tensor { sqrt(margin) }
}

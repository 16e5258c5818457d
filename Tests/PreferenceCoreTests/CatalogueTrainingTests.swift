// Every loss of the catalogue in the trainer: exact however a step is cut, and however often a run is resumed.

import BuiltinLosses
import Foundation
import Optimizers
import PreferenceCore
import PreferenceTestSupport
import Testing

@Suite struct CatalogueTrainingTests {
  /// Losses that learn from pairs of completions which a table can score.
  static let names = LossRegistry.builtin.entries.keys.sorted().filter { name in
    guard let needs = try? LossRegistry.builtin.resolve(name).requirements else { return false }
    return needs.feedback <= .pairwise && !needs.needsBaselines
  }

  static let pairs = TinyPair.random(6, contexts: 3, tokens: 5, seed: 7)

  /// A table of scores with the heads that `needs` asks for.
  static func policy(_ needs: Requirements, seed: UInt64) -> TabularPolicy {
    var dice = TinyGenerator(seed: seed)
    let heads = needs.policyStatistics.filter { $0.scalarHead != nil }.sorted { $0.name < $1.name }
    return TabularPolicy(
      contexts: 3, tokens: 5, scores: (0..<15).map { _ in Float.random(in: -1...1, using: &dice) },
      heads: heads)
  }

  /// A trainer of `policy` with as many references as the loss needs, and one more where it may have one.
  static func trainer(_ loss: any PreferenceLoss, _ policy: TabularPolicy) throws -> Trainer {
    let needs = loss.requirements
    let count = min(max(1, needs.references.lowerBound), needs.references.upperBound)
    var options = TrainingOptions()
    options.seed = 5
    return try Trainer(
      policy, references: (0..<count).map { Self.policy(needs, seed: 90 + UInt64($0)) }, loss: loss,
      optimizer: SGD(), options: options)
  }

  /// The six pairs cut as told, with a number in every column that the loss reads.
  static func batches(_ loss: any PreferenceLoss, cut sizes: [Int]) -> [TokenBatch] {
    var first = 0
    return sizes.map { size in
      defer { first += size }
      let numbers = (first..<(first + size)).flatMap { (row: Int) -> [Double] in
        [1 + 0.25 * Double(row), 0.5 - 0.125 * Double(row)]
      }
      return TokenBatch(
        pairs: Array(pairs[first..<(first + size)]), firstRow: first,
        annotations: Dictionary(uniqueKeysWithValues: loss.requirements.annotations.map { ($0, numbers) }))
    }
  }

  @Test(arguments: names) func `micro-batches do not change a step`(_ name: String) throws {
    let loss = try LossRegistry.builtin.resolve(name)
    func run(_ cut: [Int]) throws -> (first: StepReport, scores: [Double]) {
      let policy = Self.policy(loss.requirements, seed: 3)
      let trainer = try Self.trainer(loss, policy)
      var reports: [StepReport] = []
      for _ in 0..<3 {
        reports.append(try trainer.step(Self.batches(loss, cut: cut), learningRate: 0.02))
      }
      return (reports[0], policy.scores)
    }
    let whole = try run([6])
    for cut in [[1, 5], [3, 1, 2]] {
      let parts = try run(cut)
      #expect(abs(parts.first.loss - whole.first.loss) <= 1e-12 * max(1, abs(whole.first.loss)))
      for (metric, value) in parts.first.metrics where metric != "grad_norm" {
        let other = whole.first.metrics[metric] ?? .nan
        #expect(abs(value - other) <= 1e-12 * max(1, abs(other)), "\(metric)")
      }
      // Gradients are summed in single precision, so weights agree to a few of their last bits.
      for (a, b) in zip(parts.scores, whole.scores) { #expect(abs(a - b) < 2e-6 * max(1, abs(b))) }
    }
  }

  @Test(arguments: names) func `a resumed run is the run that was not stopped`(_ name: String) throws {
    let loss = try LossRegistry.builtin.resolve(name)
    func step(_ trainer: Trainer, _ count: Int) throws {
      for _ in 0..<count { try trainer.step(Self.batches(loss, cut: [2, 4]), learningRate: 0.02) }
    }
    let through = Self.policy(loss.requirements, seed: 3)
    try step(try Self.trainer(loss, through), 5)

    let policy = Self.policy(loss.requirements, seed: 3)
    let stopped = try Self.trainer(loss, policy)
    try step(stopped, 2)
    let saved = try JSONEncoder().encode(stopped.state)
    let resumed = try Self.trainer(try LossRegistry.builtin.resolve(name), policy)
    resumed.resume(from: try JSONDecoder().decode(TrainerState.self, from: saved))
    try step(resumed, 3)
    #expect(policy.scores.map(\.bitPattern) == through.scores.map(\.bitPattern))
  }

  @Test func `what β-DPO remembers is in the state and matters`() throws {
    let loss = try LossRegistry.builtin.resolve("beta-dpo(beta=0.5, alpha=2, momentum=0.5)")
    let policy = Self.policy(loss.requirements, seed: 3)
    let trainer = try Self.trainer(loss, policy)
    var temperatures: [Double] = []
    for _ in 0..<3 {
      let report = try trainer.step(Self.batches(loss, cut: [6]), learningRate: 2)
      temperatures.append(report.metrics["beta-dpo/beta"] ?? .nan)
    }
    #expect(temperatures[0] == 0.5 && temperatures[1] > 0.5 && temperatures[2] != temperatures[1])
    #expect(trainer.state.lossState.mean("margin", at: "") != nil)
  }

  /// Rounds of exact DPO on a bandit: rewards r, preferences of every couple by Bradley–Terry.
  @Test func `momentum carries the steps of iterative training towards r/(β(1 − α))`() throws {
    let (beta, alpha) = (0.5, 0.4)
    let gap = 1.0  // r(0) − r(1)
    let share = 1 / (1 + exp(-gap))
    let loss = try LossRegistry.builtin.resolve("accelerated(dpo(beta=\(beta)), alpha=\(alpha))")
    // Shares of labels enter by counts.
    let won = Int((share * 50).rounded())
    let pairs = (0..<50).map { $0 < won ? TinyPair([0], [0], over: [1]) : TinyPair([0], [1], over: [0]) }
    let reward = log(Double(won) / Double(50 - won))
    var iterates = [TabularPolicy(tokens: 2), TabularPolicy(tokens: 2)]
    var steps: [Double] = []
    for _ in 0..<4 {
      let policy = iterates[0].copy()
      let trainer = try Trainer(policy, references: iterates, loss: loss, optimizer: SGD())
      for _ in 0..<60 { try trainer.step([TokenBatch(pairs: pairs)], learningRate: 12) }
      func logit(_ policy: TabularPolicy) -> Double {
        let p = policy.probabilities()
        return log(p[0] / p[1])
      }
      steps.append(logit(policy) - logit(iterates[0]))
      iterates = [policy, iterates[0]]
    }
    // π_{t+1} = π̂_{t+1} extrapolated; the iterates themselves step by r/β + α times the step before.
    var expected = 0.0
    for step in steps {
      expected = reward / beta + alpha * expected
      #expect(abs(step - expected) < 1e-4, "\(steps)")
    }
  }
}

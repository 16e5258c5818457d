// Problems with known answers, through the real trainer: bandits whose optimum has a closed form.

import BuiltinLosses
import Optimizers
import PreferenceCore
import PreferenceTestSupport
import Testing

@Suite struct BanditTests {
  /// A pair of arms.
  private static func arms(_ better: Int32, over worse: Int32) -> TinyPair {
    TinyPair([0], [better], over: [worse])
  }

  /// `scores` as probabilities.
  private static func softmax(_ scores: [Double]) -> [Double] {
    let raised = exp(Tensor(scores))
    return (raised / raised.sum()).scalars
  }

  /// Descends on all of `pairs` at once, unclipped.
  private static func descend(
    _ policy: TabularPolicy, _ expression: String, on pairs: [TinyPair], rate: Double, steps: Int
  ) throws {
    var options = TrainingOptions()
    options.maximumGradientNorm = 0
    let trainer = try Trainer(
      policy, references: [policy.copy()], loss: try LossRegistry.builtin.resolve(expression),
      optimizer: SGD(),
      options: options)
    let batch = TokenBatch(pairs: pairs)
    for _ in 0..<steps { try trainer.step([batch], learningRate: rate) }
  }

  /// Azar et al., 2023, section 5.3: with one certain preference, IPO stops at σ(1/(2τ)) where DPO goes on.
  @Test(arguments: [(0.1, 0.99331), (0.5, 0.73106), (1.0, 0.62246)])
  func `two-armed IPO stops at its closed form`(_ tau: Double, _ expected: Double) throws {
    let policy = TabularPolicy(tokens: 2)
    try Self.descend(policy, "ipo(tau=\(tau))", on: [Self.arms(0, over: 1)], rate: 0.2, steps: 60)
    #expect(abs(policy.probabilities()[0] - expected) < 1e-5)
    #expect(abs(policy.probabilities()[0] - Self.softmax([0.5 / tau, 0])[0]) < 1e-6)
  }

  @Test func `two-armed DPO goes on and on`() throws {
    let policy = TabularPolicy(tokens: 2)
    try Self.descend(policy, "dpo(beta=1)", on: [Self.arms(0, over: 1)], rate: 5, steps: 400)
    #expect(policy.probabilities()[0] > 0.999)
  }

  /// D1, a total order a > b > c: IPO's minimiser is θ = (1/(3τ), 0, −1/(3τ)) up to a constant.
  @Test(arguments: [0.1, 0.5, 1.0])
  func `three-armed IPO on a total order`(_ tau: Double) throws {
    let policy = TabularPolicy(tokens: 3)
    let pairs = [Self.arms(0, over: 1), Self.arms(1, over: 2), Self.arms(0, over: 2)]
    try Self.descend(policy, "ipo(tau=\(tau))", on: pairs, rate: 0.3, steps: 120)
    let expected = Self.softmax([1 / (3 * tau), 0, -1 / (3 * tau)])
    for (p, q) in zip(policy.probabilities(), expected) { #expect(abs(p - q) < 1e-5) }
  }

  /// A cycle has no better arm: by symmetry nothing moves.
  @Test(arguments: ["ipo(tau=0.5)", "dpo(beta=1)"])
  func `a cycle of preferences is a tie`(_ expression: String) throws {
    let policy = TabularPolicy(tokens: 3)
    let pairs = [Self.arms(0, over: 1), Self.arms(1, over: 2), Self.arms(2, over: 0)]
    try Self.descend(policy, expression, on: pairs, rate: 0.3, steps: 50)
    for p in policy.probabilities() { #expect(abs(p - 1.0 / 3) < 1e-6) }
  }

  /// D3′ = {a > b, b > a, b > c}: IPO ends at π ∝ (1, 1, e^(−1/(2τ))), where DPO empties c.
  @Test(arguments: [0.1, 0.5, 1.0])
  func `three-armed IPO with an arm that only loses`(_ tau: Double) throws {
    let policy = TabularPolicy(tokens: 3)
    let pairs = [Self.arms(0, over: 1), Self.arms(1, over: 0), Self.arms(1, over: 2)]
    try Self.descend(policy, "ipo(tau=\(tau))", on: pairs, rate: 0.3, steps: 200)
    let expected = Self.softmax([0, 0, -1 / (2 * tau)])
    for (p, q) in zip(policy.probabilities(), expected) { #expect(abs(p - q) < 1e-5) }
  }

  /// As in the paper: Adam at 0.01 on nine preferences drawn with replacement, here for fewer steps.
  @Test func `sampled IPO ends near its closed form`() throws {
    let policy = TabularPolicy(tokens: 3)
    let pairs = [Self.arms(0, over: 1), Self.arms(1, over: 2), Self.arms(0, over: 2)]
    let trainer = try Trainer(
      policy, references: [policy.copy()], loss: try LossRegistry.builtin.resolve("ipo(tau=1)"),
      optimizer: AdamW())
    var dice = TinyGenerator(seed: 1)
    var mean = [0.0, 0, 0]
    for step in 0..<500 {
      let drawn = (0..<9).map { _ in pairs[Int.random(in: 0..<3, using: &dice)] }
      try trainer.step([TokenBatch(pairs: drawn)], learningRate: 0.01)
      if step >= 300 { mean = zip(mean, policy.probabilities()).map { $0 + $1 / 200 } }
    }
    for (p, q) in zip(mean, [0.4484, 0.3213, 0.2302]) { #expect(abs(p - q) < 0.02) }
  }

  /// With labels from a Bradley–Terry model, DPO's optimum has log-ratio differences of (r_i − r_j)/β.
  ///
  /// Arms of strengths 1, 2 and 4 win with shares 1/3, 1/5 and 1/3: 45 rows hold the population exactly.
  @Test(arguments: [0.5, 1.0, 2.0])
  func `DPO recovers Bradley-Terry rewards`(_ beta: Double) throws {
    let wins: [(better: Int32, worse: Int32, count: Int)] = [
      (0, 1, 5), (1, 0, 10), (0, 2, 3), (2, 0, 12), (1, 2, 5), (2, 1, 10),
    ]
    let pairs = wins.flatMap { win in
      [TinyPair](repeating: Self.arms(win.better, over: win.worse), count: win.count)
    }
    let start: [Float] = [0.3, -0.7, 0.1]
    let policy = TabularPolicy(tokens: 3, scores: start)
    try Self.descend(policy, "dpo(beta=\(beta))", on: pairs, rate: 4 / (beta * beta), steps: 120)
    let moved = zip(policy.scores, start).map { $0 - Double($1) }
    let reward = log(Tensor([2.0])).scalars[0] / beta
    #expect(abs(moved[1] - moved[0] - reward) < 1e-4)
    #expect(abs(moved[2] - moved[0] - 2 * reward) < 1e-4)
  }
}

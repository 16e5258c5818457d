// Plackett–Luce: laws, DPO at two responses, values and gradients by hand.

import BuiltinLosses
import ListwiseLosses
import LossConformance
import PreferenceCore
import Testing

@Suite struct ListwiseTests {
  @Test(arguments: ["plackett-luce", "plackett-luce(beta=0.7)", "mallows(plackett-luce) + 0.1*sft"])
  func `obeys every law`(_ text: String) throws { try LossConformance.verify(text, in: .builtin) }

  /// Rankings of one-token responses with the given log-ratios, best first.
  private func result(_ rankings: [[Double]]) -> (values: [Double], gradient: [Double]) {
    let groups = rankings.enumerated().flatMap { place, ranking in ranking.map { _ in place } }
    let ranks = rankings.flatMap { Array($0.indices) }
    let count = ranks.count
    let leaf = Tensor(rankings.flatMap { $0 }, shape: [count, 1]).tracked()
    let batch = ScoredBatch(
      layout: FeedbackLayout(prompts: groups, ranks: ranks, isDesirable: ranks.map { $0 == 0 }),
      tokens: .init(repeating: [1], count: count), mask: .ones([count, 1]),
      policy: ModelScores([.logProbability: leaf], maximumEntropy: 4),
      references: [ModelScores([.logProbability: .zeros([count, 1])], maximumEntropy: 4)])
    var loss = PlackettLuce()
    loss.beta = 0.5
    var context = LossContext()
    let values = loss.evaluate(batch, &context).terms[0].values
    return (stopGradient(values).scalars, gradients(of: values.sum(), at: [leaf])[0].scalars)
  }

  @Test func `two responses are DPO`() {
    var dpo = DPOTwin()
    dpo.beta = 0.5
    let pairs = [[1.0, -0.5], [-2, 3], [0, 0]]
    let expected = dpo.loss(margin: Tensor(pairs.map { $0[0] - $0[1] })).scalars
    #expect(zip(result(pairs).values, expected).allSatisfy { abs($0 - $1) < 1e-15 })
  }

  /// The logistic loss, written down again.
  private struct DPOTwin {
    var beta = 0.1
    func loss(margin: Tensor) -> Tensor { softplus(-(beta * margin)) }
  }

  @Test func `three responses by hand`() {
    // Rewards 0.3, 0.1, −0.4, worked out independently to ten digits.
    let three = result([[0.6, 0.2, -0.8]])
    #expect(abs(three.values[0] - 1.3136231880) < 1e-10)
    // ∂ℓ/∂u_j = Σ_{k≤min(j,K−1)} softmax_k(j) − 1[j<K]
    let e = [0.3, 0.1, -0.4].map { Elementary.exp($0) }
    let (all, rest) = (e[0] + e[1] + e[2], e[1] + e[2])
    let slopes = [e[0] / all - 1, e[1] / all + e[1] / rest - 1, e[2] / all + e[2] / rest]
    #expect(zip(three.gradient, slopes).allSatisfy { abs($0 - 0.5 * $1) < 1e-15 })
    #expect(abs(three.gradient.reduce(0, +)) < 1e-15)
  }

  @Test func `rankings of different lengths stay in their places`() {
    let rankings = [[0.6, 0.2, -0.8], [1, -0.5], [3], [0.1, 0.2, 0.3, 0.4], [-2, 3]]
    let alone = rankings.map { result([$0]) }
    let together = result(rankings)
    #expect(together.values == alone.flatMap(\.values))
    #expect(together.gradient == alone.flatMap(\.gradient))
    #expect(together.values[2] == 0)
  }

  @Test
  func `a constant on every response changes nothing, and equal ones cost the logarithm of K factorial`() {
    let (a, b) = (result([[0.6, 0.2, -0.8]]), result([[700.6, 700.2, 699.2]]))
    #expect(abs(a.values[0] - b.values[0]) < 1e-12)
    #expect(abs(result([[2, 2, 2, 2]]).values[0] - Elementary.log(24)) < 1e-14)
  }
}

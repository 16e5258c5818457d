// The reward model's loss: laws, the last token's head, values by hand.

import BuiltinLosses
import LossConformance
import PreferenceCore
import RewardModelLosses
import Testing

@Suite struct RewardModelTests {
  @Test(arguments: ["reward", "reward(center=0.01)", "reward + 0.1*sft"])
  func `obeys every law`(_ text: String) throws { try LossConformance.verify(text, in: .builtin) }

  @Test func `reads the head behind the last token, and no likelihood`() throws {
    let head = TokenStatistic.headBehind("reward")
    let leaf = Tensor([9, 9, 0.75, 7, -0.25, 7], shape: [2, 3]).tracked()
    let batch = ScoredBatch(
      layout: .pairs(1), tokens: .init(repeating: [1, 1, 1], count: 2),
      mask: Tensor([1, 1, 1, 1, 1, 0], shape: [2, 3]),
      policy: ModelScores([head: leaf], maximumEntropy: 4), references: [])
    var loss = BradleyTerry()
    loss.center = 0.5
    #expect(loss.requirements.policyStatistics == [head])
    var context = LossContext()
    let values = loss.evaluate(batch, &context).terms[0].values
    // −log σ(1) + ½ · 0.5²
    #expect(abs(stopGradient(values).scalars[0] - (0.3132616875182228 + 0.125)) < 1e-15)
    let slope = gradients(of: values.sum(), at: [leaf])[0].scalars
    let (s, c) = (1 - Elementary.sigmoid(1), 0.5)
    #expect(zip(slope, [0, 0, c - s, 0, c + s, 0]).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(context.metrics.means["reward/accuracy"] == 1 && context.metrics.means["reward/margin"] == 1)
  }
}

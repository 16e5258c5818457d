// Terms: exact means over a whole step, names that stay apart, nothing out of nothing.

import BuiltinLosses
import PreferenceCore
import Testing

@Suite struct LossTermsTests {
  private let terms = LossTerms("a", Tensor([1, 2, 6]), per: .pair)

  @Test func `a term is averaged over the step's count, not the batch's`() {
    #expect(terms.objective([.pair: 3]).item == 3)
    #expect(terms.objective([.pair: 9]).item == 1)
    #expect((0.5 * terms).objective([.pair: 3]).item == 1.5)
  }

  @Test func `nothing to count is nothing to lose`() {
    #expect(LossTerms("a", Tensor([]), per: .pair).objective([.pair: 0]).item == 0)
  }

  @Test func `names that come again are told apart`() {
    #expect((terms + terms + terms).terms.map(\.name) == ["a", "a#2", "a#3"])
    #expect((terms + (terms + terms)).terms.map(\.name) == ["a", "a#2", "a#2#2"])
  }

  @Test func `contributions add up to the objective`() {
    let sum = 0.3 * terms + 0.7 * LossTerms("b", Tensor([4, 5]), per: .chosenToken)
    let totals: [Unit: Int] = [.pair: 3, .chosenToken: 2]
    let parts = sum.contributions(totals)
    #expect(parts.map(\.name) == ["a", "b"])
    #expect(abs(parts.reduce(0) { $0 + $1.value } - sum.objective(totals).item) < 1e-15)
  }

  @Test func `weights reach every unit through its completion`() {
    let scores = ModelScores([.logProbability: .zeros([4, 2])], maximumEntropy: 1)
    let batch = ScoredBatch(
      layout: .pairs(2), tokens: [], mask: Tensor([1, 1, 1, 0, 1, 0, 1, 1], shape: [4, 2]), policy: scores,
      references: [])
    let weights = Tensor([1, 10, 100, 1000])
    func weighted(_ unit: Unit, _ count: Int) -> [Double] {
      LossTerms("a", .ones([count]), per: unit).weighting(by: weights, in: batch).terms[0].values.scalars
    }
    #expect(batch.counts == [.pair: 2, .completion: 4, .prompt: 2, .token: 6, .chosenToken: 3])
    #expect(weighted(.pair, 2) == [1, 100])
    #expect(weighted(.completion, 4) == [1, 10, 100, 1000])
    #expect(weighted(.prompt, 2) == [1, 100])
    #expect(weighted(.token, 6) == [1, 1, 10, 100, 1000, 1000])
    #expect(weighted(.chosenToken, 3) == [1, 1, 100])
  }

  @Test func `sums keep each part's name and the first reward scale`() throws {
    let sum = try LossRegistry.builtin.resolve("0.2*sft + 0.5*dpo(beta=0.3) + dpo")
    let scores = ModelScores([.logProbability: Tensor([-1, -2], shape: [2, 1])], maximumEntropy: 1)
    let batch = ScoredBatch(
      layout: .pairs(1), tokens: [], mask: .ones([2, 1]), policy: scores, references: [scores])
    var context = LossContext()
    #expect(sum.evaluate(batch, &context).terms.map(\.name) == ["sft", "dpo", "dpo#2"])
    #expect(sum.rewardScale == 0.3)
    #expect(sum.requirements.references == 1...1)
  }
}

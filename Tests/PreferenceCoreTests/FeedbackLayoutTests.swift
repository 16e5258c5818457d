// What a layout says of prompts, comparisons and baselines.

import PreferenceCore
import Testing

@Suite struct FeedbackLayoutTests {
  @Test func `groups are the prompts unless said otherwise`() {
    let layout = FeedbackLayout.pairs(3)
    #expect(layout.groups == layout.prompts)
    #expect(layout.orderedPairs.map { [$0.chosen, $0.rejected] } == [[0, 1], [2, 3], [4, 5]])
  }

  @Test func `sides with different remainders of a prompt are still one pair`() {
    let layout = FeedbackLayout(
      prompts: [0, 1, 2, 2], groups: [0, 0, 1, 1], ranks: [0, 1, 0, 1],
      isDesirable: [true, false, true, false])
    #expect(layout.orderedPairs.map { [$0.chosen, $0.rejected] } == [[0, 1], [2, 3]])
    #expect(layout.rankings == [[0, 1], [2, 3]])
    let batch = TokenBatch(prompts: [[1], [2], [3]], completions: [[4], [5, 6], [7], [8]], layout: layout)
    #expect(batch.counts == [.pair: 2, .completion: 4, .prompt: 2, .token: 5, .chosenToken: 2])
  }

  @Test func `K ranked completions are every pair of better and worse`() {
    let layout = FeedbackLayout(
      prompts: [0, 0, 0], ranks: [2, 0, 1], isDesirable: [false, true, false])
    #expect(layout.rankings == [[1, 2, 0]])
    #expect(layout.orderedPairs.map { [$0.chosen, $0.rejected] } == [[1, 0], [1, 2], [2, 0]])
  }

  @Test func `baselines are compared with nothing`() {
    let layout = FeedbackLayout(
      prompts: [0, 0, 0], ranks: [0, 1, 2], isDesirable: [true, false, false],
      isBaseline: [false, false, true])
    #expect(layout.rankings == [[0, 1]])
    #expect(layout.orderedPairs.count == 1)
  }
}

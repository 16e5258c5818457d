// Steps are pure functions of their number, and no row is lost or repeated.

import PreferenceCore
import Testing

@testable import PreferenceData

@Suite struct BatchPlanTests {
  /// `count` pairs; row i has a prompt of `i % 5 + 1` tokens and completions of i % 3 + 2 and 2.
  private func rows(_ count: Int, feedback: Feedback = .pairwise, window: TokenWindow = .init(maxLength: nil))
    -> [TokenizedRow]
  {
    (0..<count).compactMap { i in
      let prompt = [Int32](repeating: Int32(i), count: i % 5 + 1)
      let first = [Int32](repeating: Int32(1000 + i), count: i % 3 + 2)
      let completions = feedback == .unpaired ? [first] : [first, [Int32(2000 + i), 1]]
      return TokenizedRow(
        place: RowPlace(row: i), feedback: feedback, whole: .init(prompt: prompt, completions: completions),
        isDesirable: feedback == .unpaired ? [i % 2 == 0] : [true, false],
        annotations: ["score": completions.indices.map { Double(10 * i + $0) }], window: window)
    }
  }

  private func plan(
    _ rows: [TokenizedRow], window: TokenWindow = .init(maxLength: nil),
    _ change: (inout BatchPlanOptions) -> Void = { _ in }
  ) -> BatchPlan {
    var options = BatchPlanOptions()
    (options.rowsPerMicroBatch, options.accumulationSteps) = (4, 2)
    change(&options)
    return BatchPlan(rows, window: window, options: options)
  }

  private func rowNumbers(_ batches: [TokenBatch]) -> [Int] { batches.flatMap(\.rows) }

  @Test func `rows in order make full steps and a short last one`() {
    let plan = plan(rows(19)) { $0.shuffles = false }
    #expect(plan.stepsPerEpoch == 3)
    #expect(plan.microBatches(step: 0).map(\.rows) == [[0, 1, 2, 3], [4, 5, 6, 7]])
    #expect(plan.microBatches(step: 2).map(\.rows) == [[16, 17, 18]])
    #expect(plan.microBatches(step: 3).map(\.rows) == [[0, 1, 2, 3], [4, 5, 6, 7]])
  }

  @Test func `every epoch has every row once, in an order of its own`() {
    let plan = plan(rows(19))
    let epochs = (0..<4).map { epoch in
      (0..<3).flatMap { rowNumbers(plan.microBatches(step: 3 * epoch + $0)) }
    }
    #expect(epochs.allSatisfy { $0.sorted() == Array(0..<19) })
    #expect(Set(epochs).count == 4)
    let other = self.plan(rows(19)) { $0.seed = 43 }
    #expect(rowNumbers(other.microBatches(step: 0)) != rowNumbers(plan.microBatches(step: 0)))
  }

  @Test func `a step does not depend on how it is cut or on the steps before it`() {
    let whole = plan(rows(64)) { ($0.rowsPerMicroBatch, $0.accumulationSteps) = (8, 1) }
    let cut = plan(rows(64)) { ($0.rowsPerMicroBatch, $0.accumulationSteps) = (2, 4) }
    for step in [7, 0, 12] {
      #expect(rowNumbers(whole.microBatches(step: step)) == rowNumbers(cut.microBatches(step: step)))
    }
  }

  /// Resumed runs rely on this order: a change here changes what they train on.
  @Test func `the order of seed 42 stays what it is`() {
    // Computed by a second implementation, in Python.
    #expect(plan(rows(8)).order(epoch: 0) == [4, 1, 2, 7, 5, 0, 3, 6])
  }

  @Test func `a token budget splits micro-batches between rows`() {
    let plan = plan(rows(19)) { ($0.shuffles, $0.microBatchTokens) = (false, 14) }
    let batches = plan.microBatches(step: 0)
    #expect(rowNumbers(batches) == Array(0..<8))
    for batch in batches where batch.rows.count > 1 {
      let tokens = batch.prompts.joined().count + batch.completions.joined().count
      #expect(tokens <= 14)
    }
    #expect(batches.count > 2)
  }

  @Test func `completion tokens are the rows' own, wherever they land`() {
    let all = rows(19)
    let plan = plan(all) { $0.microBatchTokens = 20 }
    let batches = (0..<plan.stepsPerEpoch).flatMap(plan.microBatches)
    let counts = batches.map(\.counts)
    let tokens = counts.compactMap { $0[.token] }.reduce(0, +)
    let pairs = counts.compactMap { $0[.pair] }.reduce(0, +)
    let rowTokens = all.map { $0.completions.joined().count }.reduce(0, +)
    #expect(tokens == rowTokens)
    #expect(pairs == 19)
    for batch in batches {
      for (n, prompt) in batch.layout.prompts.enumerated() {
        let row = all[batch.rows[prompt]]
        #expect(batch.prompts[prompt] == row.prompts[0])
        #expect(batch.completions[n] == row.completions[batch.layout.ranks[n]])
        #expect(batch.annotations["score"]?[n] == row.annotations["score"]?[batch.layout.ranks[n]])
      }
    }
  }

  @Test func `sides with their own prompts are still pairs`() {
    let window = TokenWindow(maxLength: 5, mode: .keepEnd)
    let batch = plan(rows(4, window: window), window: window) { $0.shuffles = false }.microBatches(step: 0)[0]
    // Row 2: prompt of 3, completions of 4 and 2: the sides keep 1 and 3 tokens of it.
    #expect(batch.rows == [0, 1, 2, 2, 3])
    #expect(batch.prompts.map(\.count) == [1, 2, 1, 3, 3])
    #expect(batch.layout.prompts == [0, 0, 1, 1, 2, 3, 4, 4])
    #expect(batch.layout.groups == [0, 0, 1, 1, 2, 2, 3, 3])
    #expect(
      batch.layout.orderedPairs.map { [$0.chosen, $0.rejected] } == [[0, 1], [2, 3], [4, 5], [6, 7]])
    #expect(batch.counts[.prompt] == 4)
  }

  @Test func `a baseline answers a row's prompt with the row before it, around the step`() {
    let plan = plan(rows(10, feedback: .unpaired)) { ($0.shuffles, $0.needsBaselines) = (false, true) }
    let batches = plan.microBatches(step: 0)
    for batch in batches {
      let baselines = batch.layout.isBaseline.indices.filter { batch.layout.isBaseline[$0] }
      #expect(baselines.count == 4 && batch.prompts.count == 4)
      for n in baselines {
        let row = batch.rows[batch.layout.prompts[n]]
        let before = Int32(1000 + (row + 7) % 8)
        #expect(batch.completions[n].first == before)
      }
      #expect(batch.counts[.completion] == 4)
    }
    // The last step holds two rows, which serve each other.
    let last = plan.microBatches(step: 1)[0]
    #expect(last.completions.map(\.first) == [1008, 1009, 1009, 1008])
  }

  @Test func `baselines of pairs are other rows' answers, side by side`() {
    let batch = plan(rows(2)) { ($0.shuffles, $0.needsBaselines) = (false, true) }.microBatches(step: 0)[0]
    #expect(batch.completions.map(\.first) == [1000, 2000, 1001, 2001, 1001, 2001, 1000, 2000])
    #expect(batch.layout.isBaseline == [false, false, true, true, false, false, true, true])
    #expect(batch.layout.orderedPairs.count == 2)
  }

  @Test func `a step of one row borrows from the epoch, and a lone row has no baseline`() {
    let nine = plan(rows(9, feedback: .unpaired)) { ($0.shuffles, $0.needsBaselines) = (true, true) }
    let order = nine.order(epoch: 0)
    #expect(
      nine.microBatches(step: 1)[0].completions.map(\.first)
        == [order[8], order[7]].map { Int32(1000 + $0) })
    let single = plan(rows(3, feedback: .unpaired)) {
      ($0.shuffles, $0.needsBaselines, $0.rowsPerMicroBatch, $0.accumulationSteps) = (false, true, 1, 1)
    }
    #expect(single.microBatches(step: 1)[0].completions.map(\.first) == [1001, 1000])
    let one = plan(rows(1, feedback: .unpaired)) { $0.needsBaselines = true }
    #expect(one.microBatches(step: 0)[0].layout.isBaseline == [false])
  }

  @Test func `the one row that is left of an epoch in order answers itself, as in TRL`() {
    let nine = plan(rows(9, feedback: .unpaired)) { ($0.shuffles, $0.needsBaselines) = (false, true) }
    let batch = nine.microBatches(step: 1)[0]
    #expect(batch.completions.map(\.first) == [1008, 1008] && batch.layout.isBaseline == [false, true])
  }

  @Test func `baselines are joined before they are cut`() {
    let window = TokenWindow(maxLength: 6)
    let all = rows(5, feedback: .unpaired, window: window)
    let batch = plan(all, window: window) {
      ($0.shuffles, $0.needsBaselines, $0.rowsPerMicroBatch) = (false, true, 5)
    }
    .microBatches(step: 0)[0]
    for (n, prompt) in batch.layout.prompts.enumerated() {
      let length = batch.prompts[prompt].count + batch.completions[n].count
      #expect(length <= 6)
    }
    // Row 4's prompt has 5 tokens; row 3's completion of 2 is cut to 1 behind it.
    #expect(batch.completions.last == [1003])
  }
}

@Suite struct SplitMixTests {
  @Test func `is the published generator`() {
    // The first outputs for a state of 1234567 (Steele, Lea and Flood's reference implementation).
    var generator = SplitMix(state: 1_234_567)
    #expect(generator.next() == 6_457_827_717_110_365_317)
    #expect(generator.next() == 3_203_168_211_198_807_973)
  }
}

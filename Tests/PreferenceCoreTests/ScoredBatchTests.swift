// The batch fixes the order of operations, whatever the order in which wrappers ask for them.

import PreferenceCore
import Testing

@Suite struct ScoredBatchTests {
  /// One pair: chosen of two tokens, rejected of one; two references.
  private static let batch: ScoredBatch = {
    func scores(_ logs: [Double]) -> ModelScores {
      ModelScores([.logProbability: Tensor(logs, shape: [2, 2])], maximumEntropy: 4)
    }
    return ScoredBatch(
      layout: .pairs(1), tokens: [], mask: Tensor([1, 1, 1, 0], shape: [2, 2]),
      policy: scores([-1, -2, -4, 9]),
      references: [scores([-2, -2, -3, 7]), scores([-5, -1, -1, 5])])
  }()

  @Test func `log-ratios are sums over tokens against the first reference`() {
    #expect(Self.batch.logRatio.scalars == [1, -1])
    #expect(Self.batch.meanLogRatio.scalars == [0.5, -1])
    #expect(ScoredPairs(Self.batch).margin.scalars == [2])
    #expect(ScoredPairs(Self.batch).meanMargin.scalars == [1.5])
    #expect(Self.batch.ignoringReferences().logRatio.scalars == [-3, -4])
  }

  @Test func `the scale takes the shift along, in either order`() {
    let (shift, scale) = (Tensor([0.5, 0]), Tensor([3, 3]))
    let one = Self.batch.shiftingMargins(by: shift).scalingLogRatios(by: scale)
    let other = Self.batch.scalingLogRatios(by: scale).shiftingMargins(by: shift)
    #expect(ScoredPairs(one).margin.scalars == [4.5])
    #expect(ScoredPairs(other).margin.scalars == [4.5])
    #expect(ScoredPairs(one).meanMargin.scalars == [3])
  }

  @Test func `references are mixed after tokens are weighted, in either order`() {
    let weights = Tensor([1, 0.5, 2, 1], shape: [2, 2])
    let first = Self.batch.weightingTokens(by: weights).mixingReferences { maximum($0[0], $0[1]) }
    let second = Self.batch.mixingReferences { maximum($0[0], $0[1]) }.weightingTokens(by: weights)
    // Policy −2 and −8; references −3, −6 and −5.5, −2.
    #expect(first.logRatio.scalars == [1, -6])
    #expect(second.logRatio.scalars == [1, -6])
    // Means divide by the raw number of tokens.
    #expect(first.meanLogRatio.scalars == [0.5, -6])
  }

  @Test func `numbers of tokens come in the format of the policy's statistics`() {
    let wide = Self.batch.tokenTensor { Double(10 * $0 + $1) + 0.1 }
    #expect(wide.scalarType == .float64 && wide.scalars == [0.1, 1.1, 10.1, 0])
    let narrow = ScoredBatch(
      layout: .pairs(1), tokens: [], mask: Tensor([1, 1, 1, 0], shape: [2, 2]),
      policy: Self.batch.policy.mapValues { $0.converted(to: .float32) }, references: [])
    let rounded = narrow.tokenTensor { Double(10 * $0 + $1) + 0.1 }
    #expect(rounded.scalarType == .float32 && rounded.floats == [0.1, 1.1, 10.1, 0])
  }

  @Test func `a weight for each position serves every completion`() {
    let (row, all) = (Tensor([1, 0.5]), Tensor([1, 0.5, 1, 0.5], shape: [2, 2]))
    let extra = Tensor([2, 1, 4, 1], shape: [2, 2])
    for (a, b) in [
      (Self.batch.weightingTokens(by: row), Self.batch.weightingTokens(by: all)),
      (
        Self.batch.weightingTokens(by: extra).weightingTokens(by: row),
        Self.batch.weightingTokens(by: all).weightingTokens(by: extra)
      ),
    ] {
      #expect(a.logRatio.scalars == b.logRatio.scalars)
      #expect(a.chosenTokenLogProbabilities.scalars == b.chosenTokenLogProbabilities.scalars)
      #expect(a.tokenLogProbability(a.policy).scalars == b.tokenLogProbability(b.policy).scalars)
    }
  }

  @Test func `ranked completions are compared two by two`() {
    let layout = FeedbackLayout(
      prompts: [0, 1, 0, 0, 1], ranks: [2, 0, 0, 1, 1], isDesirable: .init(repeating: true, count: 5))
    #expect(layout.orderedPairs.map { [$0.chosen, $0.rejected] } == [[1, 4], [2, 0], [2, 3], [3, 0]])
    #expect(layout.rankings == [[2, 3, 0], [1, 4]])
    #expect(layout.chosen == [1, 2])
    #expect(layout.comparisons == [[0, 2, 3], [1, 4]])
  }

  @Test func `baselines carry no feedback`() {
    let layout = FeedbackLayout(
      prompts: [0, 0, 0], ranks: [0, 1, 2], isDesirable: [true, false, false],
      isBaseline: [false, false, true])
    #expect(layout.orderedPairs.count == 1 && layout.comparisons == [[0, 1]])
    #expect(
      layout.counts(lengths: [2, 3, 4]) == [.pair: 1, .completion: 2, .prompt: 1, .token: 5, .chosenToken: 2])
  }
}

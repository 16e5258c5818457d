// Law: a loss and its gradient take memory in proportion to the statistics they are given, O(N·T), and no more.

import PreferenceCore

extension LossConformance {
  /// The largest growth of memory per statistic that counts as none; what is out of proportion grows up to 16-fold.
  private static let largestGrowth = 1.5

  /// Makes one extent of a batch 16 times as large, one after the other, and counts what tensors allocate.
  ///
  /// A loss that builds `[N, N]` grows with the completions, one that builds `[T, T]` with their tokens, one that
  /// builds `[N, T, V]` with the vocabulary. Counts the memory of tensors and of arrays that go in and out of them,
  /// in the forward and the backward walk; a loss's own arrays, which no tensor is made of, escape it.
  static func memoryGrowsWithTokens(_ subject: Subject) -> Verdict {
    let needs = subject.loss.requirements
    let fixture = Fixture(needs, seed: 1, length: 32).repeated(4)
    var broad = fixture
    broad.maximumEntropy += Elementary.log(16)
    let base = bytesPerStatistic(subject.loss, fixture)
    let larger = [
      ("completions", fixture.repeated(16)), ("tokens", Fixture(needs, seed: 1, length: 512).repeated(4)),
      ("vocabulary", broad),
    ].map { ($0, bytesPerStatistic(subject.loss, $1)) }
    return verdict(
      of: larger.compactMap { extent, bytes in
        guard bytes > largestGrowth * base else { return nil }
        return Violation(
          .memory, "bytes for each token of 16 times the \(extent)", seed: fixture.seed, expected: base,
          actual: bytes)
      })
  }

  /// Bytes that tensors allocate for value and gradient, over `N·T`.
  private static func bytesPerStatistic(_ loss: any PreferenceLoss, _ fixture: Fixture) -> Double {
    var context = Evaluation.warmContext(loss, fixture)
    let leaves = fixture.policyTensors().mapValues { $0.tracked() }
    let batch = fixture.batch(policy: leaves)
    let totals = batch.counts
    let bytes = TensorMeter.measuring {
      _ = gradients(of: loss.evaluate(batch, &context).objective(totals), at: Array(leaves.values))
    }.byteCount
    return Double(bytes) / Double(fixture.lengths.reduce(0, +))
  }
}

extension Fixture {
  /// The same completions `times` over, as so many more prompts of one batch.
  fileprivate func repeated(_ times: Int) -> Fixture {
    func offset(_ column: [Int]) -> [Int] {
      let step = (column.max() ?? -1) + 1
      return (0..<times).flatMap { time in column.map { $0 + time * step } }
    }
    func copied<Element>(_ column: [Element]) -> [Element] { (0..<times).flatMap { _ in column } }
    var copy = self
    copy.layout = FeedbackLayout(
      prompts: offset(layout.prompts), groups: offset(layout.groups), ranks: copied(layout.ranks),
      isDesirable: copied(layout.isDesirable), isBaseline: copied(layout.isBaseline))
    copy.tokens = copied(tokens)
    copy.rows = Array(0..<(rows.count * times))
    copy.policy = policy.mapValues(copied)
    copy.references = references.map { $0.mapValues(copied) }
    copy.annotations = annotations.mapValues(copied)
    return copy
  }
}

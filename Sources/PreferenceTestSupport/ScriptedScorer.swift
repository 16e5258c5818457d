// A scorer that says what it is told to say: for breaking things on purpose.

public import Optimizers
public import PreferenceCore

/// Passes another policy's numbers through a function of one's choice.
public final class ScriptedScorer: Policy {
  private let inner: any Policy
  private let rewrite: (TokenStatistic, Tensor, TokenBatch) -> Tensor
  public let statistics: Set<TokenStatistic>
  /// How many batches were scored.
  public private(set) var scoredCount = 0

  /// - Parameters:
  ///   - statistics: what it claims to know; what `inner` knows unless given.
  ///   - rewrite: takes a statistic and its numbers, `[N, T]`, to what is said instead.
  public init(
    _ inner: any Policy, statistics: Set<TokenStatistic>? = nil,
    rewrite: @escaping (TokenStatistic, Tensor, TokenBatch) -> Tensor = { _, numbers, _ in numbers }
  ) {
    (self.inner, self.rewrite) = (inner, rewrite)
    self.statistics = statistics ?? inner.statistics
  }

  public var parameters: Parameters { inner.parameters }
  public func parametersChanged() { inner.parametersChanged() }

  public func score(
    _ batch: TokenBatch, _ wanted: Set<TokenStatistic>
  ) throws(ScoringError) -> ModelScores {
    scoredCount += 1
    return rewritten(try inner.score(batch, wanted), batch)
  }

  public func accumulateGradients(
    into gradients: inout GradientAccumulator, scoring batch: TokenBatch, _ wanted: Set<TokenStatistic>,
    cotangents: (ModelScores) -> [TokenStatistic: Tensor]
  ) throws(ScoringError) {
    scoredCount += 1
    try inner.accumulateGradients(into: &gradients, scoring: batch, wanted) { scores in
      cotangents(rewritten(scores, batch))
    }
  }

  private func rewritten(_ scores: ModelScores, _ batch: TokenBatch) -> ModelScores {
    var values: [TokenStatistic: Tensor] = [:]
    for statistic in scores.statistics { values[statistic] = rewrite(statistic, scores[statistic], batch) }
    return ModelScores(values, maximumEntropy: scores.maximumEntropy)
  }
}

// The one thing a loss is given: completions, feedback, and what each model says of them.

public import Tensors

/// The statistics one model assigned to a batch, each `[N, T]`.
public struct ModelScores: Sendable {
  private let values: [TokenStatistic: Tensor]
  /// The largest entropy a next-token distribution of this model can have, `log |tokens|`, in nats.
  public let maximumEntropy: Double
  public init(_ values: [TokenStatistic: Tensor], maximumEntropy: Double) {
    (self.values, self.maximumEntropy) = (values, maximumEntropy)
  }

  /// - Precondition: the loss declared `statistic` in its requirements.
  public subscript(statistic: TokenStatistic) -> Tensor {
    guard let value = values[statistic] else {
      preconditionFailure("'\(statistic)' was not scored: add it to the loss's requirements")
    }
    return value
  }
  public var statistics: [TokenStatistic] { values.keys.sorted { $0.name < $1.name } }
  public func mapValues(_ transform: (Tensor) -> Tensor) -> ModelScores {
    ModelScores(values.mapValues(transform), maximumEntropy: maximumEntropy)
  }
}

/// A batch of completions after the policy and the references have scored them.
///
/// Shapes: `N` completions, `T` token positions counted from the completion's first
/// token (prompts are already cut off), `K` reference models.
public struct ScoredBatch: Sendable {
  public let layout: FeedbackLayout
  /// Token identifiers, `[N][T]`; padding where `mask` is 0.
  public let tokens: [[Int32]]
  /// 1 at completion tokens, 0 at padding. `[N, T]`.
  public let mask: Tensor
  /// Tracked: gradients flow to these.
  public let policy: ModelScores
  /// Detached, `K` of them.
  public let references: [ModelScores]
  /// Named columns of the data set, such as rewards. Each `[N]`.
  public let annotations: [String: Tensor]

  /// What wrappers have changed; see ``weightingTokens(by:)`` and its siblings.
  var tokenWeights: Tensor?
  var mixture: (@Sendable ([Tensor]) -> Tensor)?
  var logRatioScale: Tensor?
  var marginShift: Tensor?

  public init(
    layout: FeedbackLayout, tokens: [[Int32]], mask: Tensor, policy: ModelScores,
    references: [ModelScores], annotations: [String: Tensor] = [:]
  ) {
    (self.layout, self.tokens, self.mask) = (layout, tokens, mask)
    (self.policy, self.references, self.annotations) = (policy, references, annotations)
  }

  /// Pads `tokens` and joins it with its scores.
  public init(_ tokens: TokenBatch, policy: ModelScores, references: [ModelScores]) {
    let width = tokens.completions.map(\.count).max() ?? 0, n = tokens.completions.count
    let mask = tokens.completions.flatMap { c in (0..<width).map { $0 < c.count ? 1.0 : 0.0 } }
    self.init(
      layout: tokens.layout, tokens: tokens.completions.map { $0 + [Int32](repeating: -1, count: width - $0.count) },
      mask: Tensor(mask, shape: [n, width]), policy: policy, references: references,
      annotations: tokens.annotations.mapValues { Tensor($0) })
  }

  public var count: Int { layout.prompts.count }
  /// Completion lengths in tokens, `[N]`.
  public var lengths: Tensor { mask.sumOverLastAxis() }

  /// `Σ_t w_t log π(y_t)` under `scores`, in nats, `[N]`.
  public func sequenceLogProbability(_ scores: ModelScores) -> Tensor {
    let weights = tokenWeights.map { $0 * mask } ?? mask
    return (weights * scores[.logProbability]).sumOverLastAxis()
  }

  /// `log π_θ(y|x) − log π_ref(y|x)` after every wrapper, in nats, `[N]`.
  public var logRatio: Tensor {
    let policy = sequenceLogProbability(policy)
    let reference = mixture.map { stopGradient($0(references.map(sequenceLogProbability))) } ?? references.first.map(sequenceLogProbability)
    let ratio = reference.map { policy - $0 } ?? policy
    return logRatioScale.map { $0 * ratio } ?? ratio
  }
}

// MARK: - Rewriting, for wrappers

extension ScoredBatch {
  /// This batch with every model's token log-probabilities weighted. `weights`: `[N, T]`.
  public func weightingTokens(by weights: Tensor) -> ScoredBatch {
    var copy = self
    copy.tokenWeights = tokenWeights.map { $0 * weights } ?? weights
    return copy
  }
  /// This batch with one virtual reference in place of all.
  ///
  /// - Parameter mixture: takes each reference's sequence log-probability (`K` tensors of
  ///   `[N]`, nats, token weights applied) to the virtual one's.
  public func mixingReferences(by mixture: @escaping @Sendable ([Tensor]) -> Tensor) -> ScoredBatch {
    var copy = self
    copy.mixture = mixture
    return copy
  }
  /// This batch with a constant taken off every pair's margin. `shift`: `[N]`, read at the chosen side; nats.
  public func shiftingMargins(by shift: Tensor) -> ScoredBatch {
    var copy = self
    copy.marginShift = marginShift.map { $0 + shift } ?? shift
    return copy
  }
  /// This batch with log-ratios (so margins too) multiplied. `scale`: `[N]`.
  public func scalingLogRatios(by scale: Tensor) -> ScoredBatch {
    var copy = self
    copy.logRatioScale = logRatioScale.map { $0 * scale } ?? scale
    return copy
  }
}

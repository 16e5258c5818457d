// The one thing a loss is given: completions, feedback, and what each model says of them.

public import Tensors

/// A batch of completions after the policy and the references have scored them.
///
/// Wrappers rewrite it; the order of operations is fixed here, not by how wrappers nest:
/// token weights, then sums over each sequence, then the mixture of references, then the
/// bend of log-ratios, then the shift of margins, then the scale (which takes the shift along).
///
/// - Shapes: `N` completions, `G` prompts, `T` token positions counted from the completion's
///   first token (prompts are already cut off), `K` reference models.
public struct ScoredBatch: Sendable {
  /// Who was preferred to whom.
  public let layout: FeedbackLayout
  /// Token identifiers, `[N][T]`; padding where `mask` is 0.
  public let tokens: [[Int32]]
  /// The policy's statistics. Tracked: gradients flow to these.
  public let policy: ModelScores
  /// The reference models' statistics, constants, `K` of them.
  public let references: [ModelScores]
  /// Named columns of the rows, such as rewards. Each `[N]`.
  public let annotations: [String: Tensor]
  /// Each prompt's row number, the same however rows are batched; dice depend on it. Count `G`.
  public let rows: [Int]
  /// Completion lengths in tokens, of which the longest may be less than `T`. Count `N`.
  public let tokenCounts: [Int]
  /// How many token positions the statistics have, `T`.
  public let width: Int

  /// What wrappers have changed; see ``weightingTokens(by:)`` and its siblings.
  var tokenWeights: Tensor?
  /// The references' own, where they differ from the policy's.
  var referenceTokenWeights: Tensor?
  var mixture: (@Sendable ([Tensor]) -> Tensor)?
  var logRatioScale: Tensor?
  var marginShift: Tensor?
  var logRatioBend: (@Sendable (Tensor) -> Tensor)?
  var ignoresReferences = false
  /// Sums over sequences that were asked for before, under the token weights of now.
  var sequenceSums = SequenceSums()

  /// Joins what was scored; rows are numbered from 0 unless given.
  ///
  /// - Precondition: there is a length of at most `width` for each completion of `layout`.
  public init(
    layout: FeedbackLayout, tokens: [[Int32]], lengths: [Int], width: Int, policy: ModelScores,
    references: [ModelScores], annotations: [String: Tensor] = [:], rows: [Int]? = nil
  ) {
    precondition(
      lengths.count == layout.prompts.count && lengths.allSatisfy { $0 >= 0 && $0 <= width },
      "ScoredBatch: lengths \(lengths) within \(width) for \(layout.prompts.count) completions")
    (self.layout, self.tokens, tokenCounts, self.width) = (layout, tokens, lengths, width)
    (self.policy, self.references, self.annotations) = (policy, references, annotations)
    self.rows = rows ?? Array(0..<((layout.prompts.max() ?? -1) + 1))
  }

  /// Joins what was scored; lengths are read off a mask of 1 at completion tokens and 0 at padding.
  ///
  /// - Precondition: `mask` is `[N, T]` with `N` as in `layout`, and no 1 follows a 0.
  public init(
    layout: FeedbackLayout, tokens: [[Int32]], mask: Tensor, policy: ModelScores,
    references: [ModelScores], annotations: [String: Tensor] = [:], rows: [Int]? = nil
  ) {
    precondition(
      mask.shape.count == 2 && mask.shape[0] == layout.prompts.count,
      "ScoredBatch: a mask of shape \(mask.shape) for \(layout.prompts.count) completions")
    let lengths = mask.sumOverLastAxis().scalars.map { Int($0) }
    self.init(
      layout: layout, tokens: tokens, lengths: lengths, width: mask.shape[1], policy: policy,
      references: references, annotations: annotations, rows: rows)
    precondition(
      mask.scalars == self.mask.scalars,
      "ScoredBatch: a mask must be 1 at a completion's tokens and 0 from there on")
  }

  /// Pads `tokens` to the longest completion and joins it with its scores.
  public init(_ tokens: TokenBatch, policy: ModelScores, references: [ModelScores]) {
    let lengths = tokens.lengths
    let width = lengths.max() ?? 0
    let isEven = lengths.allSatisfy { $0 == width }
    self.init(
      layout: tokens.layout,
      tokens: isEven
        ? tokens.completions
        : tokens.completions.map { $0 + [Int32](repeating: -1, count: width - $0.count) },
      lengths: lengths, width: width, policy: policy, references: references,
      annotations: tokens.annotations.mapValues { Tensor($0) }, rows: tokens.rows)
  }

  /// 1 at completion tokens, 0 at padding; written out anew each time. `[N, T]`.
  public var mask: Tensor { .ragged(tokenCounts, width: width, as: .float64) { _, _ in 1 } }

  /// How many completions there are, `N`.
  public var count: Int { layout.prompts.count }

  /// Completion lengths in tokens, `[N]`.
  public var lengths: Tensor { Tensor(tokenCounts.map(Double.init)) }

  /// How many of each unit this batch holds.
  public var counts: [Unit: Int] { layout.counts(lengths: tokenCounts) }

  /// For each item that `unit` counts, the completion it belongs to.
  public func completions(of unit: Unit) -> [Int] { layout.completions(of: unit, lengths: tokenCounts) }

  /// A column of the rows, `[N]`.
  ///
  /// - Precondition: the loss declared `name` in its requirements' annotations.
  public func annotation(_ name: String) -> Tensor {
    guard let column = annotations[name] else {
      preconditionFailure("column '\(name)' was not read: add it to the loss's requirements")
    }
    return column
  }
}

// MARK: - Log-probabilities of sequences

extension ScoredBatch {
  /// `w_t log π(y_t)` under `scores`, in nats, 0 at padding. `[N, T]`.
  public func tokenLogProbability(_ scores: ModelScores) -> Tensor {
    let weights = weights(of: scores).map { $0 * mask } ?? mask
    return weights * scores[.logProbability]
  }

  /// `Σ_t w_t log π(y_t)` under `scores`, in nats. `[N]`.
  public func sequenceLogProbability(_ scores: ModelScores) -> Tensor {
    sequenceSums.sum(of: scores) {
      let logs = scores[.logProbability]
      return weights(of: scores).map { logs.sumOfFirst(tokenCounts, weightedBy: $0) }
        ?? logs.sumOfFirst(tokenCounts)
    }
  }

  private func weights(of scores: ModelScores) -> Tensor? {
    scores.identity === policy.identity ? tokenWeights : referenceTokenWeights ?? tokenWeights
  }

  /// The log-probability of every token of completions worth imitating, weighted, end to end in batch order.
  ///
  /// - Shapes: `[M]`, one value for each ``Unit/chosenToken``.
  public var chosenTokenLogProbabilities: Tensor {
    let (logs, chosen) = (policy[.logProbability], layout.chosen)
    return (tokenWeights.map { $0 * logs } ?? logs).joiningFirst(
      chosen.map { tokenCounts[$0] }, ofRows: chosen)
  }

  /// A statistic's sum over each completion's tokens under `scores`. `[N]`.
  public func sequenceSum(of statistic: TokenStatistic, _ scores: ModelScores) -> Tensor {
    // Unweighted log-probabilities may have been summed already.
    statistic == .logProbability && weights(of: scores) == nil
      ? sequenceLogProbability(scores) : scores[statistic].sumOfFirst(tokenCounts)
  }

  /// `log π_ref(y|x)` of the only, the first or the virtual reference, in nats, `[N]`; nil without references.
  public var referenceLogProbability: Tensor? {
    if ignoresReferences { return nil }
    if let mixture { return stopGradient(mixture(references.map(sequenceLogProbability))) }
    return references.first.map(sequenceLogProbability)
  }

  /// `log π_θ(y|x) − log π_ref(y|x)` after every wrapper, in nats. `[N]`.
  public var logRatio: Tensor { scaled(unscaledLogRatio) }

  /// The log-ratio per token: ``logRatio`` over the number of tokens, weighted or not. `[N]`, nats per token.
  ///
  /// An empty completion counts as one token, so that its mean is 0.
  public var meanLogRatio: Tensor { scaled(unscaledLogRatio / divisors) }

  private var unscaledLogRatio: Tensor {
    let policy = sequenceLogProbability(policy)
    let ratio = referenceLogProbability.map { policy - $0 } ?? policy
    return logRatioBend.map { $0(ratio) } ?? ratio
  }

  /// `log π_θ(y|x)` of the policy as it stands in ``logRatio``: weighted and scaled, in nats. `[N]`.
  public var policyLogProbability: Tensor { scaled(sequenceLogProbability(policy)) }

  /// `log π_ref(y|x)` of the only, the first or the virtual reference as it stands in ``logRatio``, in nats. `[N]`.
  ///
  /// 0 where there is none.
  public var referencePart: Tensor { scaled(referenceLogProbability ?? .zeros([count])) }

  /// `log π_k(y|x)` of every reference, weighted and scaled like ``logRatio``, in nats: `K` of `[N]`.
  public var referenceLogProbabilities: [Tensor] { references.map { scaled(sequenceLogProbability($0)) } }

  /// Something multiplied as log-ratios are. `[N]` in and out.
  func scaled(_ x: Tensor) -> Tensor { logRatioScale.map { $0 * x } ?? x }

  private var divisors: Tensor { Tensor(tokenCounts.map { Double(max(1, $0)) }) }

  /// What a margin loses to shifts, the scale included, `[N]`, read at the chosen side; nil without shifts.
  var scaledShift: Tensor? { marginShift.map(scaled) }
}

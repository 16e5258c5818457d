// How wrappers change a batch: each rewriting returns a new one and can be combined with the others.

public import Tensors

extension ScoredBatch {
  /// This batch with token log-probabilities weighted: every model's, or the references' by weights of their own.
  ///
  /// - Shapes: `weights` and `references` are `[N, T]`, see ``tokenTensor(_:)``; or `[T]`, the same for every
  ///   completion.
  public func weightingTokens(by weights: Tensor, references others: Tensor? = nil) -> ScoredBatch {
    for weights in [weights, others ?? weights] {
      precondition(
        weights.shape == [count, width] || weights.shape == [width],
        "weightingTokens: weights of shape \(weights.shape), tokens \([count, width])")
    }
    func product(_ old: Tensor?, _ new: Tensor) -> Tensor { old.map { $0 * new } ?? new }
    var copy = self
    copy.tokenWeights = product(tokenWeights, weights)
    if others != nil || referenceTokenWeights != nil {
      copy.referenceTokenWeights = product(referenceTokenWeights ?? tokenWeights, others ?? weights)
    }
    copy.sequenceSums = SequenceSums()
    return copy
  }

  /// A number for each completion token, 0 at padding, in the format of the policy's statistics. `[N, T]`.
  ///
  /// Completions are asked for on several threads at once, in no particular order.
  public func tokenTensor(_ number: @Sendable (_ completion: Int, _ position: Int) -> Double) -> Tensor {
    .ragged(tokenCounts, width: width, as: policy.scalarType, number)
  }

  /// This batch with one virtual reference in place of all.
  ///
  /// - Parameter mixture: takes each reference's sequence log-probability (`K` tensors of
  ///   `[N]`, nats, token weights applied) to the virtual one's.
  public func mixingReferences(by mixture: @escaping @Sendable ([Tensor]) -> Tensor) -> ScoredBatch {
    precondition(self.mixture == nil, "mixingReferences: the references were mixed already")
    var copy = self
    copy.mixture = mixture
    return copy
  }

  /// This batch with no reference: log-ratios become the policy's log-probabilities.
  public func ignoringReferences() -> ScoredBatch {
    var copy = self
    copy.ignoresReferences = true
    return copy
  }

  /// This batch with something else in the place of each log-ratio: what a divergence makes of it.
  ///
  /// - Parameter bend: takes log-ratios of whole sequences, `[N]` in nats, scales not applied yet, to what losses
  ///   read in their place; 0 should stay 0.
  public func bendingLogRatios(by bend: @escaping @Sendable (Tensor) -> Tensor) -> ScoredBatch {
    var copy = self
    if let before = logRatioBend {
      copy.logRatioBend = { bend(before($0)) }
    } else {
      copy.logRatioBend = bend
    }
    return copy
  }

  /// This batch with a constant taken off every pair's margin. `shift`: `[N]`, read at the chosen side.
  ///
  /// The shift is in the margin's own unit: nats, or nats per token where the loss takes means.
  public func shiftingMargins(by shift: Tensor) -> ScoredBatch {
    precondition(
      shift.shape == [count], "shiftingMargins: shift of shape \(shift.shape), \(count) completions")
    var copy = self
    copy.marginShift = marginShift.map { $0 + shift } ?? shift
    return copy
  }

  /// This batch with log-ratios and whole margins, shifts included, multiplied. `scale`: `[N]`.
  public func scalingLogRatios(by scale: Tensor) -> ScoredBatch {
    precondition(
      scale.shape == [count], "scalingLogRatios: scale of shape \(scale.shape), \(count) completions")
    var copy = self
    copy.logRatioScale = logRatioScale.map { $0 * scale } ?? scale
    return copy
  }
}

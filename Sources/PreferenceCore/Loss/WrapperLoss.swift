// Wrappers: losses that change what another loss sees, and otherwise say of themselves what it says.

/// A loss that evaluates another one on a batch that it has rewritten.
///
/// Rewards, the start and logged weights are the inner loss's, and so is what has to be scored. A wrapper says
/// only what it changes of that; most change requirements alone.
public protocol WrapperLoss: PreferenceLoss {
  /// The loss that sees the rewritten batch.
  var inner: LossSlot { get }
}

extension WrapperLoss {
  /// What the inner loss needs.
  public var requirements: Requirements { inner.loss.requirements }

  /// The inner loss's.
  public var rewardScale: Double { inner.loss.rewardScale }

  /// What the inner loss promises, which holds as long as equal log-probabilities stay equal and terms their weight.
  public var startingValue: Double? { inner.loss.startingValue }

  /// Whether the inner loss is flat there.
  public var startsFlat: Bool { inner.loss.startsFlat }

  /// The inner loss's, for wrappers that weigh no tokens or not as the logs should.
  public func loggedWeight(in tokens: TokenBatch) -> ((_ completion: Int, _ position: Int) -> Double)? {
    inner.loss.loggedWeight(in: tokens)
  }

  /// What the inner loss needs, with feedback no poorer than `feedback`: for wrappers that look at it, too.
  public func innerRequirements(atLeast feedback: Feedback) -> Requirements {
    var needs = inner.loss.requirements
    needs.feedback = max(needs.feedback, feedback)
    return needs
  }

  /// What a wrapper needs that shows its inner loss one reference made of `references` real ones, pair by pair.
  ///
  /// ``Requirements/conflict`` says so where the inner loss has no use for exactly one.
  public func innerRequirements(mixing references: ClosedRange<Int>) -> Requirements {
    var needs = innerRequirements(atLeast: .pairwise)
    if needs.conflict == nil, !needs.references.contains(1) || !needs.readsReferences {
      let name = type(of: inner.loss).card.name
      let takes = needs.readsReferences ? Requirements.count(needs.references) : "no reference model"
      needs.conflict = RequirementConflict(
        Self.card.name,
        "gives its inner loss 1 virtual reference model, but '\(name)' takes \(takes)")
    }
    needs.references = references
    return needs
  }
}

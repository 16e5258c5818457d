// Whether policy, references and loss fit together, found out before anything is scored.

import Optimizers

/// Checks shared by training and evaluation.
enum Fit {
  /// Throws where the loss takes another number of references or reads what a model does not know; where it reads
  /// divergences, the policy is told what from.
  static func check(
    _ loss: any PreferenceLoss, policy: any Scorer, references: [any Scorer]
  ) throws(TrainingError) {
    let (needs, name) = (loss.requirements, type(of: loss).card.name)
    guard needs.references.contains(references.count) else {
      throw .referenceCount(loss: name, takes: needs.references, given: references.count)
    }
    if needs.policyStatistics.contains(.divergence), let reference = references.first {
      _ = (policy as? any DivergenceScorer)?.measureDivergence(from: reference)
    }
    try check(name, needs.policyStatistics, policy, "the policy")
    for (index, reference) in references.enumerated() {
      let who = references.count == 1 ? "the reference" : "reference \(index + 1) of \(references.count)"
      try check(name, needs.referenceStatistics, reference, who)
    }
  }

  private static func check(
    _ loss: String, _ wanted: Set<TokenStatistic>, _ scorer: any Scorer, _ who: String
  ) throws(TrainingError) {
    for statistic in wanted.sorted(by: { $0.name < $1.name }) where !scorer.statistics.contains(statistic) {
      throw .unsupported(loss: loss, statistic: statistic, scorer: who)
    }
  }

  /// What to ask the policy for: what the loss reads, and what is logged where the policy knows it.
  ///
  /// A loss that reads no likelihoods trains no likelihoods: then they are not logged either.
  static func statistics(of loss: any PreferenceLoss, policy: any Scorer) -> Set<TokenStatistic> {
    let wanted = loss.requirements.policyStatistics
    guard wanted.contains(.logProbability) else { return wanted }
    return wanted.union(MetricSums.statistics.intersection(policy.statistics))
  }

  /// Whether `reference` holds the very weights of `policy`.
  static func isCopy(_ reference: (any Scorer)?, of policy: any Policy) -> Bool {
    guard let reference = reference as? any RefreshableScorer else { return false }
    return reference.fingerprint == policy.parameters.fingerprint
  }
}

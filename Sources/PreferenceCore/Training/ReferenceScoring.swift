// Who says what the references say: they themselves, or the policy's pass where it runs one of them anyway.

import Tensors

/// How a loss's references are scored.
///
/// A policy that measures divergences runs the first reference beside itself. Where it can then tell what that
/// reference says, asking the reference too would be running it twice.
struct ReferenceScoring {
  private let references: [any Scorer]
  private let wanted: Set<TokenStatistic>
  /// What the policy's passes are to tell of the first reference; nothing where it speaks for itself.
  let told: Set<TokenStatistic>

  /// - Precondition: the policy has been told what to measure divergences from.
  init(_ references: [any Scorer], for needs: Requirements, beside policy: any Scorer) {
    (self.references, wanted) = (references, needs.referenceStatistics)
    let told = Set(needs.referenceStatistics.map(TokenStatistic.reference))
    let compares = needs.policyStatistics.contains(.divergence)
    self.told = compares && told.isSubset(of: policy.statistics) ? told : []
  }

  /// The statistics of every reference that is to be asked; none of one that the policy's pass tells of.
  func score(_ tokens: TokenBatch) throws(ScoringError) -> [ModelScores] {
    var scores: [ModelScores] = []
    for (place, reference) in references.enumerated() {
      let isTold = place == 0 && !told.isEmpty
      scores.append(try reference.scoreAsReference(tokens, isTold ? [] : wanted))
    }
    return scores
  }

  /// What everybody says of `tokens`, each statistic with whom it is of.
  ///
  /// - Parameters:
  ///   - policy: what the policy's pass said, asked for ``told`` besides its own.
  ///   - references: what ``score(_:)`` returned.
  func scored(_ tokens: TokenBatch, _ policy: ModelScores, _ references: [ModelScores]) -> Scored {
    guard !told.isEmpty, !references.isEmpty else { return Scored(tokens, policy, references) }
    var (own, others): ([TokenStatistic: Tensor], [TokenStatistic: Tensor]) = ([:], [:])
    for statistic in policy.statistics {
      if let known = statistic.ofReference {
        others[known] = policy[statistic]
      } else {
        own[statistic] = policy[statistic]
      }
    }
    let (entropy, first) = (policy.maximumEntropy, references.startIndex)
    var all = references
    all[first] = ModelScores(others, maximumEntropy: entropy)
    return Scored(tokens, ModelScores(own, maximumEntropy: entropy), all)
  }
}

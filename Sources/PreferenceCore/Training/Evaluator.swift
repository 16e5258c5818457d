// A loss and its metrics on held-out rows: nothing is learned, nothing is changed.

import Tensors

/// Evaluates a loss without training; the policy need only score.
public struct Evaluator {
  private let policy: any Scorer
  private let references: [any Scorer]
  private let loss: any PreferenceLoss

  /// Fails here where policy, references and loss do not fit together.
  public init(_ policy: any Scorer, references: [any Scorer], loss: any PreferenceLoss) throws(TrainingError)
  {
    try Fit.check(loss, policy: policy, references: references)
    (self.policy, self.references, self.loss) = (policy, references, loss)
  }

  /// The means over all of `batches`, under the names training logs them by (`loss`, `rewards/margins` …).
  ///
  /// Sums over counts of everything, so the size of batches does not matter; except that a loss which couples the
  /// items of a batch sees each of these batches by itself.
  ///
  /// - Throws: ``TrainingError/notFinite(_:)`` where a term is not finite.
  public func evaluate(
    _ batches: [TokenBatch], _ context: LossContext = LossContext(phase: .evaluation)
  ) throws(TrainingError) -> [String: Double] {
    guard !batches.isEmpty else { throw .empty("there are no rows to evaluate") }
    let scoring = ReferenceScoring(references, for: loss.requirements, beside: policy)
    let statistics = Fit.statistics(of: loss, policy: policy).union(scoring.told)
    var tally = StepTally(batches, step: context.step, learningRate: 0)
    for tokens in batches {
      let scored: Scored
      do throws(ScoringError) {
        let others = try scoring.score(tokens)
        scored = scoring.scored(tokens, try policy.score(tokens, statistics), others)
      } catch { throw .scoring(step: context.step, error) }
      var fresh = context
      tally.evaluate(loss, at: scored, &fresh)
      if let report = tally.notFinite { throw .notFinite(report) }
    }
    return tally.means
  }
}

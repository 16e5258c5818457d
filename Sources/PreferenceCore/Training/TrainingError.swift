// Why training stopped or could not start, in sentences for the person who asked for it.

/// Why a trainer could not be made, or a run could not go on.
public enum TrainingError: Error, Sendable, CustomStringConvertible {
  /// The policy or a reference does not know a statistic that the loss reads.
  case unsupported(loss: String, statistic: TokenStatistic, scorer: String)
  /// More or fewer references than the loss takes.
  case referenceCount(loss: String, takes: ClosedRange<Int>, given: Int)
  /// A reference that should follow the policy cannot.
  case notRefreshable(reference: Int, problem: String)
  /// A model could not score a batch.
  case scoring(step: Int, ScoringError)
  /// A loss, a gradient or a model's number is not finite; parameters are as they were before the step.
  case notFinite(NonFiniteReport)
  /// There is nothing to train on or to evaluate.
  case empty(String)
  /// A saved state that does not belong to this run.
  case state(String)
  /// An observer or the saving of a checkpoint stopped the run.
  case stopped(step: Int, reason: any Error)

  public var description: String {
    switch self {
    case .unsupported(let loss, let statistic, let scorer):
      return "'\(loss)' needs '\(statistic)', which \(scorer) cannot score"
    case .referenceCount(let loss, let takes, let given):
      return "'\(loss)' takes \(Requirements.count(takes)); \(given) given"
    case .notRefreshable(let reference, let problem):
      return "reference \(reference) cannot follow the policy: \(problem)"
    case .scoring(let step, let error): return "step \(step): \(error.description)"
    case .notFinite(let report): return report.description
    case .empty(let what): return what
    case .state(let problem): return problem
    case .stopped(_, let reason): return "\(reason)"
    }
  }
}

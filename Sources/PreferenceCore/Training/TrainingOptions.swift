// What a trainer and a run are told besides their parts.

public import Optimizers

/// How a trainer does its steps.
public struct TrainingOptions: Sendable, Codable, Equatable {
  /// Gradients with a larger global norm are scaled down to it; 0 leaves them alone.
  public var maximumGradientNorm = 1.0
  /// Fixes the dice of losses that throw any.
  public var seed: UInt64 = 0
  /// How references follow the policy; `nil` keeps them still.
  public var refresh: ReferenceRefresh?
  /// Whether the first reference starts as a copy of the policy, so that rewards must be 0 before the first
  /// update; `nil` finds out by comparing weights.
  public var startsAtReference: Bool?
  /// The loss in a few words, for the log; the loss's name when empty.
  public var lossDescription = ""

  /// Gradients clipped at 1, seed 0, references that stay still.
  public init() {}
}

/// How long a run is and how often it logs, evaluates and saves. Everything is counted in optimisation steps.
public struct RunPlan: Sendable, Codable, Equatable {
  /// The step after which the run is complete.
  public var totalSteps: Int
  /// Learning rates over the run.
  public var schedule: Schedule
  /// Steps between two lines of the log.
  public var loggingSteps = 10
  /// Steps between two evaluations; `nil` evaluates only at the end.
  public var evaluationSteps: Int?
  /// Steps between two checkpoints; `nil` saves only at the end.
  public var savingSteps: Int? = 500
  /// Warns when the loss has not moved from its first value for this many steps.
  public var stalledSteps = 50

  /// A run of `totalSteps` steps; logs every 10 and saves every 500.
  public init(totalSteps: Int, schedule: Schedule) {
    (self.totalSteps, self.schedule) = (totalSteps, schedule)
  }
}

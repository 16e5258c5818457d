// The learning rate of a run: which curve, its warm-up, and the knobs that only some curves read.

import Optimizers

extension RunRequest {
  /// The learning rate over the run.
  var schedule: Schedule {
    let warmup: Schedule.Warmup =
      if let ratio = settings.warmupRatio {
        .ratio(ratio)
      } else if settings.warmupSteps < 1 {
        .ratio(settings.warmupSteps)
      } else {
        .steps(Int(settings.warmupSteps))
      }
    return Schedule(
      settings.schedule, peak: settings.learningRate, warmup: warmup, knobs: settings.scheduleKnobs)
  }
}

extension RunSettings {
  /// The learning rate that `polynomial` ends with.
  var polynomialEnd: Double { scheduleEnd ?? 1e-7 }

  /// What bends the curve, shares of the learning rate in place of learning rates.
  fileprivate var scheduleKnobs: Schedule.Knobs {
    var knobs = Schedule.Knobs()
    knobs.power = schedulePower ?? 1
    (knobs.cycles, knobs.timescale) = (scheduleCycles, scheduleTimescale)
    let lowest: Double? = schedule == .polynomial ? polynomialEnd : scheduleFloor
    knobs.floor = scheduleFloorShare ?? lowest.map { learningRate > 0 ? $0 / learningRate : 0 } ?? 0
    return knobs
  }

  /// What does not fit the curve, each a sentence.
  func scheduleConflicts(given: Set<String>) -> [String] {
    var problems: [String] = []
    let knobs = given.filter { $0.hasPrefix("lr_scheduler_kwargs.") }.sorted()
    for key in knobs where !schedule.knobs.contains(String(key.split(separator: ".")[1])) {
      problems.append("'\(key)' is not read by lr_scheduler_type '\(schedule.rawValue)'")
    }
    switch schedule {
    case .polynomial where !(learningRate > polynomialEnd):
      problems.append(
        "lr_scheduler_type 'polynomial' ends at \(polynomialEnd), which must be below 'learning_rate'; set "
          + "'lr_scheduler_kwargs.lr_end'")
    case .cosineWithFloor where (scheduleFloor == nil) == (scheduleFloorShare == nil):
      problems.append(
        "lr_scheduler_type 'cosine_with_min_lr' needs one of 'lr_scheduler_kwargs.min_lr' and "
          + "'lr_scheduler_kwargs.min_lr_rate'")
    case .cosineWithFloor where (scheduleFloor ?? 0) > learningRate:
      problems.append("'lr_scheduler_kwargs.min_lr' must not be above 'learning_rate'")
    default: break
    }
    return problems
  }
}

extension Schedule.Kind {
  /// The keys of `lr_scheduler_kwargs` that the curve reads.
  fileprivate var knobs: Set<String> {
    switch self {
    case .linear, .constant, .constantWithWarmup: []
    case .cosine, .cosineWithRestarts: ["num_cycles"]
    case .polynomial: ["power", "lr_end"]
    case .inverseSquareRoot: ["timescale"]
    case .cosineWithFloor: ["min_lr", "min_lr_rate", "num_cycles"]
    }
  }
}

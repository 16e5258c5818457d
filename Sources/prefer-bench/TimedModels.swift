// Models that note when they work, so that a step can be told apart into its phases.

import Optimizers
import PreferenceCore
import Tensors

/// Seconds by what they were spent on.
final class StepClock {
  /// Seconds of each phase, in the order in which phases first came.
  private(set) var phases: [(name: String, seconds: Double)] = []

  /// Adds seconds to a phase.
  func add(_ name: String, _ seconds: Double) {
    if let place = phases.firstIndex(where: { $0.name == name }) {
      phases[place].seconds += seconds
    } else {
      phases.append((name, seconds))
    }
  }

  /// Runs `body` and adds its time to a phase.
  func measure<Result, Failure: Error>(_ name: String, _ body: () throws(Failure) -> Result) throws(Failure)
    -> Result
  {
    let start = ContinuousClock.now
    defer { add(name, start.duration(to: .now).inSeconds) }
    return try body()
  }

  /// Forgets everything.
  func reset() { phases = [] }

  /// All phases together, in seconds.
  var total: Double { phases.reduce(0) { $0 + $1.seconds } }
}

extension Duration {
  /// Seconds as a number.
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// A policy whose forward and backward passes are timed.
final class TimedPolicy: Policy {
  private let policy: any Policy
  private let clock: StepClock

  init(_ policy: any Policy, _ clock: StepClock) { (self.policy, self.clock) = (policy, clock) }

  var statistics: Set<TokenStatistic> { policy.statistics }
  var parameters: Parameters { policy.parameters }

  func parametersChanged() { clock.measure("weights repacked") { policy.parametersChanged() } }

  func score(_ batch: TokenBatch, _ wanted: Set<TokenStatistic>) throws(ScoringError) -> ModelScores {
    try clock.measure("policy forward") { () throws(ScoringError) in try policy.score(batch, wanted) }
  }

  func accumulateGradients(
    into gradients: inout GradientAccumulator, scoring batch: TokenBatch, _ wanted: Set<TokenStatistic>,
    cotangents: (ModelScores) -> [TokenStatistic: Tensor]
  ) throws(ScoringError) {
    var mark = ContinuousClock.now
    func lap(_ name: String) {
      let now = ContinuousClock.now
      clock.add(name, mark.duration(to: now).inSeconds)
      mark = now
    }
    try policy.accumulateGradients(into: &gradients, scoring: batch, wanted) { scores in
      lap("policy forward")
      let answer = cotangents(scores)
      lap("loss")
      return answer
    }
    lap("policy backward")
  }
}

/// A reference whose scoring is timed, and done once for each batch where it is remembered.
final class TimedReference: Scorer {
  private let scorer: any Scorer
  private let clock: StepClock
  private let remembers: Bool
  private var known: [[Int]: ModelScores] = [:]

  init(_ scorer: any Scorer, _ clock: StepClock, remembers: Bool) {
    (self.scorer, self.clock, self.remembers) = (scorer, clock, remembers)
  }

  var statistics: Set<TokenStatistic> { scorer.statistics }

  func score(_ batch: TokenBatch, _ wanted: Set<TokenStatistic>) throws(ScoringError) -> ModelScores {
    try clock.measure("reference") { () throws(ScoringError) in
      if let scores = known[batch.rows] { return scores }
      let scores = try scorer.score(batch, wanted)
      if remembers { known[batch.rows] = scores }
      return scores
    }
  }
}

// Models that note when they work, so that a step can be told apart into its phases.

import Optimizers
import PreferenceCore
import Tensors
import TransformerModels

/// Seconds that were spent on one thing, and what parts of a model they went to.
struct StepPhase {
  let name: String
  var seconds = 0.0
  /// Seconds in linear layers, attention and head; the rest of `seconds` is everything else.
  var parts: [PhaseClock.Phase: Double] = [:]

  /// The parts in their own order, with what is left at the end; empty where nothing has parts.
  var breakdown: [(name: String, seconds: Double)] {
    guard !parts.isEmpty else { return [] }
    let named = PhaseClock.Phase.allCases.compactMap { part in parts[part].map { (part.rawValue, $0) } }
    return named + [("everything else", seconds - named.reduce(0) { $0 + $1.1 })]
  }
}

/// Seconds by what they were spent on.
final class StepClock {
  /// The phases in the order in which they first came.
  private(set) var phases: [StepPhase] = []

  init() { PhaseClock.start() }

  /// A moment, and how much the parts of models had taken by then.
  struct Mark {
    fileprivate let instant = ContinuousClock.now
    fileprivate let parts = PhaseClock.reading
  }

  /// Adds what has passed since `mark` to a phase.
  func add(_ name: String, since mark: Mark) {
    let now = Mark()
    let place = phases.firstIndex { $0.name == name } ?? phases.count
    if place == phases.count { phases.append(StepPhase(name: name)) }
    phases[place].seconds += mark.instant.duration(to: now.instant).inSeconds
    for (part, seconds) in now.parts where seconds > mark.parts[part, default: 0] {
      phases[place].parts[part, default: 0] += seconds - mark.parts[part, default: 0]
    }
  }

  /// Runs `body` and adds its time to a phase.
  func measure<Result, Failure: Error>(
    _ name: String, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let start = Mark()
    defer { add(name, since: start) }
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

  func stepBegins(_ step: Int) { policy.stepBegins(step) }

  func stepEnds() { policy.stepEnds() }

  func parametersChanged() { clock.measure("weights repacked") { policy.parametersChanged() } }

  func score(_ batch: TokenBatch, _ wanted: Set<TokenStatistic>) throws(ScoringError) -> ModelScores {
    try clock.measure("policy forward") { () throws(ScoringError) in try policy.score(batch, wanted) }
  }

  func accumulateGradients(
    into gradients: inout GradientAccumulator, scoring batch: TokenBatch, _ wanted: Set<TokenStatistic>,
    cotangents: (ModelScores) -> [TokenStatistic: Tensor]
  ) throws(ScoringError) {
    var mark = StepClock.Mark()
    func lap(_ name: String) {
      clock.add(name, since: mark)
      mark = StepClock.Mark()
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

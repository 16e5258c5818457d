// Where the loop's batches come from: any step's, at any time, so that a run can start in the middle.

/// The micro-batches of every step of a run, as a pure function of the step.
///
/// Whoever conforms fixes the order by (seed, epoch) alone: asking for step 7 gives the same rows whether or
/// not steps 0 to 6 were asked for. A resumed run therefore needs nothing but its step number.
public protocol BatchSource: Sendable {
  /// How many optimisation steps go through the data once; the last one may be smaller.
  var stepsPerEpoch: Int { get }

  /// The micro-batches of one optimisation step.
  ///
  /// - Parameter step: counts from 0 over the whole run, not within an epoch.
  func microBatches(step: Int) -> [TokenBatch]

  /// How often the data has been gone through after `steps` steps; logged as `epoch`.
  func epochs(after steps: Int) -> Double
}

extension BatchSource {
  /// Steps over steps per epoch.
  public func epochs(after steps: Int) -> Double { Double(steps) / Double(Swift.max(1, stepsPerEpoch)) }
}

// What losses remember between steps: named running means, saved with every checkpoint.

/// How a step's mean becomes part of a running one.
public enum RunningMean: Sendable, Hashable, Codable {
  /// The mean of everything ever seen.
  case lifetime
  /// `m ← momentum·m + (1 − momentum)·(this step's mean)`; the first step's mean starts it.
  case moving(momentum: Double)
}

/// The named running means of every loss in an expression.
///
/// A step reads them as they stood when it began and adds to this step's sums on the side;
/// ``commit()`` folds the sums in. So a result never depends on how a step was cut into
/// micro-batches, nor on their order beyond rounding.
public struct LossState: Sendable, Hashable, Codable {
  /// A weighted mean: `sum / weight`.
  struct Mean: Sendable, Hashable, Codable {
    var sum: Double
    var weight: Double
  }

  private struct Pending: Sendable, Hashable {
    var sum: Double
    var weight: Double
    var rule: RunningMean
  }

  /// By place in the expression, then by name.
  private var means: [String: [String: Mean]] = [:]
  private var pending: [String: [String: Pending]] = [:]

  private enum CodingKeys: String, CodingKey { case means }

  /// Remembers nothing.
  public init() {}

  /// Whether nothing has been remembered.
  public var isEmpty: Bool { means.isEmpty }

  /// The mean called `name` at `place`, as it stood when the step began; nil before it was first committed.
  public func mean(_ name: String, at place: String) -> Double? {
    means[place]?[name].map { $0.sum / $0.weight }
  }

  /// The weight behind ``mean(_:at:)``; 0 where there is no mean.
  public func weight(_ name: String, at place: String) -> Double { means[place]?[name]?.weight ?? 0 }

  /// Adds to this step's sums. A weight of 0 adds nothing.
  mutating func accumulate(
    _ name: String, at place: String, sum: Double, weight: Double, into rule: RunningMean
  ) {
    guard weight > 0 else { return }
    let before = pending[place]?[name]
    pending[place, default: [:]][name] = Pending(
      sum: (before?.sum ?? 0) + sum, weight: (before?.weight ?? 0) + weight, rule: rule)
  }

  /// Folds this step's sums into the means.
  mutating func commit() {
    for (place, names) in pending {
      for (name, step) in names {
        let old = means[place]?[name]
        means[place, default: [:]][name] =
          switch step.rule {
          case .lifetime:
            Mean(sum: (old?.sum ?? 0) + step.sum, weight: (old?.weight ?? 0) + step.weight)
          case .moving(let momentum):
            Mean(
              sum: old.map { momentum * $0.sum / $0.weight + (1 - momentum) * step.sum / step.weight }
                ?? step.sum / step.weight, weight: 1)
          }
      }
    }
    discard()
  }

  /// Forgets this step's sums.
  mutating func discard() { pending = [:] }
}

// Means to log, kept as sums and counts so that they do not depend on micro-batches.

public import Tensors

/// Means that losses want logged, keyed by `group/name`.
public struct MetricRecorder: Sendable, Hashable {
  /// What was recorded, by name.
  public private(set) var sums = MetricSums()

  /// Records nothing yet.
  public init() {}

  /// Adds every value to the mean called `name`.
  ///
  /// - Precondition: `values` is untracked; say `stopGradient(x)`.
  public mutating func record(_ name: String, _ values: Tensor) {
    sums.add(name, total: values.total, count: Double(values.count))
  }

  /// Adds a sum of `count` values to the mean called `name`.
  public mutating func record(_ name: String, total: Double, count: Double) {
    sums.add(name, total: total, count: count)
  }

  /// Adds another recorder's sums to this one's.
  public mutating func merge(_ other: MetricRecorder) { sums.add(other.sums) }

  /// The means by name; names under which nothing was counted are left out.
  public var means: [String: Double] { sums.means }
}

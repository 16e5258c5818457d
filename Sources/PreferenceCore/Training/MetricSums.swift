// Sums over counts, so that means do not depend on how a step was cut into micro-batches.

/// Named sums over counts.
public struct MetricSums: Sendable, Codable, Hashable {
  /// A sum and how many numbers went into it.
  public struct Entry: Sendable, Codable, Hashable {
    /// The sum itself.
    public var total: Double
    /// How many numbers were added.
    public var count: Double
  }

  /// Each metric's sum and count, by logged name.
  public private(set) var entries: [String: Entry] = [:]

  /// No metrics yet.
  public init() {}

  /// Adds `total`, a sum of `count` numbers.
  public mutating func add(_ name: String, total: Double, count: Double) {
    let before = entries[name] ?? Entry(total: 0, count: 0)
    entries[name] = Entry(total: before.total + total, count: before.count + count)
  }

  /// Adds each of some numbers.
  public mutating func add(_ name: String, _ values: [Double]) {
    add(name, total: values.reduce(0, +), count: Double(values.count))
  }

  /// Adds everything `other` has summed.
  public mutating func add(_ other: MetricSums) {
    for (name, entry) in other.entries { add(name, total: entry.total, count: entry.count) }
  }

  /// Each metric's mean; metrics that counted nothing are left out.
  public var means: [String: Double] {
    entries.filter { $0.value.count > 0 }.mapValues { $0.total / $0.count }
  }
}

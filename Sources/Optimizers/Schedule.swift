// The learning rate over a run, as transformers' schedules compute it.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A learning rate that rises over a warm-up and then follows a curve.
///
/// With `w` warm-up steps of `n` in total, step `t` (from 0) of every kind but `constant` is warmed up by
/// `t / w` while `t < w`; afterwards, with `p = (t − w) / (n − w)`,
///
///     linear: 1 − p     cosine: ½(1 + cos πp)     constant, constant_with_warmup: 1
///
/// - Source: `transformers/optimization.py`, `get_*_schedule*`.
public struct Schedule: Sendable, Codable, Hashable {
  /// The curves, by transformers' `lr_scheduler_type`.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case constant, linear, cosine
    case constantWithWarmup = "constant_with_warmup"
  }

  /// How long the learning rate rises from 0 to its peak.
  public enum Warmup: Sendable, Codable, Hashable {
    /// A number of optimisation steps.
    case steps(Int)
    /// A share of all steps, in 0...1, rounded up to whole steps.
    case ratio(Double)

    /// Warm-up steps in a run of `total` steps.
    public func steps(of total: Int) -> Int {
      switch self {
      case .steps(let count): count
      case .ratio(let share): Int((Double(total) * share).rounded(.up))
      }
    }
  }

  /// The curve after the warm-up.
  public var kind: Kind
  /// The learning rate at the end of the warm-up.
  public var peak: Double
  /// How long it takes to get there; `constant` has no warm-up and ignores it, as in transformers.
  public var warmup: Warmup

  /// - Precondition: the warm-up is not negative, and as a ratio not above 1.
  public init(_ kind: Kind, peak: Double, warmup: Warmup = .steps(0)) {
    switch warmup {
    case .steps(let count): precondition(count >= 0, "Schedule: \(count) warm-up steps")
    case .ratio(let share):
      precondition((0...1).contains(share), "Schedule: warm-up ratio \(share) is not in 0...1")
    }
    (self.kind, self.peak, self.warmup) = (kind, peak, warmup)
  }

  /// The learning rate that step `step` (from 0) of `total` uses.
  public func learningRate(step: Int, of total: Int) -> Double { peak * factor(step: step, of: total) }

  /// The learning rate as a share of its peak.
  func factor(step: Int, of total: Int) -> Double {
    let warm = warmup.steps(of: total)
    if kind == .constant { return 1 }
    if step < warm { return Double(step) / Double(max(1, warm)) }
    switch kind {
    case .constant, .constantWithWarmup: return 1
    case .linear: return max(0, Double(total - step) / Double(max(1, total - warm)))
    case .cosine:
      let progress = Double(step - warm) / Double(max(1, total - warm))
      return max(0, 0.5 * (1 + cos(Double.pi * 0.5 * 2 * progress)))
    }
  }
}

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
/// `t / w` while `t < w`; afterwards, with `p = (t − w) / (n − w)`, `c` cycles, a lowest share `m` of the peak, a
/// power `k` and a time scale `s`,
///
///     constant, constant_with_warmup: 1        linear: 1 − p              polynomial: m + (1 − m)(1 − p)ᵏ
///     cosine: ½(1 + cos 2πcp)                  cosine_with_min_lr: m + (1 − m)·½(1 + cos 2πcp)
///     cosine_with_restarts: ½(1 + cos π(cp mod 1))                        inverse_sqrt: √(s / (t − w + s))
///
/// - Source: `transformers/optimization.py`, `get_*_schedule*`.
public struct Schedule: Sendable, Codable, Hashable {
  /// The curves, by transformers' `lr_scheduler_type`.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case linear, cosine, constant
    case constantWithWarmup = "constant_with_warmup"
    case polynomial
    case inverseSquareRoot = "inverse_sqrt"
    case cosineWithFloor = "cosine_with_min_lr"
    case cosineWithRestarts = "cosine_with_restarts"
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

  /// What else bends a curve, each read by some kinds only; transformers' defaults.
  public struct Knobs: Sendable, Codable, Hashable {
    /// `m`: the learning rate at the end of `polynomial`, the lowest of `cosine_with_min_lr`, as a share of the peak.
    public var floor = 0.0
    /// `k`: the power of `polynomial`.
    public var power = 1.0
    /// `c`: waves of a cosine, ½ unless given, or how often `cosine_with_restarts` starts, 1 unless given.
    public var cycles: Double?
    /// `s`: the steps of `inverse_sqrt`; those of the warm-up unless given, 10,000 without one.
    public var timescale: Double?

    /// The defaults.
    public init() {}
  }

  /// The curve after the warm-up.
  public var kind: Kind
  /// The learning rate at the end of the warm-up.
  public var peak: Double
  /// How long it takes to get there; `constant` has no warm-up and ignores it, as in transformers.
  public var warmup: Warmup
  /// What else bends the curve.
  public var knobs: Knobs

  /// - Precondition: the warm-up is not negative, and as a ratio not above 1.
  public init(_ kind: Kind, peak: Double, warmup: Warmup = .steps(0), knobs: Knobs = Knobs()) {
    switch warmup {
    case .steps(let count): precondition(count >= 0, "Schedule: \(count) warm-up steps")
    case .ratio(let share):
      precondition((0...1).contains(share), "Schedule: warm-up ratio \(share) is not in 0...1")
    }
    (self.kind, self.peak, self.warmup, self.knobs) = (kind, peak, warmup, knobs)
  }

  /// The learning rate that step `step` (from 0) of `total` uses.
  public func learningRate(step: Int, of total: Int) -> Double { peak * factor(step: step, of: total) }

  /// The learning rate as a share of its peak.
  func factor(step: Int, of total: Int) -> Double {
    let warm = warmup.steps(of: total)
    if kind == .constant { return 1 }
    if step < warm { return Double(step) / Double(max(1, warm)) }
    let progress = Double(step - warm) / Double(max(1, total - warm))
    let floor = knobs.floor
    switch kind {
    case .constant, .constantWithWarmup: return 1
    case .linear: return max(0, Double(total - step) / Double(max(1, total - warm)))
    case .cosine: return wave(progress)
    case .cosineWithFloor: return max(0, wave(progress) * (1 - floor) + floor)
    case .cosineWithRestarts:
      let turn = ((knobs.cycles ?? 1) * progress).truncatingRemainder(dividingBy: 1)
      return progress >= 1 ? 0 : max(0, 0.5 * (1 + cos(Double.pi * turn)))
    case .polynomial: return progress > 1 ? floor : pow(1 - progress, knobs.power) * (1 - floor) + floor
    case .inverseSquareRoot:
      let scale = knobs.timescale ?? (warm > 0 ? Double(warm) : 10_000)
      return 1 / ((Double(step - warm) + scale) / scale).squareRoot()
    }
  }

  /// A falling cosine, or several waves of it.
  private func wave(_ progress: Double) -> Double {
    max(0, 0.5 * (1 + cos(Double.pi * (knobs.cycles ?? 0.5) * 2 * progress)))
  }
}

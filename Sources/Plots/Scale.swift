// From numbers to positions on a sheet, with round ticks between.

/// A linear map from a domain of numbers to a range of positions.
public struct Scale: Sendable, Hashable {
  public let domain: ClosedRange<Double>
  /// Where the ends of the domain stand; may run downwards.
  public let start: Double, end: Double
  /// The distance between two ticks, a 1, 2 or 5 times a power of ten.
  public let step: Double

  /// Widens the span of `values` to round numbers, about `tickCount` of them.
  ///
  /// Numbers that are not finite are passed over; no number at all gives `0...1`.
  public init(_ values: some Sequence<Double>, from start: Double, to end: Double, tickCount: Int = 5) {
    let finite = values.filter(\.isFinite)
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    if low == high {
      let room = low == 0 ? 1 : low.magnitude * 0.1
      (low, high) = (low - room, high + room)
    }
    step = Self.roundStep((high - low) / Double(max(1, tickCount)))
    domain = (low / step).rounded(.down) * step...(high / step).rounded(.up) * step
    (self.start, self.end) = (start, end)
  }

  /// Where `value` stands.
  public func position(_ value: Double) -> Double {
    let share = (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
    return start + share * (end - start)
  }

  /// The round numbers of the domain, ends included.
  public var ticks: [Double] {
    let count = Int(((domain.upperBound - domain.lowerBound) / step).rounded())
    return (0...max(1, min(count, 100))).map { domain.lowerBound + Double($0) * step }
  }

  /// A tick's label, with as many decimals as tell neighbours apart.
  public func label(_ tick: Double) -> String {
    let exponent = NumberFormat.exponent(of: step)
    guard exponent >= -6, domain.upperBound.magnitude < 1e7 else { return NumberFormat.short(tick) }
    return NumberFormat.fixed(tick, decimals: max(0, -exponent))
  }

  private static func roundStep(_ raw: Double) -> Double {
    guard raw.isFinite, raw > 0 else { return 1 }
    let power = NumberFormat.power(NumberFormat.exponent(of: raw))
    let share = raw / power
    return (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10) * power
  }
}

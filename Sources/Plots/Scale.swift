// From numbers to positions on a sheet, with round ticks between.

/// A linear map from a domain of numbers to a range of positions.
public struct Scale: Sendable, Hashable {
  /// The numbers that have a place, from one round number to another.
  public let domain: ClosedRange<Double>
  /// Where the ends of the domain stand; may run downwards.
  public let start: Double, end: Double
  /// The distance between two ticks, a 1, 2 or 5 times a power of ten.
  public let step: Double

  /// Beyond this, spans and steps would overflow.
  private static let largest = 1e300

  /// Widens the span of `values` to round numbers, about `tickCount` of them.
  ///
  /// Numbers that are not finite are passed over; no number at all gives `0...1`. A span too narrow for
  /// double precision to put ticks into is widened, and numbers beyond ±10³⁰⁰ stand at that edge.
  public init(_ values: some Sequence<Double>, from start: Double, to end: Double, tickCount: Int = 5) {
    let finite = values.filter(\.isFinite).map { min(max($0, -Self.largest), Self.largest) }
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    let magnitude = max(low.magnitude, high.magnitude)
    if high - low <= magnitude * 1e-12 || high - low < 1 / Self.largest {
      let room = magnitude < 1 / Self.largest ? 1 : magnitude * 0.1
      (low, high) = (low - room, high + room)
    }
    step = Self.roundStep((high - low) / Double(max(1, tickCount)))
    domain = (low / step).rounded(.down) * step...(high / step).rounded(.up) * step
    (self.start, self.end) = (start, end)
  }

  /// Where `value` stands; outside the domain, where its nearer end stands.
  public func position(_ value: Double) -> Double {
    let inside = min(max(value, domain.lowerBound), domain.upperBound)
    let share = (inside - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
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

// Numbers as they stand on axes and in tables: short, the same on every machine.

/// Writes numbers with a given number of decimals, or as short as four digits allow.
public enum NumberFormat {
  /// `value` with exactly `decimals` digits behind the point.
  public static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "−∞" : "∞" }
    let power = (0..<max(0, decimals)).reduce(1.0) { power, _ in power * 10 }
    let scaled = (value.magnitude * power).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let digits = String(Int64(scaled))
    let sign = value < 0 && scaled != 0 ? "−" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  /// `value` with four significant digits; tiny and huge ones with an exponent.
  public static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, decimals: 0) }
    if value == value.rounded(), value.magnitude < 1e7 { return fixed(value, decimals: 0) }
    let exponent = Self.exponent(of: value)
    if exponent < -4 || exponent > 6 {
      let mantissa = exponent >= 0 ? value / power(exponent) : value * power(-exponent)
      return "\(fixed(mantissa, decimals: 2))e\(exponent < 0 ? "−" : "")\(abs(exponent))"
    }
    return fixed(value, decimals: max(0, 3 - exponent))
  }

  /// The decimal exponent: 2 for 345, −3 for 0.0042.
  static func exponent(of value: Double) -> Int {
    guard value != 0, value.isFinite else { return 0 }
    var exponent = 0
    var rest = value.magnitude
    while rest >= 10 { (rest, exponent) = (rest / 10, exponent + 1) }
    while rest < 1 { (rest, exponent) = (rest * 10, exponent - 1) }
    return exponent
  }

  /// Ten to a whole exponent; its reciprocal where that is negative.
  static func power(_ exponent: Int) -> Double {
    let value = (0..<abs(exponent)).reduce(1.0) { value, _ in value * 10 }
    return exponent < 0 ? 1 / value : value
  }
}

// A decimal number as the reference implementation reads it: a whole number times or over a power of ten.

/// The sign, digits and exponent of a number in a file.
struct DecimalParts {
  private var isNegative = false
  private var digits: UInt64 = 0
  private var exponent = 0

  /// The parts of a JSON number; nil for what is none.
  init?(_ text: ArraySlice<UInt8>) {
    var rest = text
    if rest.first == UInt8(ascii: "-") {
      isNegative = true
      rest.removeFirst()
    }
    var isFraction = false
    var isFull = false
    while let byte = rest.first {
      if byte == UInt8(ascii: ".") {
        isFraction = true
      } else if byte &- 0x30 < 10 {
        let (product, overflows) = digits.multipliedReportingOverflow(by: 10)
        let (sum, carries) = product.addingReportingOverflow(UInt64(byte &- 0x30))
        // Once a digit does not fit, it and all behind it are left out.
        isFull = isFull || overflows || carries
        if !isFull {
          digits = sum
          if isFraction { exponent -= 1 }
        } else if !isFraction {
          exponent += 1
        }
      } else {
        break
      }
      rest.removeFirst()
    }
    guard let mark = rest.first else { return }
    guard mark | 0x20 == UInt8(ascii: "e"), let power = Int(String(decoding: rest.dropFirst(), as: UTF8.self))
    else { return nil }
    exponent += power
  }

  /// The number, rounded once for its digits and once for its power of ten.
  var value: Double {
    var value = Double(digits)
    var exponent = exponent
    while exponent < -308, value != 0 {
      value /= 1e308
      exponent += 308
    }
    if exponent < -308 { return isNegative ? -0.0 : 0 }
    let power = Self.powers[min(abs(exponent), 308)]
    value = exponent < 0 ? value / power : value * power
    return isNegative ? -value : value
  }

  /// The powers of ten, each the nearest number.
  private static let powers: [Double] = (0...308).map { Double("1e\($0)") ?? .infinity }
}

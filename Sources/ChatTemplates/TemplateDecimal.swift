// The exact decimal digits of a number, rounded as Python rounds them.

/// A finite number that is not negative, as decimal digits without loss.
struct TemplateDecimal {
  /// The digits, the first not zero unless the number is.
  private var digits: [UInt8]
  /// How many digits stand before the decimal point; negative where zeros follow it.
  private var point: Int

  /// The digits of a number.
  ///
  /// - Precondition: the number is finite and not negative.
  init(_ number: Double) {
    precondition(
      number.isFinite && number >= 0, "TemplateDecimal: the number must be finite and not negative")
    var exponent = Int(number.exponentBitPattern) - 1075
    var significand = number.significandBitPattern
    if number.exponentBitPattern == 0 { exponent += 1 } else { significand |= 1 << 52 }
    // Digits from the last to the first, doubled or halved once for each power of two.
    var reversed: [UInt8] = String(significand).utf8.reversed().map { $0 - 48 }
    var fraction = 0
    for _ in 0..<max(0, exponent) {
      var carry: UInt8 = 0
      for index in reversed.indices {
        let doubled = reversed[index] * 2 + carry
        (carry, reversed[index]) = (doubled / 10, doubled % 10)
      }
      if carry > 0 { reversed.append(carry) }
    }
    for _ in 0..<max(0, -exponent) {
      // Half of a number is five times it with one more decimal place.
      fraction += 1
      var carry: UInt8 = 0
      for index in reversed.indices {
        let product = reversed[index] * 5 + carry
        (carry, reversed[index]) = (product / 10, product % 10)
      }
      if carry > 0 { reversed.append(carry) }
    }
    digits = reversed.reversed()
    point = digits.count - fraction
    let zeros = digits.prefix { $0 == 0 }.count
    digits.removeFirst(zeros)
    point = digits.isEmpty ? 1 : point - zeros
  }

  /// The number rounded half to even behind `count` digits.
  private func rounded(to count: Int) -> TemplateDecimal {
    var result = self
    guard count < digits.count else { return result }
    guard count >= 0 else {
      result.digits = []
      return result
    }
    result.digits = Array(digits[..<count])
    let (next, rest) = (digits[count], digits[(count + 1)...])
    let isOdd = count > 0 && !digits[count - 1].isMultiple(of: 2)
    guard next > 5 || next == 5 && (isOdd || rest.contains { $0 > 0 }) else { return result }
    var index = count - 1
    while index >= 0, result.digits[index] == 9 {
      result.digits[index] = 0
      index -= 1
    }
    if index >= 0 {
      result.digits[index] += 1
    } else {
      result.digits.insert(1, at: 0)
      result.point += 1
    }
    return result
  }

  private func digit(_ place: Int) -> Character {
    digits.indices.contains(place) ? Character(Unicode.Scalar(digits[place] + 48)) : "0"
  }

  /// The number with `precision` decimal places.
  func fixed(_ precision: Int) -> String {
    let number = rounded(to: point + precision)
    let whole = number.point > 0 ? String((0..<number.point).map { number.digit($0) }) : "0"
    guard precision > 0 else { return whole }
    return whole + "." + String((number.point..<(number.point + precision)).map { number.digit($0) })
  }

  /// The number with one digit before the point, `precision` behind it, and an exponent.
  func scientific(_ precision: Int) -> String {
    let number = rounded(to: precision + 1)
    var text = String(number.digit(0))
    if precision > 0 { text += "." + String((1...precision).map { number.digit($0) }) }
    return text + Self.exponent(digits.isEmpty ? 0 : number.point - 1)
  }

  private static func exponent(_ exponent: Int) -> String {
    "e" + (exponent < 0 ? "-" : "+") + (abs(exponent) < 10 ? "0" : "") + String(abs(exponent))
  }

  /// The number with `precision` digits in all, whichever way is shorter, without zeros at the end.
  ///
  /// - Parameter keepsPoint: Whether whole numbers keep `.0`, as Python writes them.
  func general(_ precision: Int, keepsPoint: Bool = false) -> String {
    let precision = max(1, precision)
    let number = rounded(to: precision)
    let exponent = digits.isEmpty ? 0 : number.point - 1
    func trimmed(_ text: String) -> String {
      guard text.contains(".") else { return text }
      let bare = text.reversed().drop { $0 == "0" }
      return String((bare.first == "." ? bare.dropFirst() : bare).reversed())
    }
    if exponent < -4 || exponent >= (keepsPoint ? precision - 1 : precision) {
      let text = scientific(precision - 1)
      let parts = text.split(separator: "e")
      return trimmed(String(parts[0])) + "e" + parts[1]
    }
    let text = trimmed(fixed(max(0, precision - 1 - exponent)))
    return keepsPoint && !text.contains(".") ? text + ".0" : text
  }
}

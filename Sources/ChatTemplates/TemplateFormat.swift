// Python's two ways to format: `'%5.1f' % value` and `'{:>5.1f}'.format(value)`.

/// How one value is laid out.
struct TemplateFormat {
  /// What fills the room on the sides.
  var fill: Unicode.Scalar = " "
  /// `<`, `>`, `^`, or `=` for room between the sign and the digits.
  var align: Unicode.Scalar?
  /// `+`, `-` or a space.
  var sign: Unicode.Scalar = "-"
  /// Whether `#` stands there: `0x` before hexadecimals.
  var isAlternate = false
  var width = 0
  /// What stands between groups of three digits.
  var grouping: Unicode.Scalar?
  var precision: Int?
  /// The letter of the presentation.
  var type: Unicode.Scalar?

  /// The layout that stands behind the colon of `{:…}`.
  init(specification: [Unicode.Scalar]) throws(TemplateFault) {
    var rest = specification[...]
    let alignments: [Unicode.Scalar] = ["<", ">", "^", "="]
    if rest.count > 1, alignments.contains(rest[rest.startIndex + 1]) {
      fill = rest.removeFirst()
      align = rest.removeFirst()
    } else if let first = rest.first, alignments.contains(first) {
      align = rest.removeFirst()
    }
    if let first = rest.first, ["+", "-", " "].contains(first) { sign = rest.removeFirst() }
    if rest.first == "#" {
      isAlternate = true
      rest.removeFirst()
    }
    if rest.first == "0" {
      rest.removeFirst()
      if align == nil { (fill, align) = ("0", "=") }
    }
    width = Self.number(&rest) ?? 0
    if let first = rest.first, first == "," || first == "_" { grouping = rest.removeFirst() }
    if rest.first == "." {
      rest.removeFirst()
      guard let digits = Self.number(&rest) else { throw TemplateFault("a format lacks its precision") }
      precision = digits
    }
    type = rest.popFirst()
    guard rest.isEmpty, width <= 100_000, precision ?? 0 <= 1000 else {
      throw TemplateFault("the format '\(TemplateText(specification).string)' is not supported")
    }
  }

  /// The layout between `%` and its letter.
  init(percent flags: [Unicode.Scalar], width: Int, precision: Int?, type: Unicode.Scalar) {
    align = flags.contains("-") ? "<" : ">"
    if flags.contains("0"), align != "<", !["s", "r", "a", "c"].contains(type) { (fill, align) = ("0", "=") }
    if flags.contains(" ") { sign = " " }
    if flags.contains("+") { sign = "+" }
    isAlternate = flags.contains("#")
    (self.width, self.precision, self.type) = (width, precision, type)
  }

  private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) -> Int? {
    let digits = rest.prefix { ("0"..."9").contains($0) }
    rest.removeFirst(digits.count)
    return Int(TemplateText(digits).string)
  }

  // MARK: Values

  /// The text of a value for `format`.
  func text(of value: TemplateValue) throws(TemplateFault) -> String {
    switch value {
    case .boolean where type == nil && width == 0 && precision == nil: return value.text
    case .integer, .boolean:
      if let whole = value.wholeNumber,
        type.map({ "dnbxXoc".unicodeScalars.contains($0) }) ?? (precision == nil)
      {
        return try text(of: whole)
      }
    case .double: break
    case .string(let text) where type == nil || type == "s": return try laidOut(text)
    case .undefined where self.isPlain: return ""
    default:
      guard isPlain else { throw TemplateFault("a '\(value.typeName)' takes no format") }
      return value.text
    }
    guard let number = value.number, type != "s" else {
      throw TemplateFault(
        "the format of type '\(type.map { String($0) } ?? "")' does not suit a '\(value.typeName)'")
    }
    return try text(of: number)
  }

  private var isPlain: Bool { type == nil && width == 0 && precision == nil && align == nil }

  /// A text, cut and padded.
  func laidOut(_ text: String) throws(TemplateFault) -> String {
    guard align != "=" else { throw TemplateFault("'=' does not align a text") }
    let scalars = TemplateText(text).scalars
    let cut = precision.map { Array(scalars.prefix($0)) } ?? scalars
    return padded("", TemplateText(cut).string, standard: "<")
  }

  /// A whole number.
  func text(of number: Int) throws(TemplateFault) -> String {
    let digits: String
    var prefix = ""
    switch type {
    case "x", "X":
      digits = String(number.magnitude, radix: 16, uppercase: type == "X")
      prefix = type == "X" ? "0X" : "0x"
    case "o": (digits, prefix) = (String(number.magnitude, radix: 8), "0o")
    case "b": (digits, prefix) = (String(number.magnitude, radix: 2), "0b")
    case "c":
      guard let scalar = UInt32(exactly: number).flatMap(Unicode.Scalar.init) else {
        throw TemplateFault("\(number) is not a character")
      }
      return padded("", String(scalar), standard: "<")
    case "e", "E", "f", "F", "g", "G", "%": return try text(of: Double(number))
    default: digits = String(number.magnitude)
    }
    let sign = sign(isNegative: number < 0) + (isAlternate ? prefix : "")
    return padded(sign, grouped(digits), standard: ">")
  }

  /// Any number.
  func text(of number: Double) throws(TemplateFault) -> String {
    let sign = sign(isNegative: number.sign == .minus && !number.isNaN)
    guard number.isFinite else {
      let isUpper = type == "F" || type == "E" || type == "G"
      let word = number.isNaN ? "nan" : "inf"
      return padded(sign, isUpper ? word.uppercased() : word, standard: ">")
    }
    let digits = TemplateDecimal(number.magnitude)
    let body: String
    switch type {
    case "f", "F": body = digits.fixed(precision ?? 6)
    case "%": body = TemplateDecimal(number.magnitude * 100).fixed(precision ?? 6) + "%"
    case "e": body = digits.scientific(precision ?? 6)
    case "E": body = digits.scientific(precision ?? 6).uppercased()
    case "g", "n": body = digits.general(precision ?? 6)
    case "G": body = digits.general(precision ?? 6).uppercased()
    case nil:
      body = precision.map { digits.general($0, keepsPoint: true) } ?? number.magnitude.description
    default:
      throw TemplateFault("the format type '\(type.map { String($0) } ?? "")' is not supported for numbers")
    }
    return padded(sign, grouped(body), standard: ">")
  }

  private func sign(isNegative: Bool) -> String { isNegative ? "-" : sign == "-" ? "" : String(sign) }

  private func grouped(_ digits: String) -> String {
    guard let grouping else { return digits }
    let scalars = TemplateText(digits).scalars
    let end = scalars.firstIndex { !("0"..."9").contains($0) } ?? scalars.count
    var result: [Unicode.Scalar] = []
    for (index, scalar) in scalars.enumerated() {
      if index > 0, index < end, (end - index) % 3 == 0 { result.append(grouping) }
      result.append(scalar)
    }
    return TemplateText(result).string
  }

  private func padded(_ sign: String, _ body: String, standard: Unicode.Scalar) -> String {
    let room = max(0, width - sign.unicodeScalars.count - body.unicodeScalars.count)
    func fill(_ count: Int) -> String {
      String(String.UnicodeScalarView(repeatElement(self.fill, count: count)))
    }
    switch align ?? standard {
    case "<": return sign + body + fill(room)
    case "^": return fill(room / 2) + sign + body + fill(room - room / 2)
    case "=": return sign + fill(room) + body
    default: return fill(room) + sign + body
    }
  }
}

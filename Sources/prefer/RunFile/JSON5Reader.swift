// Reads JSON5 and says where it breaks; Foundation's decoder reads it too, but only says that it does not.

/// One pass over JSON5 text.
struct JSON5Reader {
  private let scalars: [Unicode.Scalar]
  private var position = 0

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  /// The value that the whole text is.
  ///
  /// - Throws: `JSONProblem` with line and column.
  mutating func document() throws(JSONProblem) -> JSONValue {
    let value = try value(depth: 0)
    try skipSpace()
    if let next = peek() { throw problem("'\(next)' stands behind the end") }
    return value
  }

  private func problem(_ text: String, at place: Int? = nil) -> JSONProblem {
    let before = scalars[..<min(place ?? position, scalars.count)]
    let line = before.count { $0 == "\n" } + 1
    let column = before.reversed().prefix { $0 != "\n" }.count + 1
    return JSONProblem("line \(line), column \(column): \(text)")
  }

  private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
    position + ahead < scalars.count ? scalars[position + ahead] : nil
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek() == scalar else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() throws(JSONProblem) {
    while let next = peek() {
      if next.properties.isWhitespace || next == "\u{FEFF}" {
        position += 1
      } else if next == "/", peek(1) == "/" {
        while let scalar = peek(), scalar != "\n" {
          _ = scalar
          position += 1
        }
      } else if next == "/", peek(1) == "*" {
        let start = position
        position += 2
        while peek() != nil, !(peek() == "*" && peek(1) == "/") { position += 1 }
        guard peek() != nil else { throw problem("the comment has no end", at: start) }
        position += 2
      } else {
        return
      }
    }
  }

  private mutating func value(depth: Int) throws(JSONProblem) -> JSONValue {
    try skipSpace()
    guard depth < 100 else { throw problem("too many brackets inside each other") }
    guard let next = peek() else { throw problem("the text ends where a value should stand") }
    switch next {
    case "{": return try object(depth: depth)
    case "[": return try array(depth: depth)
    case "\"", "'": return .string(try quoted())
    default: break
    }
    if Self.isPartOfNumber(next) { return try number() }
    let start = position
    switch word() {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "Infinity", "NaN": return try number(from: start)
    case "": throw problem("'\(next)' is no value", at: start)
    case let text: throw problem("'\(text)' is no value; put text in quotation marks", at: start)
    }
  }

  private mutating func object(depth: Int) throws(JSONProblem) -> JSONValue {
    let start = position
    position += 1
    var members: [JSONMember] = []
    while true {
      try skipSpace()
      if take("}") { return .object(members) }
      let place = position
      guard let next = peek() else { throw problem("the object has no end", at: start) }
      let key = next == "\"" || next == "'" ? try quoted() : word()
      if key.isEmpty, next != "\"", next != "'" { throw problem("'\(next)' stands where a key should") }
      if members.contains(where: { $0.key == key }) { throw problem("'\(key)' is given twice", at: place) }
      try skipSpace()
      guard take(":") else { throw problem("':' is missing behind '\(key)'") }
      members.append(JSONMember(key, try value(depth: depth + 1)))
      try skipSpace()
      if take(",") || peek() == "}" { continue }
      throw peek() == nil ? problem("the object has no end", at: start) : problem("',' or '}' is missing")
    }
  }

  private mutating func array(depth: Int) throws(JSONProblem) -> JSONValue {
    let start = position
    position += 1
    var items: [JSONValue] = []
    while true {
      try skipSpace()
      if take("]") { return .array(items) }
      guard peek() != nil else { throw problem("the list has no end", at: start) }
      items.append(try value(depth: depth + 1))
      try skipSpace()
      if take(",") || peek() == "]" { continue }
      throw peek() == nil ? problem("the list has no end", at: start) : problem("',' or ']' is missing")
    }
  }

  /// An identifier: letters, digits, `_` and `$`.
  private mutating func word() -> String {
    var text = ""
    while let next = peek(), next.properties.isIDContinue || next == "$" || next == "_" {
      text.unicodeScalars.append(next)
      position += 1
    }
    return text
  }

  private static func isPartOfNumber(_ scalar: Unicode.Scalar) -> Bool {
    ("0"..."9").contains(scalar) || scalar == "-" || scalar == "+" || scalar == "."
  }

  private mutating func number(from begin: Int? = nil) throws(JSONProblem) -> JSONValue {
    let start = begin ?? position
    position = start
    var text = ""
    while let next = peek(), Self.isPartOfNumber(next) || next.properties.isAlphabetic {
      text.unicodeScalars.append(next)
      position += 1
    }
    var digits = Substring(text)
    let isNegative = digits.hasPrefix("-")
    if isNegative || digits.hasPrefix("+") { digits = digits.dropFirst() }
    var magnitude: Double?
    if digits.lowercased().hasPrefix("0x") {
      magnitude = UInt64(digits.dropFirst(2), radix: 16).map { Double($0) }
    } else if digits == "Infinity" {
      magnitude = .infinity
    } else if digits == "NaN" {
      magnitude = .nan
    } else if digits.allSatisfy({ $0.isNumber || "eE+-.".contains($0) }), digits.contains(where: \.isNumber) {
      let padded = (digits.hasPrefix(".") ? "0" : "") + (digits.hasSuffix(".") ? digits + "0" : digits)
      magnitude = Double(padded.replacing(".e", with: ".0e").replacing(".E", with: ".0e"))
    }
    guard let magnitude else { throw problem("'\(text)' is no number", at: start) }
    return .number(isNegative ? -magnitude : magnitude)
  }

  private mutating func quoted() throws(JSONProblem) -> String {
    let (start, mark) = (position, peek())
    position += 1
    var text = String.UnicodeScalarView()
    while let next = peek(), next != "\n" {
      position += 1
      if next == mark { return String(text) }
      guard next == "\\" else {
        text.append(next)
        continue
      }
      try escape(into: &text)
    }
    throw problem("the text has no end on its line", at: start)
  }

  private mutating func escape(into text: inout String.UnicodeScalarView) throws(JSONProblem) {
    guard let next = peek() else { return }
    let start = position - 1
    position += 1
    switch next {
    case "n": text.append("\n")
    case "t": text.append("\t")
    case "r": text.append("\r")
    case "b": text.append("\u{8}")
    case "f": text.append("\u{C}")
    case "v": text.append("\u{B}")
    case "0": text.append("\0")
    // A line break behind a backslash is only there to break the line.
    case "\n": return
    case "\r": _ = take("\n")
    case "x": text.append(try hexadecimal(2, start))
    case "u":
      var code = try units(4, start)
      if (0xD800..<0xDC00).contains(code), peek() == "\\", peek(1) == "u" {
        position += 2
        code = 0x10000 + (code - 0xD800) << 10 + (try units(4, start)) &- 0xDC00
      }
      guard let scalar = Unicode.Scalar(code) else {
        throw problem("the escape is half a character", at: start)
      }
      text.append(scalar)
    default: text.append(next)
    }
  }

  private mutating func hexadecimal(_ count: Int, _ start: Int) throws(JSONProblem) -> Unicode.Scalar {
    guard let scalar = Unicode.Scalar(try units(count, start)) else {
      throw problem("no such character", at: start)
    }
    return scalar
  }

  private mutating func units(_ count: Int, _ start: Int) throws(JSONProblem) -> UInt32 {
    let digits = String(String.UnicodeScalarView(scalars[position..<min(position + count, scalars.count)]))
    guard digits.unicodeScalars.count == count, let code = UInt32(digits, radix: 16) else {
      throw problem("the escape needs \(count) hexadecimal digits", at: start)
    }
    position += count
    return code
  }
}

// Bytes to JSON values, strict, with the place of the first mistake.

/// Why bytes are not JSON.
struct JSONSyntaxError: Error, Sendable {
  /// The offset of the offending byte.
  let offset: Int
  /// What is wrong there, in words.
  let problem: String
}

/// A recursive-descent reader of RFC 8259, plus Python's `NaN` and `Infinity`.
struct JSONParser {
  private let bytes: [UInt8]
  private let end: Int
  /// The offset of the next byte to read.
  private(set) var position: Int
  private var depth = 0

  /// Reads `bytes[range]`, which is valid UTF-8.
  init(_ bytes: [UInt8], in range: Range<Int>) {
    (self.bytes, position, end) = (bytes, range.lowerBound, range.upperBound)
  }

  /// The one value that `bytes[range]` holds.
  ///
  /// - Throws: ``JSONSyntaxError`` where it holds none, or more than one.
  static func parse(_ bytes: [UInt8], in range: Range<Int>) throws(JSONSyntaxError) -> JSONValue {
    var parser = JSONParser(bytes, in: range)
    let value = try parser.value()
    parser.skipSpace()
    guard parser.position == range.upperBound else {
      throw parser.mistake("there is more after the value")
    }
    return value
  }

  /// The one value that `text` holds.
  static func parse(_ text: String) throws(JSONSyntaxError) -> JSONValue {
    let bytes = Array(text.utf8)
    return try parse(bytes, in: bytes.indices)
  }

  /// Reads one value and what precedes it in white space.
  mutating func value() throws(JSONSyntaxError) -> JSONValue {
    skipSpace()
    guard let byte = peek else { throw mistake("the value is missing") }
    switch byte {
    case UInt8(ascii: "{"): return try nested { parser throws(JSONSyntaxError) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(JSONSyntaxError) in try parser.list() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "N"): return try word("NaN", .number(.nan))
    case UInt8(ascii: "I"): return try word("Infinity", .number(.infinity))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw mistake("'\(Character(Unicode.Scalar(byte)))' begins no JSON value")
    }
  }

  /// Passes white space; whether anything is left.
  @discardableResult
  mutating func skipSpace() -> Bool {
    while position < end, JSONLinesStore.isSpace(bytes[position]) { position += 1 }
    return position < end
  }

  /// Passes `byte` if it is next.
  mutating func skip(_ byte: UInt8) -> Bool {
    skipSpace()
    guard peek == byte else { return false }
    position += 1
    return true
  }

  /// A mistake at the place reached.
  func mistake(_ problem: String) -> JSONSyntaxError { JSONSyntaxError(offset: position, problem: problem) }
}

extension JSONParser {
  private var peek: UInt8? { position < end ? bytes[position] : nil }

  /// Text nested deeper than any row is refused before it can exhaust the stack.
  private mutating func nested(
    _ body: (inout JSONParser) throws(JSONSyntaxError) -> JSONValue
  ) throws(JSONSyntaxError) -> JSONValue {
    guard depth < 128 else { throw mistake("values are nested more than 128 deep") }
    depth += 1
    position += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func object() throws(JSONSyntaxError) -> JSONValue {
    var members: [JSONMember] = []
    if skip(UInt8(ascii: "}")) { return .object([]) }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else {
        throw peek == nil ? mistake("the object has no end") : mistake("a key in double quotes is missing")
      }
      let key = try string()
      guard !members.contains(where: { $0.key == key }) else { throw mistake("'\(key)' is there twice") }
      guard skip(UInt8(ascii: ":")) else { throw mistake("':' is missing after '\(key)'") }
      members.append(JSONMember(key: key, value: try value()))
    } while skip(UInt8(ascii: ","))
    guard skip(UInt8(ascii: "}")) else {
      throw peek == nil ? mistake("the object has no end") : mistake("',' or '}' is missing")
    }
    return .object(members)
  }

  private mutating func list() throws(JSONSyntaxError) -> JSONValue {
    var items: [JSONValue] = []
    if skip(UInt8(ascii: "]")) { return .list([]) }
    repeat { items.append(try value()) } while skip(UInt8(ascii: ","))
    guard skip(UInt8(ascii: "]")) else {
      throw peek == nil ? mistake("the list has no end") : mistake("',' or ']' is missing")
    }
    return .list(items)
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
    let stop = position + word.utf8.count
    guard stop <= end, bytes[position..<stop].elementsEqual(word.utf8) else {
      throw mistake("'\(word)' is misspelt")
    }
    position = stop
    return value
  }

  private mutating func number() throws(JSONSyntaxError) -> JSONValue {
    let start = position
    if peek == UInt8(ascii: "-") { position += 1 }
    if peek == UInt8(ascii: "I") { return try word("Infinity", .number(-.infinity)) }
    let firstDigit = position
    var isWhole = true
    guard skipDigits() else { throw mistake("a digit is missing") }
    guard position - firstDigit == 1 || bytes[firstDigit] != UInt8(ascii: "0") else {
      throw mistake("a number begins with 0")
    }
    if peek == UInt8(ascii: ".") {
      (isWhole, position) = (false, position + 1)
      guard skipDigits() else { throw mistake("a digit is missing") }
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      (isWhole, position) = (false, position + 1)
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
      guard skipDigits() else { throw mistake("a digit is missing") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let whole = Int(text) { return .integer(whole) }
    guard let number = Double(text) else { throw mistake("'\(text)' is no number") }
    return .number(number)
  }

  private mutating func skipDigits() -> Bool {
    let start = position
    while let byte = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
    return position > start
  }

  private mutating func string() throws(JSONSyntaxError) -> String {
    position += 1
    var start = position
    var text = ""
    while position < end {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        text += String(decoding: bytes[start..<position], as: UTF8.self)
        position += 1
        return text
      case UInt8(ascii: "\\"):
        text += String(decoding: bytes[start..<position], as: UTF8.self)
        position += 1
        text.unicodeScalars.append(try escape())
        start = position
      case 0..<0x20:
        throw mistake("a string holds a raw control character; write it as an escape")
      default:
        position += 1
      }
    }
    throw mistake("the string has no end")
  }

  private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
    guard let byte = peek else { throw mistake("the string has no end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try surrogates()
    default: throw mistake("'\\\(Character(Unicode.Scalar(byte)))' is no escape")
    }
  }

  private mutating func surrogates() throws(JSONSyntaxError) -> Unicode.Scalar {
    let high = try codeUnit()
    if let scalar = Unicode.Scalar(high) { return scalar }
    guard high < 0xDC00, position + 1 < end, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    else { throw mistake("half of a surrogate pair stands alone") }
    position += 2
    let low = try codeUnit()
    guard 0xDC00...0xDFFF ~= low,
      let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    else { throw mistake("half of a surrogate pair stands alone") }
    return scalar
  }

  private mutating func codeUnit() throws(JSONSyntaxError) -> UInt32 {
    guard position + 4 <= end, bytes[position] != UInt8(ascii: "+"), bytes[position] != UInt8(ascii: "-"),
      let unit = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw mistake("'\\u' wants four hexadecimal digits") }
    position += 4
    return unit
  }
}

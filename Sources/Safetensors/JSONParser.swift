// Reads JSON byte by byte: fast, strict, and aware of duplicate names, which Foundation silently drops.

/// Where the bytes stop being JSON, counted from their start.
struct JSONSyntaxError: Error {
  let offset: Int
}

/// A recursive-descent parser over UTF-8 bytes.
struct JSONParser {
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  /// Prepares to parse `bytes`, which hold one JSON value and spaces around it.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The one value the bytes hold.
  mutating func document() throws(JSONSyntaxError) -> JSONValue {
    let result = try value()
    skipSpaces()
    guard position == bytes.count else { throw error() }
    return result
  }

  private func error() -> JSONSyntaxError { JSONSyntaxError(offset: position) }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpaces() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(JSONSyntaxError) {
    guard take(character) else { throw error() }
  }

  private mutating func value() throws(JSONSyntaxError) -> JSONValue {
    skipSpaces()
    guard let byte = next, depth < 32 else { throw error() }
    depth += 1
    defer { depth -= 1 }
    switch byte {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try list()
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
    for character in word.unicodeScalars { try expect(character) }
    return value
  }

  private mutating func object() throws(JSONSyntaxError) -> JSONValue {
    try expect("{")
    var members: [JSONMember] = []
    skipSpaces()
    if take("}") { return .object(members) }
    repeat {
      skipSpaces()
      let name = try text()
      skipSpaces()
      try expect(":")
      members.append(JSONMember(name, try value()))
      skipSpaces()
    } while take(",")
    try expect("}")
    return .object(members)
  }

  private mutating func list() throws(JSONSyntaxError) -> JSONValue {
    try expect("[")
    var items: [JSONValue] = []
    skipSpaces()
    if take("]") { return .list(items) }
    repeat {
      items.append(try value())
      skipSpaces()
    } while take(",")
    try expect("]")
    return .list(items)
  }

  private mutating func number() throws(JSONSyntaxError) -> JSONValue {
    let start = position
    while let byte = next, Self.numeric.contains(byte) { position += 1 }
    let digits = String(decoding: bytes[start..<position], as: UTF8.self)
    guard Double(digits) != nil, digits.first?.isNumber == true || digits.first == "-" else {
      position = start
      throw error()
    }
    return .number(digits)
  }

  private static let numeric = Set("0123456789+-.eE".utf8)

  private mutating func text() throws(JSONSyntaxError) -> String {
    try expect("\"")
    var units: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: units, as: UTF8.self) else { throw error() }
        return text
      case UInt8(ascii: "\\"):
        try escape(into: &units)
      case 0..<0x20:
        throw error()
      default:
        units.append(byte)
      }
    }
    throw error()
  }

  private mutating func escape(into units: inout [UInt8]) throws(JSONSyntaxError) {
    guard let byte = next else { throw error() }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): units.append(0x0A)
    case UInt8(ascii: "t"): units.append(0x09)
    case UInt8(ascii: "r"): units.append(0x0D)
    case UInt8(ascii: "b"): units.append(0x08)
    case UInt8(ascii: "f"): units.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(byte)
    case UInt8(ascii: "u"):
      var code = UInt32(try codeUnit())
      if (0xD800..<0xDC00).contains(code) {
        try expect("\\")
        try expect("u")
        let low = UInt32(try codeUnit())
        guard (0xDC00..<0xE000).contains(low) else { throw error() }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error() }
      units.append(contentsOf: String(Character(scalar)).utf8)
    default: throw error()
    }
  }

  private mutating func codeUnit() throws(JSONSyntaxError) -> UInt16 {
    guard position + 4 <= bytes.count,
      let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw error() }
    position += 4
    return unit
  }
}

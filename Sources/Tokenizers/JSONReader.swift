// A pull reader of JSON: a vocabulary of 150 000 pieces goes from the file to its tables without a tree between.

/// A cursor over the bytes of a JSON text.
///
/// Objects and lists are walked with `beginObject`/`nextKey` and `beginArray`/`nextElement`; a value is taken with
/// `value`, `string`, `integer` or passed over with `skip`.
struct JSONReader {
  private let bytes: [UInt8]
  private(set) var position: Int
  private let limit: Int
  /// Whether a value has just ended, so that a comma must come before the next one.
  private var afterValue = false
  private var depth = 0

  /// A reader of the whole text.
  ///
  /// - Throws: `TokenizerError` when the bytes are not UTF-8.
  init(_ bytes: [UInt8]) throws(TokenizerError) {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw TokenizerError(problem: "the file is not UTF-8 text; it may be cut short or compressed")
    }
    self.bytes = bytes
    position = 0
    limit = bytes.count
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// A reader of one value that `skip` passed over.
  init(_ other: JSONReader, range: Range<Int>) {
    bytes = other.bytes
    position = range.lowerBound
    limit = range.upperBound
  }

  // MARK: Walking

  /// Enters an object.
  mutating func beginObject() throws(TokenizerError) {
    try expect("{", "an object")
    try descend()
  }

  /// The next key of the object entered last, or nil at its end.
  mutating func nextKey() throws(TokenizerError) -> String? {
    guard try next(before: "}") else { return nil }
    let key = try string()
    try colon()
    return key
  }

  /// Appends the next key of the object entered last to `buffer`; false at its end.
  mutating func nextKey(into buffer: inout [UInt8]) throws(TokenizerError) -> Bool {
    guard try next(before: "}") else { return false }
    try string(into: &buffer)
    try colon()
    return true
  }

  /// Enters a list.
  mutating func beginArray() throws(TokenizerError) {
    try expect("[", "a list")
    try descend()
  }

  /// Whether the list entered last has another element, which is then next.
  mutating func nextElement() throws(TokenizerError) -> Bool { try next(before: "]") }

  /// Requires the end of the text.
  mutating func end() throws(TokenizerError) {
    skipSpace()
    if position < limit { throw fault("text follows the end of the value") }
  }

  private mutating func descend() throws(TokenizerError) {
    afterValue = false
    depth += 1
    if depth > 256 { throw fault("lists and objects are nested more than 256 deep") }
  }

  private mutating func next(before closing: Unicode.Scalar) throws(TokenizerError) -> Bool {
    skipSpace()
    if position < limit, bytes[position] == UInt8(ascii: closing) {
      position += 1
      afterValue = true
      depth -= 1
      return false
    }
    if afterValue {
      try expect(",", "',' or '\(closing)'")
      afterValue = false
    }
    skipSpace()
    return true
  }

  private mutating func colon() throws(TokenizerError) {
    try expect(":", "':'")
    afterValue = false
  }

  private mutating func expect(_ scalar: Unicode.Scalar, _ what: String) throws(TokenizerError) {
    skipSpace()
    guard position < limit, bytes[position] == UInt8(ascii: scalar) else { throw fault("expected \(what)") }
    position += 1
  }

  private mutating func skipSpace() {
    while position < limit, bytes[position] <= 0x20,
      bytes[position] == 0x20 || bytes[position] == 0x0A || bytes[position] == 0x0D || bytes[position] == 0x09
    {
      position += 1
    }
  }

  // MARK: Values

  /// The byte that the next value starts with, or nil at the end.
  mutating func peek() -> UInt8? {
    skipSpace()
    return position < limit ? bytes[position] : nil
  }

  /// Takes the next value, whatever it is.
  mutating func value() throws(TokenizerError) -> JSONValue {
    switch peek() {
    case UInt8(ascii: "{"):
      var members: [JSONValue.Member] = []
      try beginObject()
      while let key = try nextKey() { members.append(.init(key: key, value: try value())) }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try beginArray()
      while try nextElement() { elements.append(try value()) }
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case nil: throw fault("the text ends where a value should be")
    default: return .number(try number())
    }
  }

  /// Passes over the next value and returns where it stood.
  mutating func skip() throws(TokenizerError) -> Range<Int> {
    let first = peek()
    let start = position
    switch first {
    case UInt8(ascii: "{"):
      try beginObject()
      while try next(before: "}") {
        try skipString()
        try colon()
        _ = try skip()
      }
    case UInt8(ascii: "["):
      try beginArray()
      while try nextElement() { _ = try skip() }
    case UInt8(ascii: "\""): try skipString()
    default: _ = try value()
    }
    return start..<position
  }

  /// Takes the next value, which must be a whole number.
  mutating func integer() throws(TokenizerError) -> Int {
    skipSpace()
    let start = position
    guard let integer = Int(exactly: try number()) else {
      position = start
      throw fault("expected a whole number")
    }
    return integer
  }

  /// Takes the next value when it is a number; nil, and nothing taken, when it is not.
  ///
  /// Digits past the nineteenth and the last bit come out as the reference implementation's reader has them, which
  /// does not always give the nearest number: equal sums of scores must stay equal.
  mutating func score() throws(TokenizerError) -> Double? {
    guard let first = peek(), first == 0x2D || first &- 0x30 < 10 else { return nil }
    let start = position
    let value = try number()
    guard let parts = DecimalParts(bytes[start..<position]) else { return value }
    return parts.value
  }

  private mutating func number() throws(TokenizerError) -> Double {
    skipSpace()
    let start = position
    var magnitude = 0.0
    while position < limit, case let digit = bytes[position] &- 0x30, digit < 10, position - start < 15 {
      magnitude = magnitude * 10 + Double(digit)
      position += 1
    }
    let next = position < limit ? bytes[position] : 0x20
    if position > start, !isNumeric(next) {
      afterValue = true
      return magnitude
    }
    while position < limit, isNumeric(bytes[position]) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let number = Double(text), number.isFinite else {
      position = start
      throw fault("expected a value")
    }
    afterValue = true
    return number
  }

  private func isNumeric(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || byte == 0x2B || byte == 0x2D || byte == 0x2E || byte | 0x20 == 0x65
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(TokenizerError) -> JSONValue {
    guard bytes[position..<limit].starts(with: word.utf8) else { throw fault("expected a value") }
    position += word.utf8.count
    afterValue = true
    return value
  }

  // MARK: Strings

  /// Takes the next value, which must be a string.
  mutating func string() throws(TokenizerError) -> String {
    var buffer: [UInt8] = []
    try string(into: &buffer)
    return String(decoding: buffer, as: UTF8.self)
  }

  /// Takes the next value, which must be a string, and appends its UTF-8 to `buffer`.
  mutating func string(into buffer: inout [UInt8]) throws(TokenizerError) {
    try expect("\"", "a string")
    while true {
      let start = position
      while position < limit, bytes[position] != 0x22, bytes[position] != 0x5C, bytes[position] >= 0x20 {
        position += 1
      }
      for index in start..<position { buffer.append(bytes[index]) }
      guard position < limit else { throw fault("the text ends inside a string") }
      if bytes[position] == 0x22 { break }
      guard bytes[position] == 0x5C else { throw fault("a control character stands in a string") }
      position += 1
      try escape(into: &buffer)
    }
    position += 1
    afterValue = true
  }

  private mutating func skipString() throws(TokenizerError) {
    try expect("\"", "a string")
    while position < limit, bytes[position] != 0x22 { position += bytes[position] == 0x5C ? 2 : 1 }
    guard position < limit else { throw fault("the text ends inside a string") }
    position += 1
    afterValue = true
  }

  private mutating func escape(into buffer: inout [UInt8]) throws(TokenizerError) {
    guard position < limit else { throw fault("the text ends inside a string") }
    let letter = bytes[position]
    position += 1
    switch letter {
    case UInt8(ascii: "n"): buffer.append(0x0A)
    case UInt8(ascii: "t"): buffer.append(0x09)
    case UInt8(ascii: "r"): buffer.append(0x0D)
    case UInt8(ascii: "b"): buffer.append(0x08)
    case UInt8(ascii: "f"): buffer.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(letter)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if code & 0xFC00 == 0xD800, position + 1 < limit, bytes[position] == 0x5C, bytes[position + 1] == 0x75 {
        position += 2
        let low = try hexadecimal()
        guard low & 0xFC00 == 0xDC00 else { throw fault("half of a surrogate pair stands alone") }
        code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fault("half of a surrogate pair stands alone") }
      buffer.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default: throw fault("'\\\(Character(Unicode.Scalar(letter)))' is not an escape of JSON")
    }
  }

  private mutating func hexadecimal() throws(TokenizerError) -> UInt32 {
    let end = min(position + 4, limit)
    let digits = String(decoding: bytes[position..<end], as: UTF8.self)
    guard digits.utf8.count == 4, let code = UInt32(digits, radix: 16) else {
      throw fault("expected four hexadecimal digits")
    }
    position = end
    return code
  }

  // MARK: Errors

  /// An error at the cursor, with its line and column.
  func fault(_ problem: String) -> TokenizerError {
    let before = bytes[..<min(position, bytes.count)]
    let line = before.count { $0 == 0x0A } + 1
    let lineStart = (before.lastIndex(of: 0x0A) ?? -1) + 1
    let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
    return TokenizerError(field: "line \(line), column \(column)", problem: problem)
  }
}

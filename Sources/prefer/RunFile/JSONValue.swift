// JSON as a tree: what run files are read into and what commands print.

/// One JSON value; objects keep the order in which they were built.
enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  /// Reads JSON5 text.
  ///
  /// - Throws: `JSONProblem` with the parser's own account of the place.
  init(json5 text: String) throws(JSONProblem) {
    var reader = JSON5Reader(text)
    self = try reader.document()
  }

  /// The value of `key`, where this is an object that has it.
  subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// What a person would call a value of this kind.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "text"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

/// One key of an object and what stands behind it.
struct JSONMember: Sendable, Hashable {
  let key: String
  let value: JSONValue

  init(_ key: String, _ value: JSONValue) { (self.key, self.value) = (key, value) }
}

/// Text that is not JSON5.
struct JSONProblem: Error, Sendable, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description.hasSuffix(".") ? String(description.dropLast()) : description
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(floatLiteral value: Double) { self = .number(value) }
  init(integerLiteral value: Int) { self = .number(Double(value)) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { JSONMember($0.0, $0.1) })
  }
}

// One value of a JSON document, with its numbers, booleans and key order kept as written.

/// A JSON value.
///
/// Foundation's reader makes numbers of booleans, forgets the order of keys (which templates print) and
/// drops duplicates in silence, so rows are read by ``JSONParser`` instead.
indirect enum JSONValue: Sendable, Hashable {
  case null
  case boolean(Bool)
  case integer(Int)
  /// NaN and the infinities are here too, as Python writes them.
  case number(Double)
  case string(String)
  case list([JSONValue])
  case object([JSONMember])

  /// What this value is, in words for error messages.
  var kind: String {
    switch self {
    case .null: "null"
    case .boolean: "a boolean"
    case .integer, .number: "a number"
    case .string: "a string"
    case .list: "a list"
    case .object: "an object"
    }
  }

  /// The value under `key`, where this is an object that has it.
  subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The text, where this is a string.
  var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The items, where this is a list.
  var items: [JSONValue]? {
    if case .list(let items) = self { items } else { nil }
  }

  /// The members in the order of the file, where this is an object.
  var members: [JSONMember]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The number, where this is one.
  var scalar: Double? {
    switch self {
    case .integer(let whole): Double(whole)
    case .number(let number): number
    default: nil
    }
  }
}

/// One `"key": value` of a JSON object.
struct JSONMember: Sendable, Hashable {
  /// The key.
  var key: String
  /// What stands behind it.
  var value: JSONValue
}

// A small JSON value: the parts of a tokenizer's files that are not its vocabulary.

/// A JSON value whose objects keep the order of the file.
public enum JSONValue: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// Any number; integers are exact up to 2^53.
  case number(Double)
  /// A string.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// An object, in the order of the file.
  case object([Member])

  /// One member of an object.
  public struct Member: Sendable, Equatable {
    /// Its key.
    public var key: String
    /// Its value.
    public var value: JSONValue

    /// The member `key: value`.
    public init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The value of a member of an object; nil for other values and for missing members.
  public subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// The members of an object in the order of the file; none for other values.
  var members: [Member] {
    guard case .object(let members) = self else { return [] }
    return members
  }

  /// The string, when this is one.
  public var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// The boolean, when this is one.
  public var boolean: Bool? {
    guard case .boolean(let flag) = self else { return nil }
    return flag
  }

  /// The elements, when this is a list.
  public var array: [JSONValue]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }

  /// The number, when it is a whole one that an `Int` holds exactly.
  public var integer: Int? {
    guard case .number(let number) = self else { return nil }
    return Int(exactly: number)
  }

  /// Whether this is `null`.
  public var isNull: Bool { self == .null }

  /// The value of a JSON text.
  ///
  /// - Throws: `TokenizerError` with line and column when the text is not JSON.
  public init(json bytes: [UInt8]) throws(TokenizerError) {
    var reader = try JSONReader(bytes)
    self = try reader.value()
    try reader.end()
  }

  /// The word for the kind of this value, for messages.
  var kind: String {
    switch self {
    case .null: "null"
    case .boolean: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

// JSON as it stands in files beside weights: members keep their order, numbers keep their digits.

/// A JSON value.
public enum JSONValue: Sendable, Hashable {
  case null
  case boolean(Bool)
  /// A number, in the digits it was written with.
  case number(String)
  case text(String)
  case list([JSONValue])
  /// Members in the file's order, duplicates kept.
  case object([JSONMember])

  /// The value of member `name`, the last one of that name; nil if this is not an object or has none.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.name == name }?.value
  }

  /// The number, if it is a whole one that fits.
  public var integer: Int? {
    guard case .number(let digits) = self else { return nil }
    return Int(digits) ?? Double(digits).flatMap { Int(exactly: $0) }
  }

  /// The number.
  public var double: Double? {
    guard case .number(let digits) = self else { return nil }
    return Double(digits)
  }

  /// The string.
  public var string: String? {
    guard case .text(let text) = self else { return nil }
    return text
  }

  /// The truth value.
  public var truth: Bool? {
    guard case .boolean(let value) = self else { return nil }
    return value
  }

  /// This object with member `name` replaced, or added at the end.
  ///
  /// - Precondition: this is an object.
  public func setting(_ name: String, to value: JSONValue) -> JSONValue {
    guard case .object(var members) = self else {
      preconditionFailure("JSONValue.setting: '\(name)' of a value that is not an object")
    }
    let member = JSONMember(name, value)
    if let place = members.lastIndex(where: { $0.name == name }) {
      members[place] = member
    } else {
      members.append(member)
    }
    return .object(members)
  }
}

/// One member of a JSON object.
public struct JSONMember: Sendable, Hashable {
  /// Its name.
  public let name: String
  /// What it is.
  public let value: JSONValue

  /// Joins a name and a value.
  public init(_ name: String, _ value: JSONValue) { (self.name, self.value) = (name, value) }
}

extension JSONValue: CustomStringConvertible {
  /// The value over several lines, indented by two spaces, as transformers writes its files.
  public var description: String {
    var text = ""
    write(into: &text, indentation: "")
    return text
  }

  private func write(into text: inout String, indentation: String) {
    let inner = indentation + "  "
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .number(let digits): text += digits
    case .text(let content): text += Self.quoted(content)
    case .list(let items) where items.isEmpty: text += "[]"
    case .list(let items):
      text += "[\n"
      for (i, item) in items.enumerated() {
        text += inner
        item.write(into: &text, indentation: inner)
        text += i + 1 < items.count ? ",\n" : "\n"
      }
      text += indentation + "]"
    case .object(let members) where members.isEmpty: text += "{}"
    case .object(let members):
      text += "{\n"
      for (i, member) in members.enumerated() {
        text += inner + Self.quoted(member.name) + ": "
        member.value.write(into: &text, indentation: inner)
        text += i + 1 < members.count ? ",\n" : "\n"
      }
      text += indentation + "}"
    }
  }

  /// `text` as a JSON string, quotes included.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

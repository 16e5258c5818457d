// JSON as a value, printed the same way every time: sorted keys, shortest numbers that read back exactly.

/// A setting of a run: any JSON value.
public enum SettingValue: Sendable, Hashable, Codable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  indirect case array([SettingValue])
  indirect case object([String: SettingValue])

  /// Reads any JSON value.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([SettingValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: SettingValue].self))
    }
  }

  /// Writes any JSON value.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }

  /// The value on one line.
  public var line: String { text(indent: nil) }

  /// The value over several lines, two spaces for each level, with a final line break.
  public var page: String { text(indent: 0) + "\n" }

  private func text(indent: Int?) -> String {
    switch self {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .integer(let value): return "\(value)"
    // JSON has no infinities; `null` is what JavaScript writes for them.
    case .number(let value): return value.isFinite ? "\(value)" : "null"
    case .string(let value): return Self.quoted(value)
    case .array(let items): return Self.joined(items.map { ("", $0) }, "[", "]", indent)
    case .object(let members):
      let sorted = members.sorted { $0.key < $1.key }
      return Self.joined(sorted.map { (Self.quoted($0.key) + ": ", $0.value) }, "{", "}", indent)
    }
  }

  private static func joined(
    _ members: [(String, SettingValue)], _ open: String, _ close: String, _ indent: Int?
  ) -> String {
    guard !members.isEmpty else { return open + close }
    guard let indent else {
      return open + members.map { $0.0 + $0.1.text(indent: nil) }.joined(separator: ", ") + close
    }
    let margin = String(repeating: "  ", count: indent + 1)
    let lines = members.map { margin + $0.0 + $0.1.text(indent: indent + 1) }
    return open + "\n" + lines.joined(separator: ",\n") + "\n" + String(repeating: "  ", count: indent)
      + close
  }

  /// A JSON string literal.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension SettingValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(nilLiteral: ()) { self = .null }
}

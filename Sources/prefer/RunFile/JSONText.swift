// JSON trees as text: one line for machines, indented for people.

extension JSONValue: CustomStringConvertible {
  /// One line. Numbers in the shortest form that reads back to the same double; what is not finite is null.
  var description: String {
    var text = ""
    write(to: &text, indentation: nil)
    return text
  }

  /// Several lines, two spaces a level.
  var indented: String {
    var text = ""
    write(to: &text, indentation: 0)
    return text
  }

  private func write(to text: inout String, indentation: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let value): text += Self.spelling(of: value)
    case .string(let value): text += Self.quoted(value)
    case .array(let items):
      // Lists of plain values stay on one line even where the rest is spread out.
      let isPlain = items.allSatisfy {
        if case .array = $0 { false } else if case .object = $0 { false } else { true }
      }
      Self.writeItems(items.count, "[", "]", to: &text, indentation: isPlain ? nil : indentation) {
        i, text, deeper in
        items[i].write(to: &text, indentation: deeper)
      }
    case .object(let members):
      Self.writeItems(members.count, "{", "}", to: &text, indentation: indentation) { i, text, deeper in
        text += Self.quoted(members[i].key) + ": "
        members[i].value.write(to: &text, indentation: deeper)
      }
    }
  }

  private static func writeItems(
    _ count: Int, _ open: String, _ close: String, to text: inout String, indentation: Int?,
    item: (Int, inout String, Int?) -> Void
  ) {
    text += open
    for i in 0..<count {
      if i > 0 { text += indentation == nil ? ", " : "," }
      if let indentation { text += "\n" + String(repeating: "  ", count: indentation + 1) }
      item(i, &text, indentation.map { $0 + 1 })
    }
    if let indentation, count > 0 { text += "\n" + String(repeating: "  ", count: indentation) }
    text += close
  }

  /// A number as JSON spells it.
  static func spelling(of value: Double) -> String {
    guard value.isFinite else { return "null" }
    if let whole = Int(exactly: value), abs(value) < 1e15, !(value == 0 && value.sign == .minus) {
      return String(whole)
    }
    return "\(value)"
  }

  /// Text in quotation marks, with what JSON cannot hold escaped.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

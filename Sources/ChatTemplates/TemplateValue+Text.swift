// How values print: as Python prints them, and as JSON.

extension TemplateValue {
  /// The text of the value, as `{{ value }}` writes it.
  var text: String {
    switch self {
    case .string(let text): text
    case .undefined: ""
    default: representation
    }
  }

  /// The value as Python's `repr` writes it.
  var representation: String {
    switch self {
    case .null: return "None"
    case .boolean(let flag): return flag ? "True" : "False"
    case .integer(let number): return String(number)
    case .double(let number): return number.description
    case .string(let text): return Self.quoted(text)
    case .list(let elements): return "[" + elements.map(\.representation).joined(separator: ", ") + "]"
    case .tuple(let elements):
      let inside = elements.map(\.representation).joined(separator: ", ")
      return elements.count == 1 ? "(\(inside),)" : "(\(inside))"
    case .map(let map):
      let entries = map.entries.map { $0.key.representation + ": " + $0.value.representation }
      return "{" + entries.joined(separator: ", ") + "}"
    case .undefined: return "Undefined"
    case .callable: return "<\(typeName)>"
    case .object(let object): return object.representation
    }
  }

  private static func quoted(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
    var result = String.UnicodeScalarView()
    result.append(quote)
    for scalar in scalars {
      switch scalar {
      case "\\", quote: result.append(contentsOf: ["\\", scalar])
      case "\n": result.append(contentsOf: "\\n".unicodeScalars)
      case "\r": result.append(contentsOf: "\\r".unicodeScalars)
      case "\t": result.append(contentsOf: "\\t".unicodeScalars)
      default:
        if isPrintable(scalar) {
          result.append(scalar)
        } else {
          let (letter, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
          result.append(contentsOf: ("\\" + letter + hexadecimal(scalar.value, width: width)).unicodeScalars)
        }
      }
    }
    result.append(quote)
    return String(result)
  }

  /// Whether Python's `repr` leaves the scalar as it is.
  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    case .spaceSeparator: scalar == " "
    default: true
    }
  }

  private static func hexadecimal(_ value: UInt32, width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  // MARK: JSON

  /// How JSON is laid out: Python's `json.dumps` with its defaults, but for text beyond ASCII.
  struct JSONLayout {
    var escapesBeyondASCII = false
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false
  }

  /// The value as JSON.
  func json(_ layout: JSONLayout, depth: Int = 0) throws(TemplateFault) -> String {
    switch self {
    case .null: return "null"
    case .boolean(let flag): return flag ? "true" : "false"
    case .integer(let number): return String(number)
    case .double(let number):
      return number.isNaN
        ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : number.description
    case .string(let text): return Self.json(text, layout)
    case .list(let elements), .tuple(let elements):
      var parts: [String] = []
      for element in elements { parts.append(try element.json(layout, depth: depth + 1)) }
      return Self.enclosed(parts, "[", "]", layout, depth)
    case .map(let map):
      var entries: [(key: String, value: TemplateValue)] = []
      for entry in map.entries { entries.append((try Self.jsonKey(entry.key), entry.value)) }
      if layout.sortsKeys {
        entries.sort { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
      }
      var parts: [String] = []
      for (key, value) in entries {
        parts.append(
          Self.json(key, layout) + layout.keySeparator + (try value.json(layout, depth: depth + 1)))
      }
      return Self.enclosed(parts, "{", "}", layout, depth)
    case .undefined(let problem): throw TemplateFault("tojson: " + problem)
    case .callable, .object: throw TemplateFault("tojson: a '\(typeName)' is not JSON")
    }
  }

  private static func jsonKey(_ key: TemplateValue) throws(TemplateFault) -> String {
    switch key {
    case .string(let text): return text
    case .null, .boolean, .integer, .double: return try key.json(JSONLayout())
    default: throw TemplateFault("tojson: a '\(key.typeName)' cannot be a key")
    }
  }

  private static func enclosed(
    _ parts: [String], _ open: String, _ close: String, _ layout: JSONLayout, _ depth: Int
  ) -> String {
    guard let indent = layout.indent, !parts.isEmpty else {
      return open + parts.joined(separator: layout.itemSeparator) + close
    }
    let inner = "\n" + String(repeating: indent, count: depth + 1)
    let outer = "\n" + String(repeating: indent, count: depth)
    return open + inner + parts.joined(separator: layout.itemSeparator + inner) + outer + close
  }

  private static func json(_ text: String, _ layout: JSONLayout) -> String {
    var result = String.UnicodeScalarView()
    result.append("\"")
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result.append(contentsOf: ["\\", scalar])
      case "\n": result.append(contentsOf: ["\\", "n"])
      case "\r": result.append(contentsOf: ["\\", "r"])
      case "\t": result.append(contentsOf: ["\\", "t"])
      case "\u{8}": result.append(contentsOf: ["\\", "b"])
      case "\u{C}": result.append(contentsOf: ["\\", "f"])
      default:
        if scalar.value >= 0x20, scalar.isASCII || !layout.escapesBeyondASCII {
          result.append(scalar)
        } else {
          for unit in String(scalar).utf16 {
            result.append(contentsOf: ("\\u" + hexadecimal(UInt32(unit), width: 4)).unicodeScalars)
          }
        }
      }
    }
    result.append("\"")
    return String(result)
  }
}

// The tests behind `is`: questions about a value.

/// Jinja's tests.
enum TemplateChecks {
  private static let unary: [String: @Sendable (TemplateValue) -> Bool] = [
    "defined": { !$0.isUndefined }, "undefined": { $0.isUndefined }, "none": { $0 == .null },
    "boolean": { if case .boolean = $0 { true } else { false } },
    "true": { if case .boolean(true) = $0 { true } else { false } },
    "false": { if case .boolean(false) = $0 { true } else { false } },
    "string": { if case .string = $0 { true } else { false } },
    "integer": { if case .integer = $0 { true } else { false } },
    "float": { if case .double = $0 { true } else { false } },
    "number": { $0.number != nil },
    "mapping": { if case .map = $0 { true } else { false } },
    "callable": {
      switch $0 {
      case .callable, .object(.loop), .object(.joiner), .undefined: true
      default: false
      }
    },
    "iterable": {
      switch $0 {
      case .object(.namespace), .object(.cycler), .object(.joiner): false
      case .object: true
      default: hasElements($0)
      }
    },
    "sequence": { if case .object(.range) = $0 { true } else { hasElements($0) } },
    "upper": {
      $0.text == TemplateText($0.text).upper.string
        && $0.text.unicodeScalars.contains(where: \.properties.isCased)
    },
    "lower": {
      $0.text == TemplateText($0.text).lower.string
        && $0.text.unicodeScalars.contains(where: \.properties.isCased)
    },
    "escaped": { _ in false },
  ]

  private static let comparisons: [String: TemplateExpression.Comparison] = [
    "eq": .equal, "equalto": .equal, "==": .equal, "ne": .unequal, "!=": .unequal, "lt": .less,
    "lessthan": .less, "<": .less,
    "le": .lessOrEqual, "<=": .lessOrEqual, "gt": .greater, "greaterthan": .greater, ">": .greater,
    "ge": .greaterOrEqual, ">=": .greaterOrEqual, "in": .contained,
  ]

  /// Every test there is.
  static let names: Set<String> =
    Set(unary.keys).union(comparisons.keys).union(["divisibleby", "even", "odd", "sameas", "filter", "test"])

  /// The words for a test that does not exist.
  static func unknown(_ name: String) -> String {
    "unknown test '\(name)'" + suggestion(for: name, in: names)
  }

  /// Whether `value is name(arguments)` holds.
  static func holds(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateCallArguments,
    _ objects: inout TemplateObjects
  ) throws(TemplateFault) -> Bool {
    if let check = unary[name] {
      guard arguments.positional.isEmpty else { throw TemplateFault("test '\(name)' takes no argument") }
      return check(value)
    }
    switch name {
    case "even", "odd", "divisibleby":
      // As in Jinja, by the operator `%`, which formats where the value is a text.
      let divisor = name == "divisibleby" ? try other(name, arguments) : 2
      return try TemplateValue.arithmetic(value, .remainder, divisor) == (name == "odd" ? 1 : 0)
    case "sameas":
      let other = try other(name, arguments)
      return value == other && value.typeName == other.typeName
    case "filter", "test":
      guard value.isHashable else {
        throw TemplateFault("test '\(name)' needs a name, not '\(value.typeName)'")
      }
      guard name == "filter" else { return names.contains(value.text) }
      return TemplateFilters.parameters[value.text] != nil
    default:
      guard let comparison = comparisons[name] else { throw TemplateFault(unknown(name)) }
      return try objects.holds(value, comparison, try other(name, arguments))
    }
  }

  private static func other(
    _ name: String, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue {
    guard let other = arguments.positional.first ?? arguments.named.first?.value else {
      throw TemplateFault("test '\(name)' needs an argument")
    }
    return other
  }

  private static func hasElements(_ value: TemplateValue) -> Bool {
    switch value {
    case .string, .list, .tuple, .map, .undefined: true
    default: false
    }
  }
}

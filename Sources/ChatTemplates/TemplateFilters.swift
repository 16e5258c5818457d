// The filters behind `|`: their names, their parameters, and those that work on one value.

/// Jinja's filters, with `tojson` as chat templates expect it.
enum TemplateFilters {
  /// The parameters of every filter, by name. A `*` stands for arguments that go on to another filter or test.
  static let parameters: [String: [String]] = [
    "abs": [], "attr": ["name"], "batch": ["linecount", "fill_with"], "capitalize": [], "center": ["width"],
    "count": [], "d": ["default_value", "boolean"], "default": ["default_value", "boolean"],
    "dictsort": ["case_sensitive", "by", "reverse"], "e": [], "escape": [], "first": [], "float": ["default"],
    "format": ["*"], "groupby": ["attribute", "default", "case_sensitive"],
    "indent": ["width", "first", "blank"], "int": ["default", "base"], "items": [],
    "join": ["d", "attribute"],
    "last": [], "length": [], "list": [], "lower": [], "map": ["*"], "max": ["case_sensitive", "attribute"],
    "min": ["case_sensitive", "attribute"], "reject": ["*"], "rejectattr": ["*"],
    "replace": ["old", "new", "count"], "reverse": [], "round": ["precision", "method"], "safe": [],
    "select": ["*"], "selectattr": ["*"], "slice": ["slices", "fill_with"],
    "sort": ["reverse", "case_sensitive", "attribute"], "string": [], "sum": ["attribute", "start"],
    "title": [],
    "tojson": ["ensure_ascii", "indent", "separators", "sort_keys"], "trim": ["chars"],
    "truncate": ["length", "killwords", "end", "leeway"], "unique": ["case_sensitive", "attribute"],
    "upper": [],
    "wordcount": [],
  ]

  /// The words for a filter that does not exist.
  static func unknown(_ name: String) -> String {
    "unknown filter '\(name)'" + suggestion(for: name, in: parameters.keys)
  }

  /// The value of `value | name(arguments)`.
  static func apply(
    _ name: String, to value: TemplateValue, _ arguments: TemplateCallArguments,
    _ objects: inout TemplateObjects
  ) throws(TemplateFault) -> TemplateValue {
    guard let names = parameters[name] else { throw TemplateFault(unknown(name)) }
    if names != ["*"] {
      guard arguments.positional.count <= names.count else {
        throw TemplateFault("filter '\(name)' takes at most \(names.count) arguments")
      }
      for (given, _) in arguments.named where !names.contains(given) {
        throw TemplateFault("filter '\(name)' has no argument '\(given)'" + suggestion(for: given, in: names))
      }
    }
    if let result = try onSequence(name, value, arguments, &objects) { return result }
    if name == "attr", case .object(let object) = value {
      return objects.attribute(arguments.value(0, "name")?.text ?? "", of: object)
        ?? .undefined("'\(value.typeName)' has no such attribute")
    }
    return try onValue(name, value, arguments)
  }

  private static func onValue(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue {
    var text: TemplateText { TemplateText(value.text) }
    switch name {
    case "default", "d":
      let replaces = value.isUndefined || arguments.value(1, "boolean")?.isTrue ?? false && !value.isTrue
      return replaces ? arguments.value(0, "default_value") ?? "" : value
    case "string", "safe": return .string(value.text)
    case "upper": return .string(text.upper.string)
    case "lower": return .string(text.lower.string)
    case "capitalize": return .string(text.capitalized.string)
    case "title":
      let parts = text.scalars.split(omittingEmptySubsequences: false) {
        $0.isTemplateSpace || "-([{<".unicodeScalars.contains($0)
      }
      var result: [Unicode.Scalar] = []
      for part in parts {
        if part.startIndex > 0 { result.append(text.scalars[part.startIndex - 1]) }
        // The first in upper case, not in title case: so Jinja has it, unlike Python's own method.
        result += part.prefix(1).flatMap { $0.properties.uppercaseMapping.unicodeScalars }
        result += TemplateText(part.dropFirst()).lower.scalars
      }
      return .string(TemplateText(result).string)
    case "trim":
      let set = arguments.value(0, "chars").flatMap { $0 == .null ? nil : TemplateText($0.text) }
      return .string(text.stripped(of: set, left: true, right: true).string)
    case "replace":
      guard let old = arguments.value(0, "old"), let new = arguments.value(1, "new") else {
        throw TemplateFault("filter 'replace' needs an old and a new text")
      }
      let limit = arguments.value(2, "count")?.wholeNumber ?? .max
      return .string(
        text.replacing(TemplateText(old.text), with: TemplateText(new.text), limit: limit < 0 ? .max : limit)
          .string)
    case "escape", "e":
      let marks: [Unicode.Scalar: String] = [
        "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&#34;", "'": "&#39;",
      ]
      return .string(text.scalars.map { marks[$0] ?? String($0) }.joined())
    case "format":
      guard arguments.named.isEmpty || arguments.positional.isEmpty else {
        throw TemplateFault("filter 'format' takes named arguments or others, not both")
      }
      let values: TemplateValue =
        arguments.named.isEmpty
        ? .tuple(arguments.positional) : .map(TemplateMap(arguments.named.map { ($0.name, $0.value) }))
      return .string(try TemplateFormat.formatted(value.text, percent: values))
    case "indent":
      guard case .string = value else {
        throw TemplateFault("filter 'indent' needs a text, not '\(value.typeName)'")
      }
      return .string(indented(text, arguments))
    case "center":
      let width = arguments.value(0, "width") ?? 80
      return try TemplateMethods.call(
        "center", of: .string(value.text), TemplateCallArguments(positional: [width]))
    case "truncate": return try truncated(value, arguments)
    case "wordcount": return .integer(wordCount(text))
    case "tojson": return .string(try value.json(try layout(arguments)))
    case "attr":
      // Attributes only, where '.' would look for an entry too.
      let attribute = arguments.value(0, "name")?.text ?? ""
      if case .undefined(let problem) = value { throw TemplateFault(problem) }
      if TemplateMethods.exist(attribute, for: value) { return .callable(.method(attribute, of: value)) }
      return .undefined("'\(value.typeName)' has no attribute '\(attribute)'")
    case "abs", "int", "float", "round": return try number(name, value, arguments)
    default: throw TemplateFault(unknown(name))
    }
  }

  private static func indented(_ text: TemplateText, _ arguments: TemplateCallArguments) -> String {
    let width = arguments.value(0, "width") ?? 4
    let prefix: String
    if case .string(let given) = width {
      prefix = given
    } else {
      prefix = String(repeating: " ", count: max(0, width.wholeNumber ?? 4))
    }
    let indentsFirst = arguments.value(1, "first")?.isTrue ?? false
    let indentsBlank = arguments.value(2, "blank")?.isTrue ?? false
    // One line more, so that a line feed at the end stays.
    let lines = TemplateText(text.scalars + ["\n"]).lines().map(\.string)
    let rest = lines.dropFirst().map { $0.isEmpty && !indentsBlank ? $0 : prefix + $0 }
    return (indentsFirst ? prefix : "") + ([lines.first ?? ""] + rest).joined(separator: "\n")
  }

  private static func truncated(
    _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue {
    let length = arguments.value(0, "length")?.wholeNumber ?? 255
    let end = TemplateText(arguments.value(2, "end")?.text ?? "...").scalars
    let leeway = arguments.value(3, "leeway")?.wholeNumber ?? 5
    guard length >= end.count, leeway >= 0 else {
      throw TemplateFault("filter 'truncate' needs a length of at least that of its end")
    }
    guard try value.elements().count > length + leeway else { return value }
    guard case .string(let text) = value else {
      throw TemplateFault("filter 'truncate' needs a text, not '\(value.typeName)'")
    }
    var cut = TemplateText(TemplateText(text).scalars.prefix(length - end.count))
    let keepsWords = !(arguments.value(1, "killwords")?.isTrue ?? false)
    if keepsWords { cut = cut.splitFromEnd(TemplateText(" "), limit: 1)[0] }
    return .string(TemplateText(cut.scalars + end).string)
  }

  private static func wordCount(_ text: TemplateText) -> Int {
    var count = 0
    var isInWord = false
    for scalar in text.scalars {
      let isPart = scalar == "_" || scalar.isTemplateLetter || scalar.properties.numericType != nil
      if isPart, !isInWord { count += 1 }
      isInWord = isPart
    }
    return count
  }

  private static func layout(_ arguments: TemplateCallArguments) throws(TemplateFault)
    -> TemplateValue.JSONLayout
  {
    var layout = TemplateValue.JSONLayout()
    layout.escapesBeyondASCII = arguments.value(0, "ensure_ascii")?.isTrue ?? false
    layout.sortsKeys = arguments.value(3, "sort_keys")?.isTrue ?? false
    switch arguments.value(1, "indent") ?? .null {
    case .null: break
    case .string(let text): layout.indent = text
    case let width:
      guard let count = width.wholeNumber else { throw TemplateFault("'indent' needs a number or a text") }
      layout.indent = String(repeating: " ", count: max(0, count))
    }
    if layout.indent != nil { layout.itemSeparator = "," }
    let separators = arguments.value(2, "separators") ?? .null
    if separators != .null {
      let pair = try separators.elements()
      guard pair.count == 2 else { throw TemplateFault("'separators' needs two texts") }
      layout.itemSeparator = pair[0].text
      layout.keySeparator = pair[1].text
    }
    return layout
  }

  // MARK: Numbers

  private static func number(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue {
    if case .undefined(let problem) = value { throw TemplateFault(problem) }
    switch name {
    case "int":
      if let whole = value.wholeNumber { return .integer(whole) }
      let base = arguments.value(1, "base")?.wholeNumber ?? 10
      if case .string(let text) = value, (2...36).contains(base) {
        let digits = TemplateText(text).stripped(of: nil, left: true, right: true).string
        if let whole = Int(digits, radix: base) { return .integer(whole) }
      }
      if let real = real(value), let whole = Int(exactly: real.rounded(.towardZero)) {
        return .integer(whole)
      }
      return arguments.value(0, "default") ?? .integer(0)
    case "float": return real(value).map { .double($0) } ?? arguments.value(0, "default") ?? .double(0)
    case "abs":
      if let whole = value.wholeNumber, whole != .min { return .integer(abs(whole)) }
      guard let number = value.number else { throw TemplateFault("filter 'abs' needs a number") }
      return .double(abs(number))
    default: return try rounded(value, arguments)
    }
  }

  private static func real(_ value: TemplateValue) -> Double? {
    guard case .string(let text) = value else { return value.number }
    return Double(TemplateText(text).stripped(of: nil, left: true, right: true).string)
  }

  private static func rounded(
    _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue {
    let precision = arguments.value(0, "precision")?.wholeNumber ?? 0
    let rules: [String: FloatingPointRoundingRule] = [
      "common": .toNearestOrEven, "ceil": .up, "floor": .down,
    ]
    guard let rule = rules[arguments.value(1, "method")?.text ?? "common"] else {
      throw TemplateFault("filter 'round' takes 'common', 'ceil' or 'floor'")
    }
    guard let number = value.number, abs(precision) <= 15 else {
      throw TemplateFault("filter 'round' needs a number and a precision of at most 15")
    }
    if let whole = value.wholeNumber, rule == .toNearestOrEven, precision >= 0 { return .integer(whole) }
    var scale = 1.0
    for _ in 0..<abs(precision) { scale *= 10 }
    let scaled = precision < 0 ? number / scale : number * scale
    return .double(precision < 0 ? scaled.rounded(rule) * scale : scaled.rounded(rule) / scale)
  }
}

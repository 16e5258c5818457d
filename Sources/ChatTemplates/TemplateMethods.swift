// The methods of texts, lists and dictionaries that templates call.

/// Python's methods that leave their value as it is.
enum TemplateMethods {
  private static let ofTexts: Set<String> = [
    "capitalize", "count", "endswith", "find", "format", "index", "isalnum", "isalpha", "isdigit", "islower",
    "isnumeric", "isspace", "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix",
    "removesuffix", "replace", "rfind", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines",
    "startswith", "strip", "swapcase", "title", "upper", "zfill", "casefold",
  ]
  private static let ofLists: Set<String> = ["count", "index"]
  private static let ofMaps: Set<String> = ["copy", "get", "items", "keys", "values"]
  /// Methods that would change a value that others see.
  private static let changing: Set<String> = [
    "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort",
    "update",
  ]

  /// Whether values of this kind have the method.
  static func exist(_ name: String, for value: TemplateValue) -> Bool {
    switch value {
    case .string: ofTexts.contains(name)
    case .list: ofLists.contains(name) || changing.contains(name)
    case .tuple: ofLists.contains(name)
    case .map(let map): ofMaps.contains(name) || changing.contains(name) && map[name] == nil
    default: false
    }
  }

  /// The value of `value.name(arguments)`.
  static func call(
    _ name: String, of value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue {
    if changing.contains(name) {
      throw TemplateFault(
        "'\(name)' would change a '\(value.typeName)'; templates may not, but '+' makes a new list")
    }
    switch value {
    case .string(let text): return try call(name, text: TemplateText(text), arguments)
    case .list(let elements), .tuple(let elements):
      let element = try required(arguments, 0, name)
      let count = elements.count { $0 == element }
      if name == "count" { return .integer(count) }
      guard let index = elements.firstIndex(of: element) else {
        throw TemplateFault("\(element.representation) is not in the list")
      }
      return .integer(index)
    case .map(let map):
      switch name {
      case "keys": return .list(map.entries.map(\.key))
      case "values": return .list(map.entries.map(\.value))
      case "items": return .list(map.entries.map { .tuple([$0.key, $0.value]) })
      case "get": return map[try required(arguments, 0, name)] ?? arguments.value(1, "default") ?? .null
      default: return value
      }
    default: throw TemplateFault("'\(value.typeName)' has no method '\(name)'")
    }
  }

  private static func required(
    _ arguments: TemplateCallArguments, _ index: Int, _ name: String
  ) throws(TemplateFault) -> TemplateValue {
    guard index < arguments.positional.count else { throw TemplateFault("'\(name)' needs an argument") }
    return arguments.positional[index]
  }

  private static func text(
    _ arguments: TemplateCallArguments, _ index: Int, _ name: String
  ) throws(TemplateFault) -> TemplateText {
    let value = try required(arguments, index, name)
    guard case .string(let text) = value else {
      throw TemplateFault("'\(name)' needs a text, not '\(value.typeName)'")
    }
    return TemplateText(text)
  }

  private static func call(
    _ name: String, text: TemplateText, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue {
    func strings(_ parts: [TemplateText]) -> TemplateValue { .list(parts.map { .string($0.string) }) }
    func all(_ isMember: (Unicode.Scalar) -> Bool) -> TemplateValue {
      .boolean(!text.scalars.isEmpty && text.scalars.allSatisfy(isMember))
    }
    switch name {
    case "upper": return .string(text.upper.string)
    case "lower", "casefold": return .string(text.lower.string)
    case "capitalize": return .string(text.capitalized.string)
    case "title": return .string(text.titled { !$0.properties.isCased }.string)
    case "swapcase":
      return .string(
        text.scalars.map {
          $0.properties.isUppercase ? $0.properties.lowercaseMapping : $0.properties.uppercaseMapping
        }.joined())
    case "strip", "lstrip", "rstrip":
      let isWhole = arguments.positional.isEmpty || arguments.positional[0] == .null
      let set = isWhole ? nil : try self.text(arguments, 0, name)
      return .string(text.stripped(of: set, left: name != "rstrip", right: name != "lstrip").string)
    case "split", "rsplit": return strings(try split(text, name, arguments))
    case "splitlines": return strings(text.lines)
    case "partition", "rpartition": return try partition(text, name, arguments)
    case "startswith", "endswith":
      return .boolean(
        try affixes(arguments, name).contains { affix in
          let count = affix.scalars.count
          let end = name == "startswith" ? text.scalars.prefix(count) : text.scalars.suffix(count)
          return end.elementsEqual(affix.scalars)
        })
    case "removeprefix":
      let affix = try self.text(arguments, 0, name)
      return .string(
        text.scalars.starts(with: affix.scalars)
          ? TemplateText(text.scalars.dropFirst(affix.scalars.count)).string : text.string)
    case "removesuffix":
      let affix = try self.text(arguments, 0, name)
      let ends = text.scalars.suffix(affix.scalars.count).elementsEqual(affix.scalars)
      return .string(ends ? TemplateText(text.scalars.dropLast(affix.scalars.count)).string : text.string)
    case "replace":
      let limit = arguments.value(2, "count")?.wholeNumber ?? -1
      return .string(
        text.replacing(
          try self.text(arguments, 0, name), with: try self.text(arguments, 1, name),
          limit: limit < 0 ? .max : limit
        ).string)
    case "find": return .integer(text.firstIndex(of: try self.text(arguments, 0, name)) ?? -1)
    case "rfind": return .integer(text.lastIndex(of: try self.text(arguments, 0, name)) ?? -1)
    case "index":
      guard let index = text.firstIndex(of: try self.text(arguments, 0, name)) else {
        throw TemplateFault("'index' did not find its text")
      }
      return .integer(index)
    case "count":
      let part = try self.text(arguments, 0, name)
      return .integer(part.scalars.isEmpty ? text.scalars.count + 1 : text.split(part, limit: .max).count - 1)
    case "join":
      var parts: [String] = []
      for element in try required(arguments, 0, name).elements() {
        guard case .string(let part) = element else {
          throw TemplateFault(
            "'join' needs texts, found '\(element.typeName)'; the filter 'join' takes any value")
        }
        parts.append(part)
      }
      return .string(parts.joined(separator: text.string))
    case "format": return .string(try formatted(text, arguments))
    case "ljust", "rjust", "zfill": return try justified(text, name, arguments)
    case "isdigit", "isnumeric": return all { $0.properties.numericType != nil }
    case "isalpha": return all(\.isTemplateLetter)
    case "isalnum": return all { $0.isTemplateLetter || $0.properties.numericType != nil }
    case "isspace": return all(\.isTemplateSpace)
    case "isupper", "islower":
      let cased = text.scalars.filter(\.properties.isCased)
      let isUpper = name == "isupper"
      return .boolean(
        !cased.isEmpty
          && cased.allSatisfy { isUpper ? $0.properties.isUppercase : $0.properties.isLowercase })
    default: throw TemplateFault("'str' has no method '\(name)'")
    }
  }

  private static func affixes(
    _ arguments: TemplateCallArguments, _ name: String
  ) throws(TemplateFault) -> [TemplateText] {
    guard case .tuple(let affixes) = try required(arguments, 0, name) else {
      return [try text(arguments, 0, name)]
    }
    return affixes.map { TemplateText($0.text) }
  }

  private static func split(
    _ text: TemplateText, _ name: String, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> [TemplateText] {
    let given = arguments.value(1, "maxsplit")?.wholeNumber ?? -1
    let limit = given < 0 ? .max : given
    let separator = arguments.value(0, "sep") ?? .null
    if separator == .null {
      guard name == "rsplit", limit < .max else { return text.words(limit: limit) }
      let reversed = TemplateText(text.scalars.reversed()).words(limit: limit)
      return reversed.reversed().map { TemplateText($0.scalars.reversed()) }
    }
    guard case .string(let mark) = separator, !mark.isEmpty else {
      throw TemplateFault("'\(name)' needs a separator that is a text and not empty")
    }
    return name == "split"
      ? text.split(TemplateText(mark), limit: limit) : text.splitFromEnd(TemplateText(mark), limit: limit)
  }

  private static func partition(
    _ text: TemplateText, _ name: String, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue {
    let mark = try self.text(arguments, 0, name)
    let place = name == "partition" ? text.firstIndex(of: mark) : text.lastIndex(of: mark)
    guard let place else {
      return .tuple(
        name == "partition"
          ? [.string(text.string), .string(""), .string("")]
          : [.string(""), .string(""), .string(text.string)])
    }
    let before = TemplateText(text.scalars[..<place])
    let after = TemplateText(text.scalars[(place + mark.scalars.count)...])
    return .tuple([.string(before.string), .string(mark.string), .string(after.string)])
  }

  private static func justified(
    _ text: TemplateText, _ name: String, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue {
    guard let width = try required(arguments, 0, name).wholeNumber, width <= 100_000 else {
      throw TemplateFault("'\(name)' needs a width of at most 100000")
    }
    let fill = name == "zfill" ? "0" : arguments.value(1, "fillchar")?.text ?? " "
    let padding = String(repeating: fill, count: max(0, width - text.scalars.count))
    return .string(name == "ljust" ? text.string + padding : padding + text.string)
  }

  /// Python's `format` with `{}`, `{0}` and `{name}`.
  private static func formatted(
    _ text: TemplateText, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> String {
    var result = String.UnicodeScalarView()
    var next = 0
    var place = 0
    let scalars = text.scalars
    while place < scalars.count {
      let scalar = scalars[place]
      place += 1
      guard scalar == "{" || scalar == "}" else {
        result.append(scalar)
        continue
      }
      if place < scalars.count, scalars[place] == scalar {
        result.append(scalar)
        place += 1
        continue
      }
      guard scalar == "{", let close = scalars[place...].firstIndex(of: "}") else {
        throw TemplateFault("'format' has a brace without its partner")
      }
      let field = TemplateText(scalars[place..<close]).string
      place = close + 1
      let index = field.isEmpty ? next : Int(field)
      if field.isEmpty { next += 1 }
      let value =
        index.map { $0 < arguments.positional.count ? arguments.positional[$0] : nil }
        ?? arguments.named.last { $0.name == field }?.value
      guard let value else { throw TemplateFault("'format' has no value for '{\(field)}'") }
      result.append(contentsOf: value.text.unicodeScalars)
    }
    return String(result)
  }
}

extension Unicode.Scalar {
  /// Whether Python counts the scalar to letters.
  var isTemplateLetter: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }
}

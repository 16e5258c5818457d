// The methods of texts, lists and dictionaries that templates call.

/// Python's methods that leave their value as it is.
enum TemplateMethods {
  private static let ofTexts: Set<String> = [
    "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format", "index",
    "isalnum",
    "isalpha", "isascii", "isdecimal", "isdigit", "islower", "isnumeric", "isprintable", "isspace", "istitle",
    "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace",
    "rfind",
    "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip",
    "swapcase",
    "title", "upper", "zfill",
  ]
  private static let ofLists: Set<String> = ["count", "index"]
  private static let ofMaps: Set<String> = ["copy", "get", "items", "keys", "values"]
  /// Methods that would change a value that others see.
  private static let changing: Set<String> = [
    "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort",
    "update",
  ]
  private static let changesOnlyMaps: Set<String> = ["popitem", "setdefault", "update"]
  private static let changesOnlyLists: Set<String> = [
    "append", "extend", "insert", "remove", "reverse", "sort",
  ]

  /// Whether values of this kind have the method.
  static func exist(_ name: String, for value: TemplateValue) -> Bool {
    switch value {
    case .string: ofTexts.contains(name)
    case .list, .tuple: ofLists.contains(name) || name == "copy" && value.typeName == "list"
    case .map: ofMaps.contains(name)
    default: false
    }
  }

  /// Whether a method of this name would change the value.
  static func change(_ name: String, _ value: TemplateValue) -> Bool {
    switch value {
    case .list: ofLists.isDisjoint(with: [name]) && changing.contains(name) && !changesOnlyMaps.contains(name)
    case .map: changing.contains(name) && !changesOnlyLists.contains(name)
    default: false
    }
  }

  /// The value of `value.name(arguments)`.
  static func call(
    _ name: String, of value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateFault) -> TemplateValue {
    switch value {
    case .string(let text): return try call(name, text: TemplateText(text), arguments)
    case .list(let elements), .tuple(let elements):
      if name == "copy" { return value }
      guard name == "index" || arguments.positional.count == 1 else {
        throw TemplateFault("'count' takes one argument")
      }
      let element = try required(arguments, 0, name)
      let count = elements.count { $0 == element }
      if name == "count" { return .integer(count) }
      guard let index = elements.firstIndex(of: element) else {
        throw TemplateFault("\(element.representation) is not in the list")
      }
      return .integer(index)
    case .map(let map):
      switch name {
      case "keys": return .object(.keys(map))
      case "values": return .object(.values(map))
      case "items": return .object(.items(map))
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
    case "lower": return .string(text.lower.string)
    case "casefold":
      // Folding maps what is written the same in upper case to one spelling; only the dotless i keeps apart.
      return .string(
        text.scalars.map { scalar in
          guard scalar != "ı" else { return "ı" }
          return scalar.properties.uppercaseMapping.unicodeScalars.map(\.properties.lowercaseMapping).joined()
        }.joined())
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
    case "splitlines":
      let keepsEnds = arguments.value(0, "keepends")?.isTrue ?? false
      return strings(text.lines(keepingEnds: keepsEnds))
    case "partition", "rpartition": return try partition(text, name, arguments)
    case "startswith", "endswith":
      let affixes = try affixes(arguments, name)
      guard let part = window(text, arguments)?.text else { return false }
      return .boolean(
        affixes.contains { affix in
          let count = affix.scalars.count
          let end = name == "startswith" ? part.scalars.prefix(count) : part.scalars.suffix(count)
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
    case "find", "rfind", "index", "rindex":
      let part = try self.text(arguments, 0, name)
      let window = window(text, arguments)
      let isFirst = name == "find" || name == "index"
      let place = window.flatMap { isFirst ? $0.text.firstIndex(of: part) : $0.text.lastIndex(of: part) }
      guard let place, let window else {
        if name.hasSuffix("find") { return -1 }
        throw TemplateFault("'\(name)' did not find its text")
      }
      return .integer(window.start + place)
    case "count":
      let part = try self.text(arguments, 0, name)
      guard let inside = window(text, arguments)?.text else { return 0 }
      return .integer(
        part.scalars.isEmpty ? inside.scalars.count + 1 : inside.split(part, limit: .max).count - 1)
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
    case "format": return .string(try TemplateFormat.formatted(text, arguments))
    case "ljust", "rjust", "zfill", "center": return try justified(text, name, arguments)
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
    case "isdecimal": return all { $0.properties.generalCategory == .decimalNumber }
    case "isascii": return .boolean(text.scalars.allSatisfy(\.isASCII))
    case "isprintable": return .boolean(text.scalars.allSatisfy(TemplateValue.isPrintable))
    case "istitle":
      return .boolean(
        text == text.titled { !$0.properties.isCased } && text.scalars.contains(where: \.properties.isCased))
    case "expandtabs": return .string(expanded(text, tab: arguments.value(0, "tabsize")?.wholeNumber ?? 8))
    default: throw TemplateFault("'str' has no method '\(name)'")
    }
  }

  /// The part that the second and third argument of searching methods choose; nil where there is none.
  private static func window(_ text: TemplateText, _ arguments: TemplateCallArguments) -> (
    text: TemplateText, start: Int
  )? {
    let count = text.scalars.count
    func bound(_ index: Int) -> Int? {
      guard index < arguments.positional.count, let given = arguments.positional[index].wholeNumber else {
        return nil
      }
      return given < 0 ? max(0, given + count) : given
    }
    let (start, end) = (bound(1) ?? 0, min(bound(2) ?? count, count))
    return start > end ? nil : (TemplateText(text.scalars[start..<end]), start)
  }

  private static func expanded(_ text: TemplateText, tab: Int) -> String {
    var result = String.UnicodeScalarView()
    var column = 0
    for scalar in text.scalars {
      if scalar == "\t" {
        let spaces = tab > 0 ? tab - column % tab : 0
        result.append(contentsOf: repeatElement(" ", count: min(spaces, 1000)))
        column += spaces
      } else {
        result.append(scalar)
        column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
      }
    }
    return String(result)
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
    guard fill.unicodeScalars.count == 1 else { throw TemplateFault("'\(name)' fills with one character") }
    let missing = max(0, width - text.scalars.count)
    // Python's own rule for what stays when the sides cannot be equal.
    let left = missing / 2 + (missing & width & 1)
    let before = name == "ljust" ? 0 : name == "center" ? left : missing
    let sign =
      name == "zfill" && missing > 0 ? text.scalars.first.flatMap { $0 == "+" || $0 == "-" ? $0 : nil } : nil
    let body = sign == nil ? text.string : TemplateText(text.scalars.dropFirst()).string
    return .string(
      (sign.map { String($0) } ?? "") + String(repeating: fill, count: before) + body
        + String(repeating: fill, count: missing - before))
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

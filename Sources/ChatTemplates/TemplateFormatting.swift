// Texts with places for values: what stands at each place, and where it comes from.

extension TemplateFormat {
  /// Python's `text % values`.
  static func formatted(_ text: String, percent values: TemplateValue) throws(TemplateFault) -> String {
    let scalars = TemplateText(text).scalars
    var rest: [TemplateValue] =
      if case .tuple(let elements) = values { elements.reversed() } else { [values] }
    var isNamed = false
    var result = String.UnicodeScalarView()
    var place = 0
    func next() throws(TemplateFault) -> Unicode.Scalar {
      guard place < scalars.count else { throw TemplateFault("the format ends inside a place for a value") }
      defer { place += 1 }
      return scalars[place]
    }
    func value() throws(TemplateFault) -> TemplateValue {
      guard let value = rest.popLast() else { throw TemplateFault("the format has more places than values") }
      return value
    }
    func number(_ first: inout Unicode.Scalar) throws(TemplateFault) -> Int? {
      if first == "*" {
        first = try next()
        guard let number = try value().wholeNumber else { throw TemplateFault("'*' takes a whole number") }
        return number
      }
      var digits = ""
      while ("0"..."9").contains(first) {
        digits.unicodeScalars.append(first)
        first = try next()
      }
      return Int(digits)
    }
    while place < scalars.count {
      var letter = try next()
      guard letter == "%" else {
        result.append(letter)
        continue
      }
      letter = try next()
      var named: TemplateValue?
      if letter == "(" {
        let start = place
        while try next() != ")" {}
        guard case .map(let map) = values else { throw TemplateFault("'%(name)' takes a dictionary") }
        let name = TemplateText(scalars[start..<(place - 1)]).string
        guard let value = map[name] else { throw TemplateFault("there is no '\(name)' for '%(\(name))'") }
        (named, isNamed, letter) = (value, true, try next())
      }
      var flags: [Unicode.Scalar] = []
      while ["-", "+", " ", "#", "0"].contains(letter) {
        flags.append(letter)
        letter = try next()
      }
      let width = try number(&letter) ?? 0
      var precision: Int?
      if letter == "." {
        letter = try next()
        precision = try number(&letter) ?? 0
      }
      while ["h", "l", "L"].contains(letter) { letter = try next() }
      guard letter != "%" else {
        result.append("%")
        continue
      }
      guard abs(width) <= 100_000, precision ?? 0 <= 1000 else {
        throw TemplateFault("a format is wider than 100000 characters")
      }
      let format = TemplateFormat(
        percent: width < 0 ? flags + ["-"] : flags, width: abs(width), precision: precision, type: letter)
      func taken() throws(TemplateFault) -> TemplateValue {
        if let named { return named }
        return try value()
      }
      result.append(contentsOf: try format.percent(try taken()).unicodeScalars)
    }
    if isNamed { return String(result) }
    // A list or a dictionary may go unused, as in Python.
    switch values {
    case .list, .map, .undefined, .object(.range): break
    default: guard rest.isEmpty else { throw TemplateFault("the format has fewer places than values") }
    }
    return String(result)
  }

  /// A value laid out by the rules of `%`.
  private func percent(_ value: TemplateValue) throws(TemplateFault) -> String {
    var format = self
    switch type {
    case "s": return try format.laidOut(value.text)
    case "r", "a": return try format.laidOut(value.representation)
    case "c":
      if case .string(let text) = value, text.unicodeScalars.count == 1 { return try format.laidOut(text) }
      guard let code = value.wholeNumber else { throw TemplateFault("'%c' needs a character") }
      return try format.text(of: code)
    case "d", "i", "u", "x", "X", "o":
      format.type = type == "i" || type == "u" ? "d" : type
      if let whole = value.wholeNumber { return try format.integer(whole) }
      let takesAny = format.type == "d"
      guard takesAny, let whole = value.number.flatMap({ Int(exactly: $0.rounded(.towardZero)) }) else {
        throw TemplateFault("'%\(String(type ?? "d"))' needs a number, not '\(value.typeName)'")
      }
      return try format.integer(whole)
    case "e", "E", "f", "F", "g", "G":
      guard case let number? = value.number else {
        throw TemplateFault("'%\(String(type ?? "f"))' needs a number, not '\(value.typeName)'")
      }
      return try format.text(of: number)
    default:
      throw TemplateFault(
        "the format '%\(type.map { String($0) } ?? "")' is not supported; '%s' and '%d' are")
    }
  }

  /// A whole number with at least `precision` digits.
  private func integer(_ number: Int) throws(TemplateFault) -> String {
    guard let precision else { return try text(of: number) }
    var (bare, format) = (self, self)
    (bare.width, bare.precision, bare.align) = (0, nil, ">")
    let digits = try bare.text(of: abs(number))
    let zeros = String(repeating: "0", count: max(0, precision - digits.utf8.count))
    (format.precision, format.fill, format.align) = (nil, " ", align == "<" ? "<" : ">")
    return try format.laidOut((number < 0 ? "-" : sign == "-" ? "" : String(sign)) + zeros + digits)
  }

  // MARK: Braces

  /// Python's `text.format(arguments)`.
  static func formatted(_ text: TemplateText, _ arguments: TemplateCallArguments) throws(TemplateFault)
    -> String
  {
    var fields = 0
    return try formatted(text.scalars, arguments, &fields)
  }

  private static func formatted(
    _ scalars: [Unicode.Scalar], _ arguments: TemplateCallArguments, _ fields: inout Int
  ) throws(TemplateFault) -> String {
    var result = String.UnicodeScalarView()
    var place = 0
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
      guard scalar == "{" else { throw TemplateFault("'format' has a brace without its partner") }
      let start = place
      var depth = 1
      while place < scalars.count, depth > 0 {
        if scalars[place] == "{" { depth += 1 }
        if scalars[place] == "}" { depth -= 1 }
        place += 1
      }
      guard depth == 0 else { throw TemplateFault("'format' has a brace without its partner") }
      result.append(
        contentsOf: try field(Array(scalars[start..<(place - 1)]), arguments, &fields).unicodeScalars)
    }
    return String(result)
  }

  /// The text for what stands between braces.
  private static func field(
    _ scalars: [Unicode.Scalar], _ arguments: TemplateCallArguments, _ fields: inout Int
  ) throws(TemplateFault) -> String {
    let nameEnd = scalars.firstIndex { $0 == "!" || $0 == ":" } ?? scalars.count
    var value = try value(Array(scalars[..<nameEnd]), arguments, &fields)
    var rest = scalars[nameEnd...]
    if rest.first == "!" {
      rest.removeFirst()
      switch rest.popFirst() {
      case "s": value = .string(value.text)
      case "r", "a": value = .string(value.representation)
      default: throw TemplateFault("'format' knows the conversions '!s' and '!r'")
      }
    }
    guard let colon = rest.popFirst() else { return value.text }
    guard colon == ":" else { throw TemplateFault("'format' expects ':' behind a conversion") }
    let specification = try formatted(Array(rest), arguments, &fields)
    return try TemplateFormat(specification: TemplateText(specification).scalars).text(of: value)
  }

  private static func value(
    _ path: [Unicode.Scalar], _ arguments: TemplateCallArguments, _ fields: inout Int
  ) throws(TemplateFault) -> TemplateValue {
    let end = path.firstIndex { $0 == "." || $0 == "[" } ?? path.count
    let name = TemplateText(path[..<end]).string
    if name.isEmpty && fields < 0 || Int(name) != nil && fields > 0 {
      throw TemplateFault("'format' takes numbered places or unnumbered ones, not both")
    }
    let index = name.isEmpty ? fields : Int(name)
    if name.isEmpty { fields += 1 } else if index != nil { fields = -1 }
    // Spelled out, as `nil` alone would read as `None`.
    var found = arguments.named.last { $0.name == name }?.value
    if let index { found = arguments.positional.dropFirst(index).first }
    guard var value = found else { throw TemplateFault("'format' has no value for '{\(name)}'") }
    var rest = path[end...]
    while let mark = rest.popFirst() {
      let stop = rest.firstIndex { mark == "[" ? $0 == "]" : $0 == "." || $0 == "[" } ?? rest.endIndex
      let part = TemplateText(rest[..<stop]).string
      guard mark != "[" || stop < rest.endIndex, !part.isEmpty, mark == "[" || mark == "." else {
        throw TemplateFault("'format' does not understand '{\(TemplateText(path).string)}'")
      }
      rest = mark == "[" ? rest[(stop + 1)...] : rest[stop...]
      value =
        mark == "["
        ? try value.item(Int(part).map { .integer($0) } ?? .string(part)) : try value.attribute(part)
    }
    return value
  }
}

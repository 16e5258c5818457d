// Cuts a template into text and tokens, with the white space rules that chat templates rely on.

/// A token of a template.
struct TemplateToken: Sendable, Equatable {
  /// What a token is.
  enum Kind: Sendable, Equatable {
    case text(String)
    case openOutput
    case closeOutput
    case openStatement
    case closeStatement
    case name(String)
    case string(String)
    case integer(Int)
    case double(Double)
    case symbol(String)
    case end
  }

  var kind: Kind
  /// Its offset in the source, in scalars.
  var place: Int
}

/// The lexer: `trim_blocks` and `lstrip_blocks` are on, as for all chat templates.
///
/// A line feed behind `%}` and `#}` goes; so does the white space before `{%` and `{#` on their line, if nothing else
/// stands there. `-` takes all white space on its side, `+` keeps it. One line feed at the end of the source goes.
struct TemplateLexer {
  private let source: [Unicode.Scalar]
  private var position = 0
  private var tokens: [TemplateToken] = []
  /// Whether the tag just passed ended a line, so that a tag right behind it starts one.
  private var startsLine = true

  /// The source with line ends made one kind, as the lexer counts places in it.
  static func normalized(_ source: String) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    for scalar in source.unicodeScalars {
      if scalar == "\n", result.last == "\r" { result.removeLast() }
      result.append(scalar)
    }
    result = result.map { $0 == "\r" ? "\n" : $0 }
    if result.last == "\n" { result.removeLast() }
    return result
  }

  /// The tokens of a normalized source.
  static func tokens(of source: [Unicode.Scalar]) throws(TemplateError) -> [TemplateToken] {
    var lexer = TemplateLexer(source: source)
    try lexer.run()
    return lexer.tokens
  }

  private init(source: [Unicode.Scalar]) { self.source = source }

  /// An error at a place of a normalized source.
  static func error(_ source: [Unicode.Scalar], _ place: Int, _ kind: TemplateError.Kind, _ problem: String)
    -> TemplateError
  {
    let before = source[..<min(place, source.count)]
    let line = before.count { $0 == "\n" } + 1
    let column = before.count - ((before.lastIndex(of: "\n") ?? -1) + 1) + 1
    return TemplateError(kind: kind, line: line, column: column, problem: problem)
  }

  private func fault(_ problem: String, at place: Int? = nil) -> TemplateError {
    Self.error(source, place ?? position, .syntax, problem)
  }

  private func stands(_ text: String, at place: Int) -> Bool {
    place <= source.count && source[place...].starts(with: text.unicodeScalars)
  }

  // MARK: Text

  private mutating func run() throws(TemplateError) {
    var start = 0
    while position < source.count {
      guard source[position] == "{", position + 1 < source.count,
        let kind = "{%#".unicodeScalars.first(where: { $0 == source[position + 1] })
      else {
        position += 1
        continue
      }
      let tag = position
      position += 2
      let sign = position < source.count ? source[position] : " "
      if sign == "-" || sign == "+" { position += 1 }
      appendText(start..<tag, sign: sign, isOutput: kind == "{")
      switch kind {
      case "#": try comment(from: tag)
      case "{":
        tokens.append(TemplateToken(kind: .openOutput, place: tag))
        try inside(from: tag, closing: "}}")
      default:
        if try !raw(from: tag) {
          tokens.append(TemplateToken(kind: .openStatement, place: tag))
          try inside(from: tag, closing: "%}")
        }
      }
      startsLine = position > 0 && source[position - 1] == "\n"
      start = position
    }
    appendText(start..<source.count, sign: "+", isOutput: false)
    tokens.append(TemplateToken(kind: .end, place: source.count))
  }

  private mutating func appendText(_ range: Range<Int>, sign: Unicode.Scalar, isOutput: Bool) {
    var text = source[range]
    if sign == "-" {
      while let last = text.last, last.isTemplateSpace { text.removeLast() }
    } else if sign != "+", !isOutput {
      let line = (text.lastIndex(of: "\n") ?? text.startIndex - 1) + 1
      if line > text.startIndex || startsLine, text[line...].allSatisfy(\.isTemplateSpace) {
        text = text[..<line]
      }
    }
    guard !text.isEmpty else { return }
    tokens.append(
      TemplateToken(kind: .text(String(String.UnicodeScalarView(text))), place: range.lowerBound))
  }

  /// Goes behind a closing mark, with what it takes along.
  private mutating func close(sign: Unicode.Scalar?, takesLineFeed: Bool) {
    position += 2
    if sign == "-" {
      while position < source.count, source[position].isTemplateSpace { position += 1 }
    } else if takesLineFeed, sign != "+", position < source.count, source[position] == "\n" {
      position += 1
    }
  }

  private mutating func comment(from tag: Int) throws(TemplateError) {
    while !stands("#}", at: position) {
      position += 1
      if position > source.count { throw fault("a comment '{#' has no '#}'", at: tag) }
    }
    close(sign: position > tag + 2 ? source[position - 1] : nil, takesLineFeed: true)
  }

  private mutating func raw(from tag: Int) throws(TemplateError) -> Bool {
    // Jinja knows no '+' at the end of this one tag.
    guard let begin = word("raw", from: position), begin.sign != "+" else { return false }
    position = begin.end
    close(sign: begin.sign, takesLineFeed: false)
    let start = position
    while position < source.count {
      if stands("{%", at: position) {
        let signed = position + 2
        let sign = signed < source.count ? source[signed] : " "
        let isSigned = sign == "-" || sign == "+"
        if let end = word("endraw", from: isSigned ? signed + 1 : signed) {
          startsLine = false
          appendText(start..<position, sign: sign, isOutput: false)
          position = end.end
          close(sign: end.sign, takesLineFeed: true)
          return true
        }
      }
      position += 1
    }
    throw fault("'raw' has no 'endraw'", at: tag)
  }

  /// A statement of one word: where its closing mark stands, and the sign before it.
  private func word(_ word: String, from start: Int) -> (end: Int, sign: Unicode.Scalar?)? {
    var place = start
    while place < source.count, source[place].isTemplateSpace { place += 1 }
    guard stands(word, at: place) else { return nil }
    place += word.unicodeScalars.count
    while place < source.count, source[place].isTemplateSpace { place += 1 }
    var sign: Unicode.Scalar?
    if place < source.count, source[place] == "-" || source[place] == "+" {
      sign = source[place]
      place += 1
    }
    return stands("%}", at: place) ? (place, sign) : nil
  }

  // MARK: Tokens

  private static let symbols = [
    "**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", "<", ">",
    "=", ".", ":", "|", ",",
  ]

  private mutating func inside(from tag: Int, closing: String) throws(TemplateError) {
    var open: [(symbol: String, place: Int)] = []
    while position < source.count {
      let scalar = source[position]
      if scalar.isTemplateSpace {
        position += 1
        continue
      }
      if open.isEmpty {
        let isSigned = scalar == "-" || scalar == "+" && closing == "%}"
        let mark = isSigned && stands(closing, at: position + 1) ? position + 1 : position
        if stands(closing, at: mark) {
          let kind: TemplateToken.Kind = closing == "}}" ? .closeOutput : .closeStatement
          tokens.append(TemplateToken(kind: kind, place: position))
          position = mark
          close(sign: mark > 0 && isSigned ? scalar : nil, takesLineFeed: closing == "%}")
          return
        }
      }
      let start = position
      if scalar == "_" || scalar.properties.isXIDStart {
        while position < source.count, source[position].properties.isXIDContinue { position += 1 }
        tokens.append(TemplateToken(kind: .name(text(start..<position)), place: start))
      } else if ("0"..."9").contains(scalar) {
        tokens.append(TemplateToken(kind: try number(), place: start))
      } else if scalar == "'" || scalar == "\"" {
        tokens.append(TemplateToken(kind: .string(try string(scalar)), place: start))
      } else if let symbol = Self.symbols.first(where: { stands($0, at: position) }) {
        try balance(symbol, &open)
        position += symbol.unicodeScalars.count
        tokens.append(TemplateToken(kind: .symbol(symbol), place: start))
      } else {
        throw fault("unexpected character '\(scalar)'")
      }
    }
    throw fault("'\(closing == "}}" ? "{{" : "{%")' has no '\(closing)'", at: tag)
  }

  private func balance(_ symbol: String, _ open: inout [(symbol: String, place: Int)]) throws(TemplateError) {
    let partners = ["(": ")", "[": "]", "{": "}"]
    if partners[symbol] != nil { open.append((symbol, position)) }
    guard partners.values.contains(symbol) else { return }
    guard let last = open.popLast() else { throw fault("unexpected '\(symbol)'") }
    if let partner = partners[last.symbol], partner != symbol {
      throw fault("unexpected '\(symbol)', expected '\(partner)'")
    }
  }

  private func text(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(source[range])) }

  private mutating func number() throws(TemplateError) -> TemplateToken.Kind {
    let start = position
    func digits(_ place: inout Int) {
      while place < source.count, ("0"..."9").contains(source[place]) || source[place] == "_" { place += 1 }
    }
    digits(&position)
    var isDouble = false
    if position + 1 < source.count, source[position] == ".", ("0"..."9").contains(source[position + 1]) {
      isDouble = true
      position += 1
      digits(&position)
    }
    if position + 1 < source.count, source[position] == "e" || source[position] == "E" {
      var place = position + 1
      if source[place] == "+" || source[place] == "-" { place += 1 }
      if place < source.count, ("0"..."9").contains(source[place]) {
        isDouble = true
        position = place
        digits(&position)
      }
    }
    let digits = String(text(start..<position).filter { $0 != "_" })
    if !isDouble, let integer = Int(digits) { return .integer(integer) }
    if isDouble, let double = Double(digits) { return .double(double) }
    throw fault("the number \(digits) is too large", at: start)
  }

  private mutating func string(_ quote: Unicode.Scalar) throws(TemplateError) -> String {
    let start = position
    var result = String.UnicodeScalarView()
    position += 1
    while position < source.count, source[position] != quote {
      if source[position] == "\\" {
        try escape(into: &result, from: start)
      } else {
        result.append(source[position])
        position += 1
      }
    }
    guard position < source.count else { throw fault("a string has no closing \(quote)", at: start) }
    position += 1
    return String(result)
  }

  private mutating func escape(into result: inout String.UnicodeScalarView, from start: Int)
    throws(TemplateError)
  {
    guard position + 1 < source.count else { throw fault("a string is not closed", at: start) }
    let letter = source[position + 1]
    let simple: [Unicode.Scalar: Unicode.Scalar] = [
      "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}",
      "f": "\u{C}", "v": "\u{B}", "0": "\0",
    ]
    let widths: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]
    position += 2
    if let scalar = simple[letter] {
      result.append(scalar)
    } else if letter == "\n" {
      // A line feed behind a backslash joins two lines.
    } else if let width = widths[letter] {
      let digits = text(position..<min(position + width, source.count))
      guard digits.count == width, let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code)
      else {
        throw fault("'\\\(letter)\(digits)' is not a character", at: position - 2)
      }
      result.append(scalar)
      position += width
    } else {
      result.append(contentsOf: ["\\", letter])
    }
  }
}

extension Unicode.Scalar {
  /// Whether Python counts the scalar to white space.
  var isTemplateSpace: Bool {
    if isASCII { return value == 0x20 || 0x09...0x0D ~= value || 0x1C...0x1F ~= value }
    return properties.isWhitespace
  }
}

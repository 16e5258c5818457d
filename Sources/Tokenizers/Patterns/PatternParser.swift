// Reads the subset of Oniguruma's syntax that the split patterns of tokenizers use.

/// A recursive-descent parser of one pattern.
struct PatternParser {
  private let pattern: String
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var foldsCase = false

  /// The tree of a pattern.
  ///
  /// - Throws: `TokenizerError` quoting the pattern and the construct that is not supported.
  static func parse(_ pattern: String) throws(TokenizerError) -> PatternNode {
    var parser = PatternParser(pattern)
    let node = try parser.alternation()
    if parser.position < parser.scalars.count { throw parser.fault("an unmatched ')'") }
    return node
  }

  private init(_ pattern: String) {
    self.pattern = pattern
    scalars = Array(pattern.unicodeScalars)
  }

  private func fault(_ construct: String) -> TokenizerError {
    TokenizerError(problem: "\(construct) is not supported in the split pattern '\(pattern)'")
  }

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func take(_ text: String) -> Bool {
    guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
    position += text.unicodeScalars.count
    return true
  }

  // MARK: Structure

  private mutating func alternation() throws(TokenizerError) -> PatternNode {
    let outerCase = foldsCase
    defer { foldsCase = outerCase }
    var choices = [try sequence()]
    while take("|") { choices.append(try sequence()) }
    return choices.count == 1 ? choices[0] : .alternation(choices)
  }

  private mutating func sequence() throws(TokenizerError) -> PatternNode {
    var parts: [PatternNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      if take("(?i)") {
        foldsCase = true
        continue
      }
      parts.append(try repeated(try atom()))
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func repeated(_ atom: PatternNode) throws(TokenizerError) -> PatternNode {
    var node = atom
    while let scalar = next {
      let bounds: (Int, Int)
      var isInterval = false
      switch scalar {
      case "?": bounds = (0, 1)
      case "*": bounds = (0, .max)
      case "+": bounds = (1, .max)
      case "{":
        bounds = try interval()
        isInterval = true
      default: return node
      }
      position += 1
      if next == "?" { throw fault("a lazy repetition") }
      let isPossessive = !isInterval && take("+")
      if bounds.1 == .max, node.canBeEmpty { throw fault("a repetition of something that can be empty") }
      if bounds.1 != .max, bounds.1 > 1000 { throw fault("a repetition of more than 1000 times") }
      if isPossessive, case .set = node {} else if isPossessive { throw fault("a possessive group") }
      node = .repetition(node, atLeast: bounds.0, atMost: bounds.1, isPossessive: isPossessive)
    }
    return node
  }

  private mutating func interval() throws(TokenizerError) -> (Int, Int) {
    guard let close = scalars[position...].firstIndex(of: "}") else { throw fault("a '{' without '}'") }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[(position + 1)..<close])
    let parts = String(text).split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    position = close
    switch (parts.count, parts.first ?? nil, parts.last ?? nil) {
    case (1, let exact?, _): return (exact, exact)
    case (2, let low, let high?) where (low ?? 0) <= high: return (low ?? 0, high)
    case (2, let low?, nil): return (low, .max)
    default: throw fault("the repetition '{\(String(text))}'")
    }
  }

  private mutating func atom() throws(TokenizerError) -> PatternNode {
    switch scalars[position] {
    case "(": return try group()
    case "[": return .set(try characterClass())
    case ".":
      position += 1
      return .set(ScalarSet("\n").negated)
    case "$":
      position += 1
      return .end(beforeLineFeed: true)
    case "^":
      position += 1
      return .start(afterLineFeed: true)
    case "*", "+", "?", "{": throw fault("a repetition of nothing")
    case "\\":
      for (text, node) in Self.anchors where take(text) { return node }
      return .set(try escape())
    case let scalar:
      position += 1
      return .set(try folded(scalar...scalar))
    }
  }

  private static let anchors: [(String, PatternNode)] = [
    ("\\z", .end(beforeLineFeed: false)), ("\\A", .start(afterLineFeed: false)),
  ]

  private mutating func group() throws(TokenizerError) -> PatternNode {
    let outerCase = foldsCase
    defer { foldsCase = outerCase }
    var lookahead: Bool?
    if take("(?:") {
    } else if take("(?i:") {
      foldsCase = true
    } else if take("(?=") {
      lookahead = false
    } else if take("(?!") {
      lookahead = true
    } else if scalars[position...].starts(with: "(?".unicodeScalars) {
      var opening = String.UnicodeScalarView()
      opening.append(contentsOf: scalars[position...].prefix(4))
      throw fault("the group '\(String(opening))…'")
    } else {
      position += 1
    }
    let body = try alternation()
    guard take(")") else { throw fault("a '(' without ')'") }
    if let lookahead { return .lookahead(body, isNegative: lookahead) }
    return body
  }

  // MARK: Classes

  private mutating func characterClass() throws(TokenizerError) -> ScalarSet {
    if scalars[position...].starts(with: "[:".unicodeScalars) { throw fault("a class such as [:alpha:]") }
    position += 1
    let isNegated = take("^")
    var set = ScalarSet()
    var isFirst = true
    while let scalar = next, scalar != "]" || isFirst {
      isFirst = false
      if scalar == "[" {
        set.insert(try characterClass())
      } else if take("&&") {
        throw fault("the intersection '&&'")
      } else if scalar == "\\", try !isLiteralEscape() {
        set.insert(try escape(inClass: true))
      } else {
        let low = try classScalar()
        var high = low
        if next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
          position += 1
          high = try classScalar()
        }
        guard low <= high else { throw fault("the range '\(low)-\(high)'") }
        set.insert(try folded(low...high))
      }
    }
    guard take("]") else { throw fault("a '[' without ']'") }
    return isNegated ? set.negated : set
  }

  private func isLiteralEscape() throws(TokenizerError) -> Bool {
    guard position + 1 < scalars.count else { throw fault("a '\\' at the end") }
    return !"pPsSwWdDhH".unicodeScalars.contains(scalars[position + 1])
  }

  private mutating func classScalar() throws(TokenizerError) -> Unicode.Scalar {
    guard let scalar = next else { throw fault("a '[' without ']'") }
    position += 1
    return scalar == "\\" ? try escapedScalar() : scalar
  }

  private mutating func escape(inClass: Bool = false) throws(TokenizerError) -> ScalarSet {
    position += 1
    guard let letter = next else { throw fault("a '\\' at the end") }
    let word = inClass ? ScalarSet.word : .patternWord
    let sets: [Unicode.Scalar: ScalarSet] = [
      "s": .space, "S": .space.negated, "w": word, "W": word.negated,
      "d": ScalarSet(category: "Nd") ?? ScalarSet(), "D": ScalarSet(category: "Nd")?.negated ?? ScalarSet(),
    ]
    if let set = sets[letter] {
      position += 1
      return set
    }
    if letter == "p" || letter == "P" { return try property() }
    let scalar = try escapedScalar()
    return try folded(scalar...scalar)
  }

  private mutating func property() throws(TokenizerError) -> ScalarSet {
    var isNegated = next == "P"
    position += 1
    guard take("{"), let close = scalars[position...].firstIndex(of: "}") else {
      throw fault("a '\\p' without a name in braces")
    }
    if take("^") { isNegated.toggle() }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[position..<close])
    position = close + 1
    let name = String(text)
    guard let set = ScalarSet(category: name) else { throw fault("the property '\\p{\(name)}'") }
    if foldsCase, ["Lu", "Ll", "Lt"].contains(name) { throw fault("'\\p{\(name)}' without regard to case") }
    return isNegated ? set.negated : set
  }

  /// The scalar behind a backslash that the cursor has passed.
  private mutating func escapedScalar() throws(TokenizerError) -> Unicode.Scalar {
    guard let letter = next else { throw fault("a '\\' at the end") }
    position += 1
    switch letter {
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "f": return "\u{C}"
    case "v": return "\u{B}"
    case "x" where take("{"):
      guard let close = scalars[position...].firstIndex(of: "}") else { throw fault("a '\\x{' without '}'") }
      return try coded(count: close - position, closing: 1)
    case "x": return try coded(count: 2, closing: 0)
    case "u": return try coded(count: 4, closing: 0)
    case _ where letter.isASCII && !letter.properties.isAlphabetic && letter.properties.numericType == nil:
      return letter
    case _ where !letter.isASCII: return letter
    default: throw fault("the escape '\\\(letter)'")
    }
  }

  private mutating func coded(count: Int, closing: Int) throws(TokenizerError) -> Unicode.Scalar {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[position...].prefix(count))
    guard let code = UInt32(String(text), radix: 16), let scalar = Unicode.Scalar(code) else {
      throw fault("the escape '\\x\(String(text))'")
    }
    position += count + closing
    return scalar
  }

  // MARK: Case

  /// The scalars of a range, with their other cases inside `(?i:…)`.
  ///
  /// As in Oniguruma, `s` then also matches the long `ſ` and `k` the Kelvin sign.
  private func folded(_ range: ClosedRange<Unicode.Scalar>) throws(TokenizerError) -> ScalarSet {
    var set = ScalarSet()
    set.insert(range)
    guard foldsCase else { return set }
    guard range.upperBound.value - range.lowerBound.value < 128 else {
      throw fault("a long range without regard to case")
    }
    for value in range.lowerBound.value...range.upperBound.value {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let mappings = [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping]
      for mapping in mappings.map(\.unicodeScalars) where mapping.count == 1 {
        if let other = mapping.first { set.insert(other...other) }
      }
      if scalar == "s" || scalar == "S" { set.insert("ſ"..."ſ") }
      if scalar == "k" || scalar == "K" { set.insert("\u{212A}"..."\u{212A}") }
      if scalar == "å" || scalar == "Å" { set.insert("\u{212B}"..."\u{212B}") }
    }
    return set
  }
}

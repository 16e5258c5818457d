// How the fields of components are read, each with its place for messages.

import Foundation

extension Components {
  /// The text of a field that must be there.
  func text(_ name: String, of value: JSONValue, at field: String) throws(TokenizerError) -> String {
    guard let text = value[name]?.string else {
      let found = value[name].map { ", found \($0.kind)" } ?? ""
      throw TokenizerError(field: "\(field).\(name)", problem: "expected a string" + found)
    }
    return text
  }

  /// The single character of a field that must be there.
  func scalar(_ name: String, of value: JSONValue, at field: String) throws(TokenizerError) -> Unicode.Scalar
  {
    let text = try text(name, of: value, at: field).unicodeScalars
    guard let scalar = text.first, text.count == 1 else {
      throw TokenizerError(
        field: "\(field).\(name)", problem: "expected a single character, found '\(String(text))'")
    }
    return scalar
  }

  /// The elements of a list, each with its place.
  func elements(
    of value: JSONValue, _ name: String, at field: String
  ) throws(TokenizerError) -> [(place: String, value: JSONValue)] {
    guard let elements = value[name]?.array else {
      throw TokenizerError(field: "\(field).\(name)", problem: "expected a list")
    }
    return elements.enumerated().map { ("\(field).\(name)[\($0)]", $1) }
  }

  /// The `pattern` of a component: `{"String": …}`, `{"Regex": …}` or a plain string.
  func matcher(_ value: JSONValue, at field: String) throws(TokenizerError) -> Matcher {
    let pattern = value["pattern"]
    if let literal = pattern?.string ?? pattern?["String"]?.string {
      return .literal(Array(literal.unicodeScalars))
    }
    guard let source = pattern?["Regex"]?.string else {
      throw TokenizerError(field: field + ".pattern", problem: "expected 'String' or 'Regex'")
    }
    do throws(TokenizerError) {
      return .pattern(try Pattern(source))
    } catch { throw TokenizerError(field: field + ".pattern", problem: error.problem) }
  }

  /// The `pattern` and `content` of a replacement.
  func replacement(_ value: JSONValue, at field: String) throws(TokenizerError) -> Replacement {
    let content = try text("content", of: value, at: field)
    return Replacement(matcher: try matcher(value, at: field), content: Array(content.unicodeScalars))
  }

  /// The `behavior` of a splitter, if it has one.
  func behavior(_ value: JSONValue, at field: String) throws(TokenizerError) -> SplitBehavior? {
    guard let name = value["behavior"]?.string else { return nil }
    guard let behavior = SplitBehavior(rawValue: name) else {
      throw unknownKind(
        name, of: "split behavior", known: SplitBehavior.allCases.map(\.rawValue), at: field + ".behavior")
    }
    return behavior
  }

  /// The normalizer of a `precompiled_charsmap`.
  func charsmap(_ value: JSONValue, at field: String) throws(TokenizerError) -> CharsmapNormalizer {
    let text = try text("precompiled_charsmap", of: value, at: field)
    guard let contents = Data(base64Encoded: text), let normalizer = CharsmapNormalizer([UInt8](contents))
    else {
      throw TokenizerError(
        field: field + ".precompiled_charsmap",
        problem: "expected SentencePiece's compiled map of characters in base64; save the tokenizer again")
    }
    return normalizer
  }

  /// The `replacement` of a `Metaspace`.
  func mark(_ value: JSONValue, at field: String) throws(TokenizerError) -> Unicode.Scalar {
    value["replacement"] == nil ? "\u{2581}" : try scalar("replacement", of: value, at: field)
  }

  /// The `prepend_scheme` of a `Metaspace`, or what its older field `add_prefix_space` says.
  func scheme(_ value: JSONValue, at field: String) throws(TokenizerError) -> MetaspaceScheme {
    guard let name = value["prepend_scheme"]?.string else {
      return value["add_prefix_space"]?.boolean == false ? .never : .always
    }
    guard let scheme = MetaspaceScheme(rawValue: name) else {
      throw unknownKind(
        name, of: "prepend scheme", known: MetaspaceScheme.allCases.map(\.rawValue),
        at: field + ".prepend_scheme")
    }
    return scheme
  }
}

extension ScalarSet {
  /// Digits and other numbers.
  static var numbers: ScalarSet { ScalarSet(category: "N", in: .current) ?? ScalarSet() }

  /// Punctuation, and all of ASCII that is neither letter, digit, space nor control.
  static var punctuation: ScalarSet {
    var set = ScalarSet(category: "P", in: .eight) ?? ScalarSet()
    for range: ClosedRange<Unicode.Scalar> in ["!"..."/", ":"..."@", "["..."`", "{"..."~"] {
      set.insert(range)
    }
    return set
  }
}

extension Pattern {
  /// Stretches of words, with joiners in them, and stretches of what is neither word nor white space.
  static var wordsAndSigns: Pattern {
    var words = ScalarSet.word
    words.insert("\u{200C}"..."\u{200D}")
    var wordsAndSpace = words
    wordsAndSpace.insert(.space)
    func stretch(_ set: ScalarSet) -> PatternNode {
      .repetition(.set(set), atLeast: 1, atMost: .max, isPossessive: false)
    }
    return Pattern(.alternation([stretch(words), stretch(wordsAndSpace.negated)]))
  }
}

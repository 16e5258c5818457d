// What happens to a text before it is split: replacements, case, white space.

/// A rewriting of a text, before it is split into pieces.
protocol Normalizer: Sendable {
  /// The rewritten text.
  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar]
  /// Whether the text loses its first character, so that the result starts behind the start of the text.
  func removesStart(of text: [Unicode.Scalar]) -> Bool
  /// How many characters the result begins with that stand where the text starts, such as a prefix and what it is
  /// put before; at least 1.
  func charactersAtStart(of text: [Unicode.Scalar]) -> Int
}

extension Normalizer {
  func removesStart(of text: [Unicode.Scalar]) -> Bool { false }
  func charactersAtStart(of text: [Unicode.Scalar]) -> Int { 1 }
}

/// Lowercases each scalar by Unicode's full mapping.
struct LowercaseNormalizer: Normalizer {
  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    text.flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) }
  }
}

/// Removes white space at the ends.
struct StripNormalizer: Normalizer {
  let left: Bool
  let right: Bool

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var text = text[...]
    if left { text = text.drop(while: \.properties.isWhitespace) }
    while right, let last = text.last, last.properties.isWhitespace { text.removeLast() }
    return Array(text)
  }

  func removesStart(of text: [Unicode.Scalar]) -> Bool {
    left && text.first?.properties.isWhitespace ?? false
  }
}

/// Removes combining marks.
struct AccentNormalizer: Normalizer {
  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    text.filter { CategoryMask.of($0, in: .nine) & CategoryMask.marks == 0 }
  }

  func removesStart(of text: [Unicode.Scalar]) -> Bool {
    text.first.map { CategoryMask.of($0, in: .nine) & CategoryMask.marks != 0 } ?? false
  }
}

/// Puts a text before every text that is not empty.
struct PrependNormalizer: Normalizer {
  let prefix: [Unicode.Scalar]

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] { text.isEmpty ? text : prefix + text }
  func charactersAtStart(of text: [Unicode.Scalar]) -> Int { prefix.count + 1 }
}

/// Replaces every match of a pattern.
struct ReplaceNormalizer: Normalizer {
  let replacement: Replacement

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] { replacement.apply(to: text) }

  func removesStart(of text: [Unicode.Scalar]) -> Bool {
    // What replaces a match stands where its last character stood.
    let most = replacement.content.isEmpty ? 0 : 1
    var removes = false
    replacement.matcher.forEachMatch(in: text, text.indices) { match in
      if match.lowerBound == 0, match.count > most { removes = true }
    }
    return removes
  }
}

/// Writes each byte of the text as the character that stands for it.
struct ByteLevelNormalizer: Normalizer {
  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var bytes: [UInt8] = []
    for scalar in text { appendUTF8(of: scalar, to: &bytes) }
    return bytes.map { ByteAlphabet.scalars[Int($0)] }
  }
}

/// Several normalizers, one behind the other.
struct SequenceNormalizer: Normalizer {
  let parts: [any Normalizer]

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    parts.reduce(text) { $1.normalize($0) }
  }

  func removesStart(of text: [Unicode.Scalar]) -> Bool {
    var text = text
    for part in parts {
      if part.removesStart(of: text) { return true }
      text = part.normalize(text)
    }
    return false
  }

  func charactersAtStart(of text: [Unicode.Scalar]) -> Int {
    1 + parts.reduce(0) { $0 + $1.charactersAtStart(of: text) - 1 }
  }
}

/// Finds the matches of a literal text or of a split pattern.
enum Matcher: Sendable {
  case literal([Unicode.Scalar])
  case pattern(Pattern)

  /// Calls `body` with each match in `range` of `text`, first to last.
  func forEachMatch(in text: [Unicode.Scalar], _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
    switch self {
    case .pattern(let pattern): pattern.forEachMatch(in: text, range, body)
    case .literal(let literal):
      guard let first = literal.first else { return }
      var start = range.lowerBound
      while start + literal.count <= range.upperBound {
        if text[start] == first, text[start..<(start + literal.count)].elementsEqual(literal) {
          body(start..<(start + literal.count))
          start += literal.count
        } else {
          start += 1
        }
      }
    }
  }
}

/// A matcher and what takes the place of its matches.
struct Replacement: Sendable {
  let matcher: Matcher
  let content: [Unicode.Scalar]

  /// The text with every match replaced.
  func apply(to text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    var end = 0
    matcher.forEachMatch(in: text, text.indices) { match in
      result.append(contentsOf: text[end..<match.lowerBound])
      result.append(contentsOf: content)
      end = match.upperBound
    }
    result.append(contentsOf: text[end...])
    return result
  }
}

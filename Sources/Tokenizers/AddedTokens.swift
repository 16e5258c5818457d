// Tokens that are found in the text itself, before the model sees it: specials and later additions.

/// One entry of `added_tokens`.
struct AddedToken: Sendable, Equatable {
  var id: Int32
  var content: String
  /// Whether decoding can leave it out.
  var isSpecial = false
  /// Whether it only counts between characters that belong to no word.
  var isSingleWord = false
  /// Whether it takes the white space before it along.
  var stripsLeft = false
  /// Whether it takes the white space behind it along.
  var stripsRight = false
  /// Whether it is looked for in the normalized text.
  var isNormalized = false
}

/// All added tokens, and how to find them.
struct AddedTokens: Sendable {
  let tokens: [AddedToken]
  /// How decoding spells each token: a token that is looked for in normalized text, as it looks there.
  private(set) var spellings: [Int32: [UInt8]] = [:]
  /// The ids that decoding leaves out when asked to: those of special tokens, by their spelling.
  private(set) var skippedIDs: Set<Int32> = []
  private(set) var idOfContent: [[UInt8]: Int32] = [:]
  private var verbatim = TokenTrie()
  private var normalized = TokenTrie()
  /// Whether special tokens in a text are left for the model.
  private let skipsSpecials: Bool

  /// The tokens in the order of the file; those to be found in normalized text are normalized themselves.
  init(_ tokens: [AddedToken], normalizer: (any Normalizer)?, skipsSpecials: Bool = false) {
    self.tokens = tokens
    self.skipsSpecials = skipsSpecials
    let specials = Set(tokens.filter(\.isSpecial).map { Array($0.content.utf8) })
    for (index, token) in tokens.enumerated() where !token.content.isEmpty {
      idOfContent[Array(token.content.utf8)] = token.id
      var scalars = Array(token.content.unicodeScalars)
      if token.isNormalized {
        scalars = normalizer?.normalize(scalars) ?? scalars
        normalized.insert(scalars, index)
      } else {
        verbatim.insert(scalars, index)
      }
      var spelling: [UInt8] = []
      for scalar in scalars { appendUTF8(of: scalar, to: &spelling) }
      spellings[token.id] = spelling
      if specials.contains(spelling) { skippedIDs.insert(token.id) }
    }
  }

  /// Words here hold joiners too, unlike `\w` of split patterns.
  private static func belongsToWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isJoinControl || ScalarTable.facts(of: scalar).isWord
  }

  /// A part of a text: an added token or text for the model.
  enum Part {
    case token(Int32)
    case text(Range<Int>)
  }

  /// The parts of a text, looking for tokens that are found before normalization or, with `inNormalized`, behind it.
  func split(_ text: [Unicode.Scalar], inNormalized: Bool) -> [Part] {
    let trie = inNormalized ? normalized : verbatim
    guard !trie.isEmpty, !text.isEmpty else { return text.isEmpty ? [] : [.text(text.indices)] }
    var parts: [Part] = []
    var end = 0
    var place = 0
    while place < text.count {
      guard trie.canStart(with: text[place]), let match = trie.longestMatch(in: text, at: place) else {
        place += 1
        continue
      }
      let token = tokens[match.index]
      var start = place
      var stop = place + match.length
      place = stop
      if skipsSpecials, token.isSpecial { continue }
      if token.isSingleWord {
        let joinsLeft = start > 0 && Self.belongsToWord(text[start - 1])
        let joinsRight = stop < text.count && Self.belongsToWord(text[stop])
        if joinsLeft || joinsRight { continue }
      }
      if token.stripsLeft {
        while start > end, text[start - 1].properties.isWhitespace { start -= 1 }
        // The token before may have taken along some of this one's own white space, or all of it.
        start = max(start, end)
      }
      if token.stripsRight {
        while stop < text.count, text[stop].properties.isWhitespace { stop += 1 }
      }
      if end < start { parts.append(.text(end..<start)) }
      if start < stop { parts.append(.token(token.id)) }
      end = stop
    }
    if end < text.count { parts.append(.text(end..<text.count)) }
    return parts
  }
}

/// A tree of the added tokens by their scalars.
struct TokenTrie: Sendable {
  private var edges: [UInt64: Int] = [:]
  private var ends: [Int] = [-1]
  private var firsts = ScalarSet()

  /// Whether nothing has been put in.
  var isEmpty: Bool { edges.isEmpty }

  /// Adds a text; of equal ones the last one holds.
  mutating func insert(_ text: [Unicode.Scalar], _ index: Int) {
    guard let first = text.first else { return }
    if !firsts.contains(first) { firsts.insert(first...first) }
    var node = 0
    for scalar in text {
      let key = UInt64(node) << 32 | UInt64(scalar.value)
      if let next = edges[key] {
        node = next
      } else {
        edges[key] = ends.count
        node = ends.count
        ends.append(-1)
      }
    }
    ends[node] = index
  }

  /// Whether some text of the tree starts with this scalar.
  @inline(__always) func canStart(with scalar: Unicode.Scalar) -> Bool { firsts.contains(scalar) }

  /// The longest text of the tree that stands at a place, and its length in scalars.
  func longestMatch(in text: [Unicode.Scalar], at place: Int) -> (index: Int, length: Int)? {
    var node = 0
    var best: (index: Int, length: Int)?
    var position = place
    while position < text.count, let next = edges[UInt64(node) << 32 | UInt64(text[position].value)] {
      node = next
      position += 1
      if ends[node] >= 0 { best = (ends[node], position - place) }
    }
    return best
  }
}

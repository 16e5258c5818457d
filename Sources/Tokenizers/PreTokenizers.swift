// How a text falls into pieces that are encoded on their own.

/// A text on its way to the model: its scalars, and the pieces it has fallen into so far.
struct Pieces {
  /// The scalars of all pieces.
  var scalars: [Unicode.Scalar]
  /// The pieces, in order, none empty.
  var ranges: [Range<Int>]
  /// How many scalars, from the first on, stand where the whole text starts; a piece that begins with one of them
  /// is a first piece to `Metaspace`.
  private(set) var startCount: Int

  /// One piece: the whole text.
  init(_ scalars: [Unicode.Scalar], startCount: Int = 1) {
    self.scalars = scalars
    ranges = scalars.isEmpty ? [] : [0..<scalars.count]
    self.startCount = startCount
  }
}

/// A step that cuts or rewrites pieces.
protocol PreTokenizer: Sendable {
  /// Cuts or rewrites the pieces.
  func apply(to pieces: inout Pieces)
  /// Whether it matters which pieces stand where the text starts.
  var asksForStart: Bool { get }
  /// The same step without writing bytes as characters at its end, so that this can wait until a piece is not known;
  /// nil for steps that do not end so.
  var withoutBytes: (any PreTokenizer)? { get }
}

extension PreTokenizer {
  var asksForStart: Bool { false }
  var withoutBytes: (any PreTokenizer)? { nil }
}

/// What becomes of the matches of a pattern that cuts.
enum SplitBehavior: String, CaseIterable, Sendable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"
}

/// Cuts each piece where a pattern matches.
struct SplitPreTokenizer: PreTokenizer {
  let matcher: Matcher
  let behavior: SplitBehavior
  let isInverted: Bool

  init(_ matcher: Matcher, _ behavior: SplitBehavior, isInverted: Bool = false) {
    self.matcher = matcher
    self.behavior = behavior
    self.isInverted = isInverted
  }

  func apply(to pieces: inout Pieces) {
    var ranges: [Range<Int>] = []
    ranges.reserveCapacity(pieces.ranges.count)
    for piece in pieces.ranges {
      if behavior == .isolated {
        // The common case needs no second list: matches and what lies between them are all pieces.
        var end = piece.lowerBound
        matcher.forEachMatch(in: pieces.scalars, piece) { match in
          if end < match.lowerBound { ranges.append(end..<match.lowerBound) }
          if !match.isEmpty { ranges.append(match) }
          end = match.upperBound
        }
        if end < piece.upperBound { ranges.append(end..<piece.upperBound) }
      } else {
        ranges.append(contentsOf: cut(pieces.scalars, piece).filter { !$0.isEmpty })
      }
    }
    pieces.ranges = ranges
  }

  private func cut(_ text: [Unicode.Scalar], _ piece: Range<Int>) -> [Range<Int>] {
    var parts: [(range: Range<Int>, matches: Bool)] = []
    var end = piece.lowerBound
    matcher.forEachMatch(in: text, piece) { match in
      if end < match.lowerBound { parts.append((end..<match.lowerBound, isInverted)) }
      parts.append((match, !isInverted))
      end = match.upperBound
    }
    if end < piece.upperBound { parts.append((end..<piece.upperBound, isInverted)) }
    switch behavior {
    case .isolated: return parts.map(\.range)
    case .removed: return parts.filter { !$0.matches }.map(\.range)
    case .mergedWithPrevious: return join(parts) { $1.matches && !$0.matches }
    case .contiguous: return join(parts) { $0.matches == $1.matches }
    case .mergedWithNext:
      // A match joins what follows it, unless that is a match itself.
      return join(parts) { $0.matches && !$1.matches }
    }
  }

  private func join(
    _ parts: [(range: Range<Int>, matches: Bool)],
    when joins: ((range: Range<Int>, matches: Bool), (range: Range<Int>, matches: Bool)) -> Bool
  ) -> [Range<Int>] {
    var result: [Range<Int>] = []
    for (index, part) in parts.enumerated() {
      if index > 0, let last = result.last, joins(parts[index - 1], part) {
        result[result.count - 1] = last.lowerBound..<part.range.upperBound
      } else {
        result.append(part.range)
      }
    }
    return result
  }
}

/// Several steps, one behind the other.
struct SequencePreTokenizer: PreTokenizer {
  let parts: [any PreTokenizer]

  func apply(to pieces: inout Pieces) {
    for part in parts { part.apply(to: &pieces) }
  }

  var asksForStart: Bool { parts.contains(where: \.asksForStart) }

  var withoutBytes: (any PreTokenizer)? {
    parts.last?.withoutBytes.map { SequencePreTokenizer(parts: parts.dropLast() + [$0]) }
  }
}

/// Cuts each piece into parts of so many characters, the last perhaps shorter.
struct FixedLengthPreTokenizer: PreTokenizer {
  let length: Int

  func apply(to pieces: inout Pieces) {
    pieces.ranges = pieces.ranges.flatMap { piece in
      stride(from: piece.lowerBound, to: piece.upperBound, by: length).map { start in
        start..<min(start + length, piece.upperBound)
      }
    }
  }
}

/// Cuts by the pattern of GPT-2, when asked to, and writes bytes as characters of the byte alphabet.
struct ByteLevelPreTokenizer: PreTokenizer {
  let addsPrefixSpace: Bool
  let splitter: SplitPreTokenizer?
  var writesBytes = true

  /// The pattern of GPT-2.
  static let pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  func apply(to pieces: inout Pieces) {
    if addsPrefixSpace {
      pieces.rewrite { piece, output in
        if piece.first != " " { output.append(" ") }
        output.append(contentsOf: piece)
      }
    }
    splitter?.apply(to: &pieces)
    if writesBytes { pieces.rewrite { piece, output in ByteAlphabet.append(piece, to: &output) } }
  }

  var withoutBytes: (any PreTokenizer)? {
    ByteLevelPreTokenizer(addsPrefixSpace: addsPrefixSpace, splitter: splitter, writesBytes: false)
  }
}

/// Writes spaces as a mark, puts one before the text, and cuts before each.
struct MetaspacePreTokenizer: PreTokenizer {
  let mark: Unicode.Scalar
  let scheme: MetaspaceScheme
  let splits: Bool

  var asksForStart: Bool { scheme == .first }

  func apply(to pieces: inout Pieces) {
    let startCount = pieces.startCount
    pieces.rewrite { piece, output in
      let prepends = scheme == .always || scheme == .first && piece.startIndex < startCount
      if prepends, piece.first != " ", piece.first != mark { output.append(mark) }
      for scalar in piece { output.append(scalar == " " ? mark : scalar) }
    }
    if splits { SplitPreTokenizer(.literal([mark]), .mergedWithNext).apply(to: &pieces) }
  }
}

/// Where a `Metaspace` puts a mark before the text.
enum MetaspaceScheme: String, CaseIterable, Sendable {
  case always, first, never
}

extension Pieces {
  /// Writes every piece anew.
  mutating func rewrite(_ body: (ArraySlice<Unicode.Scalar>, inout [Unicode.Scalar]) -> Void) {
    var output: [Unicode.Scalar] = []
    output.reserveCapacity(scalars.count + ranges.count)
    var newStartCount = 0
    for index in ranges.indices {
      let start = output.count
      if ranges[index].lowerBound < startCount { newStartCount = start + 1 }
      body(scalars[ranges[index]], &output)
      ranges[index] = start..<output.count
    }
    scalars = output
    startCount = newStartCount
  }
}

// The syntax tree of a split pattern.

/// One construct of a split pattern.
indirect enum PatternNode: Equatable, Sendable {
  /// One scalar of a set.
  case set(ScalarSet)
  /// Constructs one behind the other.
  case sequence([PatternNode])
  /// The first alternative that lets the rest match.
  case alternation([PatternNode])
  /// As many repetitions as the rest allows; `isPossessive` gives none back.
  case repetition(PatternNode, atLeast: Int, atMost: Int, isPossessive: Bool)
  /// What follows matches, or with `isNegative` does not.
  case lookahead(PatternNode, isNegative: Bool)
  /// The end of the text, or before a line feed when `beforeLineFeed`.
  case end(beforeLineFeed: Bool)
  /// The start of the text, or behind a line feed when `afterLineFeed`.
  case start(afterLineFeed: Bool)

  /// Whether the construct can match no text at all.
  var canBeEmpty: Bool {
    switch self {
    case .set: false
    case .sequence(let parts): parts.allSatisfy(\.canBeEmpty)
    case .alternation(let choices): choices.contains(where: \.canBeEmpty)
    case .repetition(let node, let atLeast, _, _): atLeast == 0 || node.canBeEmpty
    case .lookahead, .end, .start: true
    }
  }
}

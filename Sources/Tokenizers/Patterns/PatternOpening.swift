// What the matches of a construct can start with, so that most alternatives are passed over at a glance.

/// The scalars below U+0080 that a match can start with; others, and the end of the text, are never ruled out.
struct PatternOpening: Sendable {
  private var low: UInt64
  private var high: UInt64
  /// Whether a match can be empty, so that nothing is ruled out.
  private var canBeEmpty: Bool

  /// The opening of a construct that takes nothing.
  static let empty = PatternOpening(low: 0, high: 0, canBeEmpty: true)

  /// The opening of one scalar of a set.
  static func one(of set: ScalarSet) -> PatternOpening {
    PatternOpening(low: set.asciiMembers.low, high: set.asciiMembers.high, canBeEmpty: false)
  }

  /// The opening of either of two constructs.
  func or(_ other: PatternOpening) -> PatternOpening {
    PatternOpening(low: low | other.low, high: high | other.high, canBeEmpty: canBeEmpty || other.canBeEmpty)
  }

  /// The opening of this construct with another one behind it.
  func then(_ next: PatternOpening) -> PatternOpening {
    guard canBeEmpty else { return self }
    return PatternOpening(low: low | next.low, high: high | next.high, canBeEmpty: next.canBeEmpty)
  }

  /// The opening of this construct when it may be left out.
  var optional: PatternOpening { PatternOpening(low: low, high: high, canBeEmpty: true) }

  /// Whether a match can start with this scalar, or with `nil` at the end of the text.
  @inline(__always) func allows(_ scalar: Unicode.Scalar?) -> Bool {
    guard !canBeEmpty, let scalar, scalar.value < 128 else { return true }
    let bits = scalar.value < 64 ? low : high
    return bits >> UInt64(scalar.value & 63) & 1 == 1
  }
}

extension PatternNode {
  /// What the matches of this construct can start with.
  var opening: PatternOpening {
    switch self {
    case .set(let set): .one(of: set)
    case .sequence(let parts): parts.reduce(.empty) { $0.then($1.opening) }
    case .alternation(let choices):
      choices.dropFirst().reduce(choices.first?.opening ?? .empty) { $0.or($1.opening) }
    case .repetition(let node, let atLeast, let atMost, _):
      atMost == 0 ? .empty : atLeast == 0 ? node.opening.optional : node.opening
    case .lookahead, .end, .start: .empty
    }
  }
}

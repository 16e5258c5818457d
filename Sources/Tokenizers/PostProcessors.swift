// The tokens that stand around a text when special tokens are asked for.

/// What becomes of the ids of a single text: parts in a row, one of which is the text.
///
/// A template makes several parts of one, and BERT's and RoBERTa's steps put tokens around every part that is there.
struct PostProcessor: Sendable, Equatable {
  /// A stretch of ids: those before the text and those behind it, or ids alone.
  struct Part: Sendable, Equatable {
    var prefix: [Int32] = []
    var isText = true
    var suffix: [Int32] = []
  }

  /// The parts, in order.
  var parts = [Part()]

  /// The ids before the text.
  var prefix: [Int32] {
    let before = parts.prefix { !$0.isText }
    return before.flatMap { $0.prefix + $0.suffix } + (parts.first(where: \.isText)?.prefix ?? [])
  }

  /// The ids behind the text.
  var suffix: [Int32] {
    let behind = parts.drop { !$0.isText }
    return (behind.first?.suffix ?? []) + behind.dropFirst().flatMap { $0.prefix + $0.suffix }
  }

  /// Puts tokens around every part: `first` before the first, `next` before the others, `last` behind each.
  mutating func surround(first: [Int32], next: [Int32], last: [Int32]) {
    for index in parts.indices {
      parts[index].prefix = (index == 0 ? first : next) + parts[index].prefix
      parts[index].suffix += last
    }
  }
}

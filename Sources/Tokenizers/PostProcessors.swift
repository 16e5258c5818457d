// The tokens that stand around a text when special tokens are asked for.

/// Ids before and behind the ids of a single text.
struct PostProcessor: Sendable, Equatable {
  var prefix: [Int32] = []
  var suffix: [Int32] = []

  /// This one's tokens around those of `inner`.
  func around(_ inner: PostProcessor) -> PostProcessor {
    PostProcessor(prefix: prefix + inner.prefix, suffix: inner.suffix + suffix)
  }
}

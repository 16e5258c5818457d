// Tokenized completions with their feedback, before any model has seen them.

/// A micro-batch as rows become it: ragged, unpadded.
public struct TokenBatch: Sendable {
  /// Token identifiers of each prompt. Count `G`.
  public let prompts: [[Int32]]
  /// Token identifiers of each completion. Count `N`.
  public let completions: [[Int32]]
  /// Who was preferred to whom.
  public let layout: FeedbackLayout
  /// Columns of the rows that the loss asked for. Each of count `N`.
  public let annotations: [String: [Double]]
  /// Each prompt's row number in its file, from 0, for error messages and dice. Count `G`.
  public let rows: [Int]

  /// Joins tokens and feedback; rows are numbered from 0 unless given.
  public init(
    prompts: [[Int32]], completions: [[Int32]], layout: FeedbackLayout, annotations: [String: [Double]] = [:],
    rows: [Int]? = nil
  ) {
    precondition(
      layout.prompts.count == completions.count,
      "TokenBatch: \(completions.count) completions, but the layout describes \(layout.prompts.count)")
    (self.prompts, self.completions, self.layout, self.annotations) = (
      prompts, completions, layout, annotations
    )
    self.rows = rows ?? Array(prompts.indices)
  }

  /// How many of each unit this batch holds.
  public var counts: [Unit: Int] { layout.counts(lengths: lengths) }

  /// Each completion's length in tokens. Count `N`.
  public var lengths: [Int] { completions.map { $0.count } }

  /// The longest completion's length in tokens, `T`; 0 without completions.
  public var width: Int { lengths.max() ?? 0 }
}

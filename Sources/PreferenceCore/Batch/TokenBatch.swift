// Tokenized completions with their feedback, before any model has seen them.

/// A micro-batch as the data layer delivers it: ragged, unpadded.
public struct TokenBatch: Sendable {
  /// Token identifiers of each prompt. Count `G`.
  public let prompts: [[Int32]]
  /// Token identifiers of each completion. Count `N`.
  public let completions: [[Int32]]
  public let layout: FeedbackLayout
  /// Data set columns the loss asked for. Each of count `N`.
  public let annotations: [String: [Double]]
  /// The data set's row number of each prompt, from 0, for error messages. Count `G`.
  public let rows: [Int]
  public init(
    prompts: [[Int32]], completions: [[Int32]], layout: FeedbackLayout, annotations: [String: [Double]] = [:],
    rows: [Int]? = nil
  ) {
    (self.prompts, self.completions, self.layout, self.annotations) = (prompts, completions, layout, annotations)
    self.rows = rows ?? Array(prompts.indices)
  }
  /// How many of each unit this batch holds; a comparison whose sides keep different remainders of
  /// one prompt counts as one prompt.
  public var counts: [Unit: Int] {
    [
      .pair: layout.orderedPairs.count, .completion: layout.isBaseline.count { !$0 },
      .prompt: layout.rankings.count, .token: completions.reduce(0) { $0 + $1.count },
    ]
  }
}

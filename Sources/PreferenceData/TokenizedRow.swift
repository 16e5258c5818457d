// One row as the model sees it: token identifiers of its prompt and completions, cut to the window.

public import PreferenceCore

/// A row in tokens, `N` completions over `G` prompts (one, unless truncation cut the sides differently).
public struct TokenizedRow: Sendable, Hashable {
  /// Where the row stands in its file.
  public let place: RowPlace
  /// What kind of feedback the row carries.
  public let feedback: Feedback
  /// Token identifiers of each prompt. Count `G`.
  public let prompts: [[Int32]]
  /// Token identifiers of each completion, best first. Count `N`.
  public let completions: [[Int32]]
  /// For each completion, the index of its prompt in `prompts`. Count `N`.
  public let promptOfCompletion: [Int]
  /// For each completion, whether it is desirable: as labelled, or whether it is the best. Count `N`.
  public let isDesirable: [Bool]
  /// Columns that the loss asked for, each of count `N`.
  public let annotations: [String: [Double]]
  /// Whether the window cut anything off.
  public let isTruncated: Bool
  /// The prompt and the completions before any cut; baselines are cut anew with other partners.
  let whole: Whole

  /// Tokens before truncation.
  struct Whole: Sendable, Hashable {
    /// The prompt, shared by all completions.
    var prompt: [Int32]
    /// The completions. Count `N`.
    var completions: [[Int32]]
  }

  /// Cuts `whole` to `window`; nil where some completion has no token left.
  init?(
    place: RowPlace, feedback: Feedback, whole: Whole, isDesirable: [Bool], annotations: [String: [Double]],
    window: TokenWindow
  ) {
    var prompts: [[Int32]] = []
    var completions: [[Int32]] = []
    var promptOfCompletion: [Int] = []
    var isTruncated = false
    for completion in whole.completions {
      guard let cut = window.cut(prompt: whole.prompt, completion: completion) else { return nil }
      if let known = prompts.firstIndex(of: cut.prompt) {
        promptOfCompletion.append(known)
      } else {
        promptOfCompletion.append(prompts.count)
        prompts.append(cut.prompt)
      }
      completions.append(cut.completion)
      isTruncated = isTruncated || cut.isTruncated
    }
    (self.place, self.feedback, self.whole, self.isTruncated) = (place, feedback, whole, isTruncated)
    (self.prompts, self.completions, self.promptOfCompletion) = (prompts, completions, promptOfCompletion)
    (self.isDesirable, self.annotations) = (isDesirable, annotations)
  }

  private init(_ row: TokenizedRow, at place: RowPlace) {
    (self.place, feedback, whole, isTruncated) = (place, row.feedback, row.whole, row.isTruncated)
    (prompts, completions, promptOfCompletion) = (row.prompts, row.completions, row.promptOfCompletion)
    (isDesirable, annotations) = (row.isDesirable, row.annotations)
  }

  /// The same row at another place.
  func placed(_ place: RowPlace) -> TokenizedRow { TokenizedRow(self, at: place) }

  /// How many tokens a model goes through for this row: each prompt once and every completion.
  public var tokenCount: Int { (prompts + completions).reduce(0) { $0 + $1.count } }
}

// What truncation took from a row, for people to see.

extension TokenizedRow {
  /// The tokens of one prompt and completion before any cut, and what became of them.
  public struct Sequence: Sendable, Hashable {
    /// Prompt tokens cut off at the beginning.
    public let cutBefore: [Int32]
    /// The prompt, as the model sees it.
    public let prompt: [Int32]
    /// The completion, the tokens that are scored.
    public let completion: [Int32]
    /// Tokens cut off at the end.
    public let cutBehind: [Int32]
  }

  /// Completion `index` behind its prompt, with what was cut off on both sides.
  ///
  /// - Precondition: there is such a completion.
  public func sequence(_ index: Int) -> Sequence {
    let all = whole.prompt + whole.completions[index]
    let (prompt, completion) = (prompts[promptOfCompletion[index]], completions[index])
    let kept = prompt.count + completion.count
    // A window keeps one stretch: the beginning, or the end.
    let start = all.starts(with: prompt + completion) ? 0 : all.count - kept
    return Sequence(
      cutBefore: Array(all[..<start]), prompt: prompt, completion: completion,
      cutBehind: Array(all[(start + kept)...]))
  }
}

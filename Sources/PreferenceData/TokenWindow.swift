// The part of a prompt and its completion that fits the model.

/// Which end of a sequence survives truncation.
public enum TruncationMode: String, Sendable, Hashable, Codable, CaseIterable {
  /// The beginning; a completion may lose its end, and with it its end-of-sequence token.
  case keepStart = "keep_start"
  /// The end; a prompt loses its beginning.
  case keepEnd = "keep_end"
}

/// At most `maxLength` tokens of a prompt and one completion joined.
///
/// Each completion is cut by itself. Under `keep_end` the completions of one prompt can therefore keep
/// different remainders of it. Positions count from the first token kept.
public struct TokenWindow: Sendable, Hashable, Codable {
  /// The most tokens that prompt and completion may have together; nil for no limit.
  public let maxLength: Int?
  /// Which end survives.
  public let mode: TruncationMode

  /// A window of `maxLength` tokens.
  ///
  /// - Precondition: `maxLength` is at least 2: one token to predict from and one to predict.
  public init(maxLength: Int?, mode: TruncationMode = .keepStart) {
    precondition(
      maxLength.map { $0 >= 2 } ?? true, "a window of \(maxLength ?? 0) tokens holds no prediction")
    (self.maxLength, self.mode) = (maxLength, mode)
  }

  /// What a window leaves of one sequence.
  struct Cut: Hashable {
    /// The context, at least one token.
    var prompt: [Int32]
    /// The tokens to score, at least one.
    var completion: [Int32]
    /// Whether anything was cut off.
    var isTruncated = false
    /// Whether the completion's last token was cut off.
    var lostEnd = false
  }

  /// The part of `prompt` and `completion` within the window; nil where no completion token is left.
  func cut(prompt: [Int32], completion: [Int32]) -> Cut? {
    if prompt.isEmpty || completion.isEmpty { return nil }
    guard let maxLength, prompt.count + completion.count > maxLength else {
      return Cut(prompt: prompt, completion: completion)
    }
    switch mode {
    case .keepStart:
      guard prompt.count < maxLength else { return nil }
      let kept = Array(completion.prefix(maxLength - prompt.count))
      return Cut(prompt: prompt, completion: kept, isTruncated: true, lostEnd: true)
    case .keepEnd:
      let excess = prompt.count + completion.count - maxLength
      if excess < prompt.count {
        return Cut(prompt: Array(prompt[excess...]), completion: completion, isTruncated: true)
      }
      // Nothing is left of the prompt: the first token kept has nothing to be predicted from, and
      // becomes the context of the others.
      let kept = completion.suffix(maxLength)
      return Cut(prompt: Array(kept.prefix(1)), completion: Array(kept.dropFirst()), isTruncated: true)
    }
  }
}

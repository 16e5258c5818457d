// Why a well-formed row is not trained on.

/// A reason to leave a row out; each is counted, and the rows it takes are named.
public enum DropReason: String, Sendable, Hashable, Codable, CaseIterable {
  /// A completion says nothing.
  case emptyCompletion = "empty completion"
  /// Chosen and rejected (or two ranked completions) are the same.
  case identicalCompletions = "identical completions"
  /// The sides differ only behind `max_length`.
  case identicalWhenTruncated = "identical completions after truncation"
  /// The prompt fills `max_length`, so that nothing of a completion is left.
  case promptTooLong = "prompt of max_length or longer"
  /// The prompt has no tokens, so that nothing predicts the completion's first.
  case emptyPrompt = "empty prompt"
  /// The sides of a row without `prompt` part at a turn that is not the assistant's.
  case noCommonPrompt = "conversations part at a turn of the user"
}

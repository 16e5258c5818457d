// One row as it was meant: a prompt, its completions, and what people said of them.

import PreferenceCore

/// One message of a conversation, as the row has it.
struct Turn: Sendable, Hashable {
  /// `system`, `developer`, `user`, `assistant` or `tool`.
  var role: String
  /// What was said.
  var content: String
  /// Whether the message has no `content` at all, which templates can tell from an empty one.
  var lacksContent = false
  /// The parts of a content that is a list, whose texts together are `content`.
  var parts: [JSONValue]?
  /// Further fields for the template, such as `tool_calls`, in the order of the file.
  var extras: [JSONMember] = []
  /// The names of all fields in the order of the file, where that is not role, content, and then the others: what
  /// templates print of whole messages is in this order.
  var order: [String] = []

  /// Whether nothing was said and nothing called.
  var isEmpty: Bool { content.allSatisfy(\.isWhitespace) && extras.isEmpty }
}

/// Plain text, or messages for the chat template.
enum RowText: Sendable, Hashable {
  case plain(String)
  case chat([Turn])

  /// Whether nothing is said.
  var isEmpty: Bool {
    switch self {
    case .plain(let text): text.allSatisfy(\.isWhitespace)
    case .chat(let turns): turns.allSatisfy(\.isEmpty)
    }
  }
}

/// A row of any format.
struct PreferenceRow: Sendable, Hashable {
  /// Where it stands in its file.
  var place: RowPlace
  /// Empty text where the row has no prompt.
  var prompt: RowText
  /// `N` completions, best first; one for unpaired feedback.
  var completions: [RowText]
  /// What kind of feedback the row carries.
  var feedback: Feedback
  /// Whether an unpaired completion is desirable.
  var isDesirable = true
  /// Tool declarations for the template; nil where the row has none, which templates can tell from an empty list.
  var tools: [JSONValue]?
  /// Further arguments for the template.
  var templateArguments: [JSONMember] = []
  /// Numbers of each completion by column, `N` each: the columns that a loss asked for.
  var annotations: [String: [Double]] = [:]
}

/// What a format makes of one row's columns.
enum RowReading: Sendable {
  case row(PreferenceRow)
  /// Well formed but of no use.
  case dropped(DropReason)
}

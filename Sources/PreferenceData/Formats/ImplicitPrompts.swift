// Formats without a prompt column: the prompt is the turns that both conversations begin with.

import PreferenceCore

extension RowColumns {
  /// A row of two whole conversations as messages.
  func implicit() throws(RowProblem) -> RowReading {
    let sides = [try textOrMessages("chosen"), try textOrMessages("rejected")]
    guard case .chat(let chosen) = sides[0], case .chat(let rejected) = sides[1] else {
      throw RowProblem("'chosen' and 'rejected' are not both lists of messages; write both as messages")
    }
    if chosen == rejected { return .dropped(.identicalCompletions) }
    let shared = commonTurns(chosen, rejected)
    guard shared > 0 else {
      throw RowProblem("'chosen' and 'rejected' have no message in common; give the row a 'prompt'")
    }
    guard chosen[shared].role == "assistant", rejected[shared].role == "assistant" else {
      return .dropped(.noCommonPrompt)
    }
    return judged(
      .chat(Array(chosen[..<shared])), [.chat(Array(chosen[shared...])), .chat(Array(rejected[shared...]))],
      .pairwise)
  }

  /// A row of two whole conversations as text, in the spelling of HH-RLHF.
  ///
  /// The prompt ends with `\n\nAssistant:`, and the completion begins with what follows, so that
  /// nothing is ever cut inside a turn.
  func transcripts() throws(RowProblem) -> RowReading {
    let texts = [try text("chosen"), try text("rejected")]
    if texts[0] == texts[1] { return .dropped(.identicalCompletions) }
    let chosen = try Transcript(texts[0], named: "chosen").turns
    let rejected = try Transcript(texts[1], named: "rejected").turns
    let shared = commonTurns(chosen, rejected)
    guard shared > 0 else {
      throw RowProblem("'chosen' and 'rejected' have no turn in common; give the row a 'prompt'")
    }
    let speakers = [chosen[shared].speaker, rejected[shared].speaker]
    guard speakers == [.assistant, .assistant] else { return .dropped(.noCommonPrompt) }
    let prompt = chosen[..<shared].map(\.written).joined() + Transcript.Speaker.assistant.rawValue
    let answers = [chosen, rejected].map { turns in
      turns[shared].text + turns[(shared + 1)...].map(\.written).joined()
    }
    // A conversation may go on behind an answer; the answer itself must still say something.
    if [chosen, rejected].contains(where: { $0[shared].text.allSatisfy(\.isWhitespace) }) {
      return .dropped(.emptyCompletion)
    }
    return judged(.plain(prompt), answers.map { .plain($0) }, .pairwise)
  }

  /// How many turns both begin with, leaving at least one to each.
  private func commonTurns<Turn: Equatable>(_ a: [Turn], _ b: [Turn]) -> Int {
    let most = min(a.count, b.count) - 1
    return zip(a, b).prefix(max(0, most)).prefix { $0 == $1 }.count
  }
}

/// A conversation of `\n\nHuman: …` and `\n\nAssistant: …` turns.
struct Transcript {
  /// Who speaks, as written in front of a turn.
  enum Speaker: String, CaseIterable {
    case human = "\n\nHuman:"
    case assistant = "\n\nAssistant:"
  }

  /// One turn.
  struct Turn: Equatable {
    /// Who speaks.
    var speaker: Speaker
    /// What stands between the colon and the next turn.
    var text: String
    /// The turn as it stands in the transcript.
    var written: String { speaker.rawValue + text }
  }

  /// The turns; joined as written they are the transcript.
  let turns: [Turn]

  /// Splits `text`, the value of the column `name`.
  init(_ text: String, named name: String) throws(RowProblem) {
    var turns: [Turn] = []
    let bytes = Array(text.utf8)
    let marks = Speaker.allCases.map { (speaker: $0, bytes: Array($0.rawValue.utf8)) }
    var start = 0
    var index = 0
    func close(at end: Int) {
      guard let last = turns.indices.last else { return }
      turns[last].text = String(decoding: bytes[start..<end], as: UTF8.self)
    }
    while index < bytes.count {
      let mark = bytes[index] != 0x0A ? nil : marks.first { bytes[index...].starts(with: $0.bytes) }
      guard let mark else {
        index += 1
        continue
      }
      if turns.isEmpty && index > 0 { break }
      close(at: index)
      turns.append(Turn(speaker: mark.speaker, text: ""))
      index += mark.bytes.count
      start = index
    }
    close(at: bytes.count)
    guard !turns.isEmpty else {
      throw RowProblem(
        "'\(name)' does not begin with '\\n\\nHuman:' or '\\n\\nAssistant:'; "
          + "write the conversation that way or give the rows a 'prompt'")
    }
    self.turns = turns
  }
}

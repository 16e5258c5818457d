// A tokenizer small enough to reason about: one token a character, a few special tokens, one merge.

@testable import PreferenceData

/// One token for each Unicode scalar, for each special piece, and for `ab` where it stands together.
struct CharacterEncoder: RowEncoder {
  static let pieces = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "ab"]
  var hasTemplate = true
  var bosID: Int32? = nil
  var eosID: Int32? = 1
  var stopIDs: Set<Int32> = [1, 3]
  var markers = ["<|im_start|>", "<|im_end|>"]
  /// What the template puts behind the end of a turn.
  var turnEnd = "<|im_end|>\n"

  func encode(_ text: String, addingSpecials: Bool) -> [Int32] {
    var ids: [Int32] = addingSpecials ? [bosID].compactMap { $0 } : []
    var rest = text[...]
    while !rest.isEmpty {
      if let id = Self.pieces.firstIndex(where: rest.hasPrefix) {
        ids.append(Int32(id))
        rest = rest.dropFirst(Self.pieces[id].count)
      } else {
        let character = rest.unicodeScalars.removeFirst()
        ids.append(Int32(character.value) + 1000)
      }
    }
    return ids
  }

  func text(of id: Int32) -> String {
    if id < 1000 { return Self.pieces[Int(id)] }
    return Unicode.Scalar(UInt32(id - 1000)).map { String(Character($0)) } ?? ""
  }

  func text(of ids: [Int32]) -> String { ids.map { text(of: $0) }.joined() }

  func render(
    _ turns: [Turn], openingReply: Bool, tools: [JSONValue]?, arguments: [JSONMember]
  ) throws(RowProblem) -> String {
    if turns.contains(where: { $0.content == "refuse me" }) { throw RowProblem("the template refuses this") }
    let system = tools.map { "<|im_start|>tools \($0.count)<|im_end|>\n" } ?? ""
    return system + turns.map { "<|im_start|>\($0.role)\n\($0.content)\(turnEnd)" }.joined()
      + (openingReply ? "<|im_start|>assistant\n" : "")
  }
}

/// A store of rows as a file called `rows.jsonl` would hold them.
func store(_ lines: String..., file: String = "rows.jsonl") throws(DataError) -> JSONLinesStore {
  try JSONLinesStore(bytes: Array(lines.joined(separator: "\n").utf8), file: file)
}

/// The message of the error that `body` throws, or "" where it throws none.
func message(of body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return ""
}

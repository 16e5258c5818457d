// The recorded runs' rows as KTO and supervised fine-tuning see them.

@testable import prefer

/// The recorded rows, each with one of its sides and whether it is wanted.
enum UnpairedRows {
  /// JSON Lines.
  static func text() throws -> String {
    let lines = try OutputFile.read(Fixtures.path("traces/rows.jsonl")).split(separator: "\n")
    return try lines.enumerated().map { index, line in
      let row = try JSONValue(json5: String(line))
      let isWanted = !index.isMultiple(of: 2)
      return JSONValue.object([
        JSONMember("prompt", row["prompt"] ?? .null),
        JSONMember("completion", row[isWanted ? "chosen" : "rejected"] ?? .null),
        JSONMember("label", .bool(isWanted)),
      ]).description + "\n"
    }.joined()
  }

  /// The better side of every row, as a prompt and its completion.
  static func wanted() throws -> String {
    try OutputFile.read(Fixtures.path("traces/rows.jsonl")).split(separator: "\n").map { line in
      let row = try JSONValue(json5: String(line))
      let members = [
        JSONMember("prompt", row["prompt"] ?? .null), JSONMember("completion", row["chosen"] ?? .null),
      ]
      return JSONValue.object(members).description + "\n"
    }.joined()
  }
}

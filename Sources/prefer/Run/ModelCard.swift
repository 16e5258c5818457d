// The README.md that stands beside a trained model.

import Foundation

/// What the next reader of a model directory wants to know.
struct ModelCard {
  let baseModel: String
  let loss: String
  let references: [String]
  let rows: String
  let rowCount: Int
  let steps: Int
  let settings: [(key: String, value: String)]
  let results: [String: Double]

  /// The card in Markdown, with Hugging Face's header.
  var text: String {
    let name = URL(filePath: baseModel).lastPathComponent
    var lines = [
      "---", "library_name: transformers", "base_model: \(JSONValue.quoted(baseModel))", "tags:", "- prefer",
      "- preference-optimization", "- generated_from_trainer", "---", "",
      "# \(name), trained with \(loss)", "",
      "Trained with Prefer: \(steps) steps on \(Numbers.count(rowCount)) rows of `\(rows)`.", "",
      "| | |", "|---|---|", "| loss | `\(loss)` |",
      "| references | \(references.isEmpty ? "none" : references.map { "`\($0)`" }.joined(separator: ", ")) |",
    ]
    lines += settings.map { "| \($0.key) | \($0.value) |" }
    lines += ["", "## Results", "", "| metric | last value |", "|---|---|"]
    lines += results.sorted { $0.key < $1.key }.map { "| `\($0.key)` | \(Numbers.short($0.value)) |" }
    lines += [
      "",
      "Every logged number is in `trainer_log.jsonl`; `run.json` says exactly what was run; `report.html` shows",
      "the curves.", "",
    ]
    return lines.joined(separator: "\n")
  }
}

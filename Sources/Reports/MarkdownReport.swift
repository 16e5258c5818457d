// The final figures of one or several runs as a Markdown table.

import Plots

/// A table for model cards, issues and notes.
public struct MarkdownReport: Sendable {
  private let runs: [RunLog]

  /// A report on `runs`, one column each.
  public init(runs: [RunLog]) { self.runs = runs }

  /// The table.
  public var text: String {
    var names: [String] = []
    for run in runs { names += RunFigures(run).rows.map(\.name).filter { !names.contains($0) } }
    let header = "| metric | " + runs.map { Self.cell($0.name) }.joined(separator: " | ") + " |"
    let rule = "|---|" + runs.map { _ in "---:|" }.joined()
    let rows = names.map { name in
      let cells = runs.map { $0.last(name).map(NumberFormat.short) ?? "" }
      return "| `\(name)` | " + cells.joined(separator: " | ") + " |"
    }
    return ([header, rule] + rows).joined(separator: "\n") + "\n"
  }

  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}

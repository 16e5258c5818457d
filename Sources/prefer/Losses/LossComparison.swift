// Several losses side by side: formulas, what they read, where they lead.

import Configuration
import LossConformance
import PreferenceCore

/// A table with a column for each loss.
struct LossComparison {
  private let objectives: [Objective]
  private let registry: LossRegistry

  /// - Parameter registry: where the losses were looked up.
  init(of objectives: [Objective], in registry: LossRegistry) {
    (self.objectives, self.registry) = (objectives, registry)
  }

  /// The table, and which of the losses are the same.
  var lines: [String] {
    let columns = objectives.map(column)
    var lines = Self.row("", objectives.map(\.expression.description)).map { Style.bold($0) }
    for (place, title) in (columns.first ?? []).map(\.title).enumerated() {
      let cells = columns.map { $0[place].text }
      if cells.allSatisfy(\.isEmpty) { continue }
      lines += Self.row(title, cells)
    }
    return lines + ["", "Values and slopes are of one pair with \(LossCurve.length) tokens a side."]
      + equalities
  }

  /// What is said of one loss, a title and a text each.
  private func column(_ objective: Objective) -> [(title: String, text: String)] {
    let loss = objective.loss
    let needs = loss.requirements
    func list(_ statistics: Set<TokenStatistic>) -> String {
      statistics.map(\.name).sorted().joined(separator: ", ")
    }
    var rows = [("formula", formula(objective.expression))]
    rows += [
      ("rows", needs.feedback.rawValue), ("policy", list(needs.policyStatistics)),
      ("references", Requirements.count(needs.references)),
      ("their scores", needs.references.upperBound == 0 ? "" : list(needs.referenceStatistics)),
      ("columns", needs.annotations.sorted().joined(separator: ", ")),
      ("baselines", needs.needsBaselines ? "completions of other prompts" : ""),
      ("coupling", needs.couplesItems ? "depends on the whole batch" : ""),
      ("reward scale", Numbers.short(loss.rewardScale)),
    ]
    let shape = needs.feedback == .ranked ? nil : LossShape(of: loss)
    rows += [
      (
        "at margin 0",
        shape.map { "\(Numbers.short($0.start.value)), slope \(Numbers.short($0.start.slope))" } ?? ""
      ),
      ("lowest", shape?.minimum ?? ""), ("towards −∞", shape?.left ?? ""), ("towards +∞", shape?.right ?? ""),
      ("in TRL 1.16", TRLSpelling.text(of: objective.expression)), ("source", source(objective.expression)),
    ]
    return rows.map { (title: $0.0, text: $0.1) }
  }

  private func card(_ expression: Expression) -> Card? {
    guard case .named(let name, _) = expression else { return nil }
    return (try? registry.resolve(expression))?.ownCard ?? registry.entries[name]?.card
  }

  private func formula(_ expression: Expression) -> String {
    guard case .sum(let parts) = expression else { return card(expression)?.formula ?? "" }
    return parts.map { part in
      let weight = part.weight == 1 ? "" : JSONValue.spelling(of: part.weight) + " × "
      return weight + "[" + formula(part.component) + "]"
    }.joined(separator: " + ")
  }

  private func source(_ expression: Expression) -> String {
    guard case .sum(let parts) = expression else { return card(expression)?.source ?? "" }
    return parts.map { source($0.component) }.joined(separator: "; ")
  }

  /// Couples of different strings that mean the same objective.
  private var equalities: [String] {
    var found: [String] = []
    for (place, first) in objectives.enumerated() {
      for second in objectives[(place + 1)...] {
        let (a, b) = (first.expression.description, second.expression.description)
        guard (try? LossConformance.verify(a, equals: b, in: registry)) != nil else { continue }
        found.append("\(a) and \(b) are the same: values and gradients agree to 10⁻¹² on random batches")
      }
    }
    return found
  }

  // MARK: Layout

  private static let titleWidth = 14

  /// One row, its cells broken into lines.
  private static func row(_ title: String, _ cells: [String]) -> [String] {
    let width = max(24, (120 - titleWidth) / max(1, cells.count) - 2)
    let broken = cells.map { wrapped($0, width) }
    return (0..<(broken.map(\.count).max() ?? 0)).map { line in
      let texts = broken.map { Numbers.padded(line < $0.count ? $0[line] : "", width + 2) }
      var text = Numbers.padded(line == 0 ? title : "", titleWidth) + texts.joined()
      while text.last == " " { text.removeLast() }
      return text
    }
  }

  /// `text` in lines of at most `width`, broken at blanks where there are any.
  static func wrapped(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      var word = String(word)
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      while word.count > width {
        lines.append(String(word.prefix(width)))
        word = String(word.dropFirst(width))
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return line.isEmpty ? lines : lines + [line]
  }
}

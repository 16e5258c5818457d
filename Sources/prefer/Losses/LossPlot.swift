// Losses drawn against the margin of a pair.

import Plots
import PreferenceCore

/// Value and gradient of one loss in one picture, or of several in two panels with common axes.
enum LossPlot {
  /// How far from 0 a loss has bent, in nats.
  static func reach(of loss: any PreferenceLoss) -> Double {
    min(200, max(4, 6 / max(1e-6, loss.rewardScale)))
  }

  /// The document.
  ///
  /// - Throws: `CommandFailure` for losses of more than two completions.
  static func text(of objectives: [Objective]) throws(CommandFailure) -> String {
    for objective in objectives {
      let feedback = objective.loss.requirements.feedback
      guard feedback == .pairwise || feedback == .unpaired else {
        throw CommandFailure(
          .failure,
          "'\(objective.expression)' compares more than two completions; "
            + "a plot against the margin of a pair does not show it")
      }
    }
    let reach = objectives.map { Self.reach(of: $0.loss) }.max() ?? 4
    let curves = objectives.map { LossCurve(of: $0.loss, over: -reach...reach) }
    let axis = "log-ratio margin in nats"
    if objectives.count == 1 {
      return LinePlot(
        title: objectives[0].expression.description, horizontalLabel: axis,
        series: [
          Series("loss", points(curves[0], curves[0].values)),
          Series("gradient", points(curves[0], curves[0].slopes)),
        ]
      ).document.text
    }
    let names = objectives.map(\.expression.description)
    let panels = [("loss", \LossCurve.values), ("gradient", \LossCurve.slopes)].map { title, heights in
      LinePlot(
        title: title, horizontalLabel: axis,
        series: zip(names, curves).map { Series($0, points($1, $1[keyPath: heights])) }
      ).document
    }
    var sheet = SVGDocument(
      width: panels.map(\.width).max() ?? 0, height: panels.map(\.height).reduce(0, +) + 12,
      title: names.joined(separator: ", "))
    var top = 0.0
    for panel in panels {
      sheet.place(panel, x: 0, y: top)
      top += panel.height + 12
    }
    return sheet.text
  }

  private static func points(_ curve: LossCurve, _ heights: [Double]) -> [(x: Double, y: Double)] {
    zip(curve.margins, heights).filter { $0.1.isFinite }.map { (x: $0.0, y: $0.1) }
  }
}

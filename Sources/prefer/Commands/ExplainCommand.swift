// `prefer explain`: what a loss expression computes.

import BuiltinLosses
import CommandLineTool
import Foundation
import Plots
import PreferenceCore

/// Explains one loss expression, and draws it on request.
enum ExplainCommand {
  static let command = Command(
    "explain",
    "Says what a loss expression computes: formula with numbers, requirements, TRL's spelling, source.",
    arguments: [Operand("EXPRESSION", .optional, "A loss, such as \"0.7*dpo(beta=0.2) + 0.3*sft\".")],
    options: [
      Option("plot", "OUT.svg", "Draws value and gradient against the margin."),
      Option("from-trl", "CONFIG.json", "Prints the run file that equals a configuration of TRL's instead."),
      Option("model", "DIR", "With --from-trl: the model that the run file names."),
      Option("data", "ROWS", "With --from-trl: the rows that the run file names."),
      Option("eval-data", "ROWS", "With --from-trl: the held-out rows that the run file names."),
    ] + LossCatalogue.options)

  static func run(_ call: Invocation) throws -> ExitCode {
    if let path = call.value("from-trl") { return try migrate(path, call) }
    guard let expression = call.word("EXPRESSION") else {
      throw UsageError("'explain' needs either a loss EXPRESSION or --from-trl CONFIG.json")
    }
    if let option = ["model", "data", "eval-data"].first(where: { call.value($0) != nil }) {
      throw UsageError("--\(option) is read only with --from-trl CONFIG.json")
    }
    let registry = try LossCatalogue.registry(call)
    let objective = try Objective(expression, in: registry)
    Console.output(
      Explanation(in: registry).lines(of: objective.loss, objective.expression).joined(separator: "\n"))
    if let path = call.value("plot") {
      try OutputFile.write(try plot(objective), to: path)
      Console.note("drawn in \(path)")
    }
    return .success
  }

  /// Prints the run file that equals the TRL configuration at `path`.
  private static func migrate(_ path: String, _ call: Invocation) throws -> ExitCode {
    guard call.word("EXPRESSION") == nil, call.value("plot") == nil else {
      throw UsageError("--from-trl stands alone: it explains a configuration, not a loss")
    }
    let migration = try Migration(
      try OutputFile.read(path), path: path, model: call.value("model"), rows: call.value("data"),
      heldOut: call.value("eval-data"),
      known: Set(LossRegistry.builtin.entries.keys))
    Console.output(migration.text)
    return .success
  }

  /// Value and gradient of one pair over margins that reach where the loss has bent.
  private static func plot(_ objective: Objective) throws -> String {
    let feedback = objective.loss.requirements.feedback
    guard feedback == .pairwise || feedback == .unpaired else {
      throw CommandFailure(
        .failure,
        "'\(objective.expression)' compares more than two completions; "
          + "a plot against the margin of a pair does not show it")
    }
    let reach = min(200, max(4, 6 / max(1e-6, objective.loss.rewardScale)))
    let curve = LossCurve(of: objective.loss, over: -reach...reach)
    let points = { (heights: [Double]) in
      zip(curve.margins, heights).filter { $0.1.isFinite }.map { (x: $0.0, y: $0.1) }
    }
    return LinePlot(
      title: objective.expression.description, horizontalLabel: "log-ratio margin in nats",
      series: [Series("loss", points(curve.values)), Series("gradient", points(curve.slopes))]
    ).document.text
  }
}

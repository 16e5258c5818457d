// `prefer explain`: what a loss expression computes.

import BuiltinLosses
import CommandLineTool
import Foundation
import PreferenceCore

/// Explains loss expressions, one at length or several side by side, and draws them on request.
enum ExplainCommand {
  static let command = Command(
    "explain",
    "Says what a loss expression computes: formula with numbers, requirements, TRL's spelling, source.",
    arguments: [
      Operand(
        "EXPRESSION", .repeated, "A loss, such as \"0.7*dpo(beta=0.2) + 0.3*sft\"; several are compared.")
    ],
    options: [
      Option("plot", "OUT.svg", "Draws value and gradient against the margin."),
      Option("from-trl", "CONFIG.json", "Prints the run file that equals a configuration of TRL's instead."),
      Option("model", "DIR", "With --from-trl: the model that the run file names."),
      Option("data", "ROWS", "With --from-trl: the rows that the run file names."),
      Option("eval-data", "ROWS", "With --from-trl: the held-out rows that the run file names."),
    ] + LossCatalogue.options)

  static func run(_ call: Invocation) throws -> ExitCode {
    if let path = call.value("from-trl") { return try migrate(path, call) }
    let expressions = call.words("EXPRESSION")
    guard !expressions.isEmpty else {
      throw UsageError("'explain' needs either a loss EXPRESSION or --from-trl CONFIG.json")
    }
    if let option = ["model", "data", "eval-data"].first(where: { call.value($0) != nil }) {
      throw UsageError("--\(option) is read only with --from-trl CONFIG.json")
    }
    let registry = try LossCatalogue.registry(call)
    let objectives = try expressions.map { try Objective($0, in: registry) }
    let lines =
      objectives.count == 1
      ? Explanation(in: registry).lines(of: objectives[0].loss, objectives[0].expression)
      : LossComparison(of: objectives, in: registry).lines
    Console.output(lines.joined(separator: "\n"))
    if let path = call.value("plot") {
      try OutputFile.write(try LossPlot.text(of: objectives), to: path)
      Console.note("drawn in \(path)")
    }
    return .success
  }

  /// Prints the run file that equals the TRL configuration at `path`.
  private static func migrate(_ path: String, _ call: Invocation) throws -> ExitCode {
    guard call.words("EXPRESSION").isEmpty, call.value("plot") == nil else {
      throw UsageError("--from-trl stands alone: it explains a configuration, not a loss")
    }
    let migration = try Migration(
      try OutputFile.read(path), path: path, model: call.value("model"), rows: call.value("data"),
      heldOut: call.value("eval-data"),
      known: Set(LossRegistry.builtin.entries.keys))
    Console.output(migration.text)
    return .success
  }
}

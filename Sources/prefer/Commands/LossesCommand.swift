// `prefer losses`: what can be named in a loss expression.

import BuiltinLosses
import CommandLineTool
import PreferenceCore

/// Lists every registered loss.
enum LossesCommand {
  static let command = Command(
    "losses", "Lists every loss: formula, hyperparameters with type, default and range, source.",
    options: [Option(flag: "json", "Prints the list as JSON.")] + LossCatalogue.options)

  static func run(_ call: Invocation) throws -> ExitCode {
    let listing = LossListing(try LossCatalogue.registry(call))
    Console.output(call.has("json") ? listing.json.indented : listing.text)
    return .success
  }
}

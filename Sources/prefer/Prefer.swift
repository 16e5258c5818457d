// The program: its commands, and the one way from an error to a sentence and an exit code.

import CommandLineTool

/// `prefer`, from arguments to an exit code.
enum Prefer {
  /// What `--version` answers and run directories record.
  static let version = "0.1.0"

  /// Every command with what it does.
  private static let commands: [(command: Command, run: @Sendable (Invocation) throws -> ExitCode)] = [
    (QuickstartCommand.command, QuickstartCommand.run), (TrainCommand.command, TrainCommand.run),
    (ScoreCommand.command, ScoreCommand.run),
    (EvaluateCommand.command, EvaluateCommand.run), (GenerateCommand.command, GenerateCommand.run),
    (LossesCommand.command, LossesCommand.run), (ExplainCommand.command, ExplainCommand.run),
    (VerifyCommand.command, VerifyCommand.run), (InitCommand.command, InitCommand.run),
    (ExportCommand.command, ExportCommand.run), (InspectCommand.command, InspectCommand.run),
    (TokenizeCommand.command, TokenizeCommand.run), (PluginCommand.command, PluginCommand.run),
  ]

  /// What the command line may say.
  static var tool: Tool {
    Tool(
      "prefer", "Preference optimisation of language models.", commands: commands.map(\.command))
  }

  /// Runs one command line.
  static func run(_ arguments: [String]) -> ExitCode {
    do {
      if arguments == ["--version"] {
        Console.output("prefer \(version)")
        return .success
      }
      switch try tool.parse(arguments) {
      case .help(let page):
        Console.output(page, terminator: "")
        return .success
      case .run(let call):
        guard let chosen = commands.first(where: { $0.command.name == call.command.name }) else {
          throw CommandFailure(.failure, "'\(call.command.name)' is declared but does nothing")
        }
        return try chosen.run(call)
      }
    } catch {
      Console.note("error: \(Failure.sentence(error))")
      return Failure.code(error)
    }
  }
}

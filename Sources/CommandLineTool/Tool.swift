// A program with commands: the root of what its command line may say.

/// A program and its commands.
public struct Tool: Sendable {
  /// What a command line turned out to ask for.
  public enum Outcome: Sendable {
    /// A command with its values.
    case invocation(Invocation)
    /// A text for standard output: help, or the version.
    case text(String)
  }

  /// The program's name.
  public let name: String
  /// What it is for, in lower case and without a full stop.
  public let summary: String
  /// What `--version` answers.
  public let version: String
  /// Its commands, in the order that help lists them.
  public let commands: [Command]
  /// Options of every command.
  public let options: [Option]

  /// A program; `--help` and `--version` come by themselves.
  public init(
    _ name: String, _ summary: String, version: String, options: [Option] = [], commands: [Command]
  ) {
    (self.name, self.summary, self.version) = (name, summary, version)
    (self.options, self.commands) = (options, commands)
  }

  /// Reads the arguments after the program's name.
  ///
  /// No arguments at all ask for help, as `--help` does anywhere before `--`.
  /// - Throws: every mistake of the command line at once.
  public func parse(_ arguments: [String]) throws(UsageError) -> Outcome {
    if arguments.first == "--version" { return .text("\(name) \(version)") }
    if arguments.first == "help" { return try parse(Array(arguments.dropFirst()) + ["--help"]) }
    var path: [Command] = []
    var rest = arguments[...]
    var candidates = commands
    while path.isEmpty || !candidates.isEmpty {
      guard let word = rest.first, word != "--help", word != "-h" else { return .text(help(path)) }
      guard let command = candidates.first(where: { $0.name == word }) else {
        let known = candidates.map(\.name)
        let group = path.map(\.name).joined(separator: " ")
        if word.hasPrefix("-") {
          throw UsageError([.optionBeforeCommand(word, known: known)], help: helpLine(path))
        }
        throw UsageError([.unknownCommand(word, group: group, known: known)], help: helpLine(path))
      }
      path.append(command)
      rest = rest.dropFirst()
      candidates = command.subcommands
    }
    let command = path[path.count - 1]
    if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
      return .text(help(path))
    }
    var reader = ArgumentReader(command, options: command.options + options)
    let invocation = reader.read(Array(rest), path: path.map(\.name))
    guard reader.problems.isEmpty else { throw UsageError(reader.problems, help: helpLine(path)) }
    return .invocation(invocation)
  }

  private func helpLine(_ path: [Command]) -> String {
    "'\(([name] + path.map(\.name) + ["--help"]).joined(separator: " "))' shows what it takes"
  }
}

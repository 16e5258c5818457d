// Help, from the same declarations that parse.

extension Tool {
  /// The list of commands.
  public var help: String {
    let width = commands.map(\.name.count).max() ?? 0
    let lines = commands.map { "  \(Self.padded($0.name, width))  \($0.summary)" }
    return """
      \(name): \(summary)

      usage: \(name) COMMAND [arguments] [key=value …] [--option]

      \(lines.joined(separator: "\n"))

      '\(name) COMMAND --help' says more about one.

      """
  }

  /// What one command takes.
  public func help(for command: Command) -> String {
    let words = command.arguments.map(\.usage) + (command.takesOverrides ? ["[key=value …]"] : [])
    let usage = ([name, command.name] + words + command.options.map(\.usage)).joined(separator: " ")
    var rows = command.arguments.map { ($0.name, $0.documentation) }
    rows += command.options.map { option in
      ("--" + option.name + (option.valueName.map { " " + $0 } ?? ""), option.documentation)
    }
    rows.append(("--help", "Prints this."))
    let width = min(34, rows.map(\.0.count).max() ?? 0)
    let table = rows.map { "  \(Self.padded($0.0, width))  \($0.1)" }.joined(separator: "\n")
    let discussion = command.discussion.isEmpty ? "" : "\n\(command.discussion)\n"
    return """
      \(command.summary)

      usage: \(usage)

      \(table)
      \(discussion)
      """
  }

  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}

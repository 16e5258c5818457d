// Turns the words of a command line into an invocation, or into sentences that say what is wrong.

import Configuration

/// A tool with verbs: `prefer train run.json5 learning_rate=1e-6 --resume`.
public struct Tool: Sendable {
  /// What people type: `prefer`.
  public let name: String
  /// One line.
  public let summary: String
  /// Its verbs, in the order help lists them.
  public let commands: [Command]

  /// A tool called `name`.
  public init(_ name: String, _ summary: String, commands: [Command]) {
    (self.name, self.summary, self.commands) = (name, summary, commands)
  }

  /// What a command line means.
  public enum Meaning: Sendable, Hashable {
    case help(String)
    case run(Invocation)
  }

  /// Reads the words behind the tool's own name.
  ///
  /// - Throws: ``UsageError`` with every mistake of the line, and the nearest valid names.
  public func parse(_ words: [String]) throws(UsageError) -> Meaning {
    guard let verb = words.first, !["--help", "-h", "help"].contains(verb) else {
      if words.first == "help", words.count > 1 { return .help(help(for: try command(words[1]))) }
      return .help(help)
    }
    let command = try command(verb)
    let rest = Array(words.dropFirst())
    let written = rest.prefix { $0 != "--" }
    if written.contains("--help") || written.contains("-h") { return .help(help(for: command)) }
    var reader = CommandLineReader(command)
    reader.read(rest)
    reader.finish()
    guard reader.problems.isEmpty else { throw UsageError(reader.problems) }
    return .run(
      Invocation(
        command: command, overrides: reader.overrides, words: reader.words, values: reader.values))
  }

  private func command(_ verb: String) throws(UsageError) -> Command {
    if let command = commands.first(where: { $0.name == verb }) { return command }
    let kind = verb.hasPrefix("-") ? "option" : "command"
    let near = nearest(to: verb, in: commands.map(\.name)).map { "; did you mean '\($0)'?" }
    throw UsageError("unknown \(kind) '\(verb)'" + (near ?? "; '\(name) --help' lists the commands"))
  }
}

/// The state of reading one command's words.
struct CommandLineReader {
  let command: Command
  var words: [String] = []
  var overrides: [Invocation.Override] = []
  var values: [String: [String]] = [:]
  var problems: [String] = []

  init(_ command: Command) { self.command = command }

  mutating func read(_ rest: [String]) {
    var position = 0
    while position < rest.count {
      let word = rest[position]
      position += 1
      if word == "--" {
        words += rest[position...]
        return
      } else if word.hasPrefix("--") {
        readOption(word.dropFirst(2), rest, &position)
      } else if word.hasPrefix("-"), word.count > 1, Double(word) == nil {
        problems.append("unknown option '\(word)'; options start with two dashes")
      } else if command.takesOverrides, let override = Self.override(word) {
        overrides.append(override)
      } else {
        words.append(word)
      }
    }
  }

  private mutating func readOption(_ text: Substring, _ rest: [String], _ position: inout Int) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = command.option(name) else {
      let near = nearest(to: name, in: command.options.map(\.name) + ["help"])
      problems.append(
        "'\(command.name)' has no option '--\(name)'" + (near.map { "; did you mean '--\($0)'?" } ?? ""))
      // Its value, if it looks like one, is not an argument of the command.
      if parts.count == 1, position < rest.count, !rest[position].hasPrefix("-"), near != nil {
        position += 1
      }
      return
    }
    if !option.isRepeatable, values[name] != nil {
      problems.append("'--\(name)' is given twice")
    }
    guard let valueName = option.valueName else {
      if parts.count > 1 { problems.append("'--\(name)' takes no value") }
      values[name, default: []].append("")
      return
    }
    if parts.count > 1 {
      values[name, default: []].append(String(parts[1]))
    } else if position < rest.count, !rest[position].hasPrefix("--") {
      values[name, default: []].append(rest[position])
      position += 1
    } else {
      problems.append("'--\(name)' needs a value: --\(name) \(valueName)")
    }
  }

  /// Checks what is missing and what is too much.
  mutating func finish() {
    for option in command.options where option.isRequired && values[option.name] == nil {
      let isIncomplete = problems.contains { $0.hasPrefix("'--\(option.name)' needs") }
      if !isIncomplete { problems.append("'\(command.name)' needs \(option.usage)") }
    }
    let required = command.arguments.filter { $0.arity == .required }
    for argument in required.dropFirst(words.count) {
      problems.append("'\(command.name)' needs \(argument.name): \(argument.documentation)")
    }
    guard command.arguments.last?.arity != .repeated else { return }
    for word in words.dropFirst(command.arguments.count) {
      problems.append("'\(command.name)' does not know what to do with '\(word)'")
    }
  }

  /// `key=value` where the key is a dotted name.
  static func override(_ word: String) -> Invocation.Override? {
    guard let equals = word.firstIndex(of: "=") else { return nil }
    let key = word[..<equals]
    guard let first = key.first, first.isLetter,
      key.allSatisfy({ $0.isLetter || $0.isNumber || "._".contains($0) })
    else { return nil }
    return Invocation.Override(key: String(key), value: String(word[word.index(after: equals)...]))
  }
}

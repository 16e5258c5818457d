// What can be wrong with a command line, as values with prose.

import Configuration

/// One mistake in a command line.
public enum UsageProblem: Sendable, Hashable, CustomStringConvertible {
  /// A word that calls no command.
  case unknownCommand(String, group: String, known: [String])
  /// An option where a command is expected.
  case optionBeforeCommand(String, known: [String])
  /// An option that the command does not have.
  case unknownOption(String, command: String, known: [String])
  /// An option without the value it takes.
  case missingValue(option: String, spelling: String)
  /// A value for an option that takes none.
  case unexpectedValue(String, option: String)
  /// A value of the wrong type or out of range.
  case refusedValue(option: String, problem: String)
  /// An option given more than once.
  case repeatedOption(String)
  /// A required option that is absent.
  case missingOption(String, command: String)
  /// A required argument that is absent.
  case missingArgument(String, command: String)
  /// An argument too many.
  case extraArgument(String, command: String, after: String?, looksLikeOverride: Bool)

  /// The mistake and what to do.
  public var description: String {
    switch self {
    case .unknownCommand(let name, let group, let known):
      let what = group.isEmpty ? "command '\(name)'" : "command '\(group) \(name)'"
      if let near = nearest(to: name, in: known) { return "unknown \(what); did you mean '\(near)'?" }
      return "unknown \(what); there are \(known.joined(separator: ", "))"
    case .optionBeforeCommand(let option, let known):
      return "a command comes before '\(option)'; there are \(known.joined(separator: ", "))"
    case .unknownOption(let option, let command, let known):
      if let near = nearest(to: option, in: known) {
        return "'\(command)' has no option '\(option)'; did you mean '\(near)'?"
      }
      let list = known.isEmpty ? "none" : known.joined(separator: ", ")
      return "'\(command)' has no option '\(option)'; it has \(list)"
    case .missingValue(let option, let spelling): return "'\(option)' needs a value: \(spelling)"
    case .unexpectedValue(let value, let option):
      return "'\(option)' takes no value, but was given '\(value)'"
    case .refusedValue(let option, let problem): return "'\(option)' \(problem)"
    case .repeatedOption(let option): return "'\(option)' is given twice"
    case .missingOption(let spelling, let command): return "'\(command)' needs \(spelling)"
    case .missingArgument(let name, let command): return "'\(command)' needs \(name)"
    case .extraArgument(let argument, let command, let after, let looksLikeOverride):
      if looksLikeOverride { return "'\(command)' takes no key=value, but was given '\(argument)'" }
      let place = after.map { "no more arguments after \($0)" } ?? "no arguments"
      return "'\(command)' takes \(place), but was given '\(argument)'"
    }
  }
}

/// Every mistake of one command line.
public struct UsageError: Error, Sendable, Hashable, CustomStringConvertible {
  /// At least one, in the order of the command line.
  public let problems: [UsageProblem]
  /// Where to read more: `'prefer train --help' shows what it takes`.
  public let help: String

  /// The given mistakes.
  public init(_ problems: [UsageProblem], help: String) { (self.problems, self.help) = (problems, help) }

  /// One mistake a line, then where to read more.
  public var description: String { (problems.map(\.description) + [help]).joined(separator: "\n") }
}

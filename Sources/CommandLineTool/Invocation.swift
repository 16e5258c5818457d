// A command line that was understood: the command, its words and its options.

/// What somebody asked for.
public struct Invocation: Sendable, Hashable {
  /// The verb.
  public let command: Command
  /// `key=value` words in order, for commands that take them.
  public let overrides: [Override]
  let words: [String]
  let values: [String: [String]]

  /// `key=value`.
  public struct Override: Sendable, Hashable {
    public let key: String, value: String
    /// The override `key=value`.
    public init(key: String, value: String) { (self.key, self.value) = (key, value) }
  }

  /// The words given for an argument; one that repeats takes all that are left.
  ///
  /// - Precondition: the command declares `name`.
  public func words(_ name: String) -> [String] {
    guard let place = command.arguments.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("Invocation: '\(command.name)' declares no argument \(name)")
    }
    guard place < words.count else { return [] }
    return command.arguments[place].arity == .repeated ? Array(words[place...]) : [words[place]]
  }

  /// The word given for an argument, or nil.
  public func word(_ name: String) -> String? { words(name).first }

  /// Every value given for an option, in order.
  ///
  /// - Precondition: the command declares `name`.
  public func values(_ name: String) -> [String] {
    precondition(command.option(name) != nil, "Invocation: '\(command.name)' declares no option --\(name)")
    return values[name] ?? []
  }

  /// The value of an option, or nil.
  public func value(_ name: String) -> String? { values(name).last }

  /// Whether a flag was given.
  public func has(_ name: String) -> Bool { !values(name).isEmpty }

  /// The value of an option as a whole number, or nil.
  ///
  /// - Throws: ``UsageError`` where it is something else.
  public func integer(_ name: String) throws(UsageError) -> Int? {
    guard let text = value(name) else { return nil }
    guard let number = Int(text) else { throw UsageError("--\(name) takes a whole number, not '\(text)'") }
    return number
  }

  /// The value of an option as a finite number, or nil.
  ///
  /// - Throws: ``UsageError`` where it is something else.
  public func number(_ name: String) throws(UsageError) -> Double? {
    guard let text = value(name) else { return nil }
    guard let number = Double(text), number.isFinite else {
      throw UsageError("--\(name) takes a number, not '\(text)'")
    }
    return number
  }
}

/// A command line that was not understood.
public struct UsageError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Everything that is wrong, one sentence each.
  public let problems: [String]
  /// The sentences, one a line.
  public var description: String { problems.joined(separator: "\n") }

  /// One mistake.
  public init(_ problem: String) { problems = [problem] }
  /// Several mistakes.
  public init(_ problems: [String]) { self.problems = problems }
}

// What a command line may say, declared once: parsing, help and suggestions all read these values.

public import Configuration

/// An option: `--name`, `--name VALUE` or `--name=VALUE`.
public struct Option: Sendable {
  /// What stands after the name.
  public enum Kind: Sendable {
    /// Nothing: it is there or not.
    case flag
    /// Any text; the placeholder stands for it in help.
    case text(String)
    /// A whole number that meets a condition.
    case integer(String, Constraint<Int>)
    /// A number that meets a condition.
    case number(String, Constraint<Double>)
    /// One of a few words.
    case choice([String])
  }

  /// The name without dashes.
  public let name: String
  /// A one-letter name, used with one dash.
  public let short: Character?
  /// What stands after the name.
  public let kind: Kind
  /// What it does, in lower case and without a full stop.
  public let documentation: String
  /// Whether the command line must have it.
  public let isRequired: Bool
  /// Whether it may come more than once.
  public let isRepeatable: Bool
  /// What an absent option stands for; shown in help.
  public let fallback: String?

  /// An option; a flag unless a kind is given.
  public init(
    _ name: String, short: Character? = nil, _ kind: Kind = .flag, _ documentation: String,
    isRequired: Bool = false, isRepeatable: Bool = false, default fallback: String? = nil
  ) {
    (self.name, self.short, self.kind, self.documentation) = (name, short, kind, documentation)
    (self.isRequired, self.isRepeatable, self.fallback) = (isRequired, isRepeatable, fallback)
  }

  /// How help and messages spell it: `--model DIR`.
  public var spelling: String {
    switch kind {
    case .flag: "--\(name)"
    case .text(let placeholder), .integer(let placeholder, _), .number(let placeholder, _):
      "--\(name) \(placeholder)"
    case .choice(let words): "--\(name) \(words.joined(separator: "|"))"
    }
  }
}

/// An argument without a name, told apart by its place.
public struct Positional: Sendable {
  /// How many of them a command line may have.
  public enum Count: Sendable {
    case one, optional, any, oneOrMore
  }

  /// What help and messages call it: `RUN.json5`.
  public let name: String
  /// What it is, in lower case and without a full stop.
  public let documentation: String
  /// How many there may be. Only the last of a command may be more than one.
  public let count: Count

  /// An argument; exactly one unless said otherwise.
  public init(_ name: String, _ documentation: String, count: Count = .one) {
    (self.name, self.documentation, self.count) = (name, documentation, count)
  }

  /// How the usage line spells it: `[NAME …]`.
  public var spelling: String {
    switch count {
    case .one: name
    case .optional: "[\(name)]"
    case .any: "[\(name) …]"
    case .oneOrMore: "\(name) …"
    }
  }
}

/// One command, such as `train`, or a group of them, such as `plugin`.
public struct Command: Sendable {
  /// The word that calls it.
  public let name: String
  /// What it does, in lower case and without a full stop.
  public let summary: String
  /// More for its help page; may be empty.
  public let discussion: String
  /// Its arguments in order.
  public let arguments: [Positional]
  /// Its options, besides the tool's own.
  public let options: [Option]
  /// What `key=value` arguments do, where the command takes them.
  public let overrides: String?
  /// Commands of its own; a group is not called itself.
  public let subcommands: [Command]

  /// A command; `overrides` says what `key=value` does where it takes such arguments.
  public init(
    _ name: String, _ summary: String, discussion: String = "", arguments: [Positional] = [],
    overrides: String? = nil, options: [Option] = []
  ) {
    (self.name, self.summary, self.discussion) = (name, summary, discussion)
    (self.arguments, self.overrides, self.options) = (arguments, overrides, options)
    subcommands = []
  }

  /// A group of commands.
  public init(_ name: String, _ summary: String, subcommands: [Command]) {
    (self.name, self.summary, self.subcommands) = (name, summary, subcommands)
    (discussion, arguments, overrides, options) = ("", [], nil, [])
  }
}

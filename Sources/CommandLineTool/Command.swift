// What a command takes, declared once: parsing, help and suggestions all read this.

/// A word that stands on its own, such as the run file of `train`.
public struct Argument: Sendable, Hashable {
  /// How many words it takes.
  public enum Arity: Sendable, Hashable { case required, optional, repeated }

  /// Its name in help, upper-case: `RUN.json5`.
  public let name: String
  /// How many words it takes.
  public let arity: Arity
  /// What help says about it.
  public let documentation: String

  /// An argument called `name` in help.
  public init(_ name: String, _ arity: Arity, _ documentation: String) {
    (self.name, self.arity, self.documentation) = (name, arity, documentation)
  }

  var usage: String {
    switch arity {
    case .required: name
    case .optional: "[\(name)]"
    case .repeated: "[\(name) …]"
    }
  }
}

/// `--name VALUE`, or `--name` alone.
public struct Option: Sendable, Hashable {
  /// Without the dashes: `max-new-tokens`.
  public let name: String
  /// What the value is called in help, upper-case; nil for a flag.
  public let valueName: String?
  /// Whether the command cannot do without it.
  public let isRequired: Bool
  /// Whether it may be given several times.
  public let isRepeatable: Bool
  /// What help says about it.
  public let documentation: String

  /// An option with a value.
  public init(
    _ name: String, _ valueName: String, isRequired: Bool = false, isRepeatable: Bool = false,
    _ documentation: String
  ) {
    (self.name, self.valueName, self.documentation) = (name, valueName, documentation)
    (self.isRequired, self.isRepeatable) = (isRequired, isRepeatable)
  }

  /// A flag.
  public init(flag name: String, _ documentation: String) {
    (self.name, valueName, isRequired, isRepeatable) = (name, nil, false, false)
    self.documentation = documentation
  }

  var usage: String {
    let text = valueName.map { "--\(name) \($0)" } ?? "--\(name)"
    return isRequired ? text : "[\(text)]" + (isRepeatable ? " …" : "")
  }
}

/// One verb of a tool.
public struct Command: Sendable, Hashable {
  /// The verb: `train`.
  public let name: String
  /// One line.
  public let summary: String
  /// The words it takes, in order.
  public let arguments: [Argument]
  /// What it takes with dashes.
  public let options: [Option]
  /// Whether `key=value` words are taken aside as overrides.
  public let takesOverrides: Bool
  /// What help says below the options: longer explanations, tables of keys, examples.
  public let discussion: String

  /// A verb and what it takes.
  public init(
    _ name: String, _ summary: String, arguments: [Argument] = [], options: [Option] = [],
    takesOverrides: Bool = false, discussion: String = ""
  ) {
    (self.name, self.summary, self.arguments, self.options) = (name, summary, arguments, options)
    (self.takesOverrides, self.discussion) = (takesOverrides, discussion)
  }

  func option(_ name: String) -> Option? { options.first { $0.name == name } }
}

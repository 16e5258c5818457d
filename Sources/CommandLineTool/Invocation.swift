// A command line that was understood: which command, with which values.

public import Configuration

/// `key=value` among the arguments: one change to a run file.
public struct Override: Sendable, Hashable {
  /// The key between its dots: `lora.r` is `["lora", "r"]`.
  public let path: [String]
  /// The value as typed.
  public let text: String

  /// A change of the value at `path`.
  public init(_ path: [String], _ text: String) { (self.path, self.text) = (path, text) }

  /// The key as typed.
  public var key: String { path.joined(separator: ".") }

  /// The value read as a number, word, list or component; as plain text where it is none of these.
  public var literal: Literal {
    do throws(SyntaxError) {
      return try Literal(parsing: text)
    } catch {
      return .word(text)
    }
  }
}

/// A command and its values. Everything that declarations promise has been checked.
public struct Invocation: Sendable {
  /// The words that called the command: `["plugin", "new"]`.
  public let path: [String]
  /// The arguments without names, in order.
  public let arguments: [String]
  /// The `key=value` arguments, in order.
  public let overrides: [Override]
  private let values: [String: [String]]
  private let options: [String: Option]

  /// The command's name: `plugin new`.
  public var command: String { path.joined(separator: " ") }

  init(
    path: [String], arguments: [String], overrides: [Override], values: [String: [String]], options: [Option]
  ) {
    (self.path, self.arguments, self.overrides, self.values) = (path, arguments, overrides, values)
    self.options = Dictionary(options.map { ($0.name, $0) }) { first, _ in first }
  }

  /// Every value of an option, in order; its default where it is absent and has one.
  ///
  /// - Precondition: the command declares the option.
  public func values(of option: String) -> [String] {
    guard let declaration = options[option] else {
      preconditionFailure("Invocation: '\(command)' declares no option '--\(option)'")
    }
    return values[option] ?? declaration.fallback.map { [$0] } ?? []
  }

  /// Whether a flag is there.
  ///
  /// - Precondition: the command declares the option.
  public func has(_ option: String) -> Bool {
    precondition(options[option] != nil, "Invocation: '\(command)' declares no option '--\(option)'")
    return values[option] != nil
  }

  /// The value of an option, or its default.
  ///
  /// - Precondition: the command declares the option.
  public func text(_ option: String) -> String? { values(of: option).last }

  /// The value of an option of kind `.integer`, or its default.
  ///
  /// - Precondition: the command declares the option.
  public func integer(_ option: String) -> Int? { text(option).flatMap { Int($0) } }

  /// The value of an option of kind `.number`, or its default.
  ///
  /// - Precondition: the command declares the option.
  public func number(_ option: String) -> Double? { text(option).flatMap { Double($0) } }
}

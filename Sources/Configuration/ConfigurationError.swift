// What can be wrong with a configuration, as values with prose.

/// A hyperparameter that could not be set.
public struct HyperparameterError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The hyperparameter.
  public let name: String
  /// What is wrong with its value; continues the name.
  public let problem: String

  /// A problem of `name`.
  public init(_ name: String, _ problem: String) { (self.name, self.problem) = (name, problem) }

  /// `'beta' must be > 0, not -1`.
  public var description: String { "'\(name)' \(problem)" }
}

/// One mistake in a configuration.
public enum ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
  /// The text is no expression.
  case syntax(SyntaxError)
  /// The JSON is no expression.
  case malformed(String)
  /// A name that no component of the kind has.
  case unknown(kind: String, name: String, known: [String])
  /// A name that no hyperparameter of the component has.
  case unknownHyperparameter(of: String, name: String, known: [String])
  /// A value that type, range or `validate()` refuse.
  case invalid(String, HyperparameterError)
  /// A hyperparameter given more than once.
  case repeated(String, hyperparameter: String)
  /// A bare value where the component has no slot for it.
  case noSlot(String, argument: String, slots: [String], known: [String])
  /// A sum of components that cannot be added.
  case noSum(kind: String)
  /// Components inside components without end.
  case tooDeep(kind: String)

  /// The mistake, where it is and what to do.
  public var description: String {
    switch self {
    case .syntax(let error): return error.description
    case .malformed(let problem): return problem
    case .unknown(let kind, let name, let known):
      if let near = nearest(to: name, in: known) {
        return "unknown \(kind) '\(name)'; did you mean '\(near)'?"
      }
      return "unknown \(kind) '\(name)'; there are \(known.isEmpty ? "none" : known.joined(separator: ", "))"
    case .unknownHyperparameter(let component, let name, let known):
      let suggestion = nearest(to: name, in: known).map { "did you mean '\($0)'? " } ?? ""
      let list = known.isEmpty ? "none" : known.joined(separator: ", ")
      return "'\(component)' has no hyperparameter '\(name)'; \(suggestion)it has \(list)"
    case .invalid(let component, let error): return "'\(component)': \(error)"
    case .repeated(let component, let name): return "'\(component)' is given '\(name)' twice"
    case .noSlot(let component, let argument, let slots, let known):
      if !slots.isEmpty {
        let names = slots.map { "'\($0)'" }.joined(separator: ", ")
        return
          "'\(component)' takes \(slots.count == 1 ? "only" : "only the inner components") \(names) without"
          + " a name, but was also given '\(argument)'"
      }
      let advice =
        known.isEmpty || isName(argument) ? "" : "; name the hyperparameter, as in \(known[0])=\(argument)"
      return "'\(component)' takes no inner component, but was given '\(argument)'" + advice
    case .noSum(let kind):
      let article = "aeiou".contains(kind.first ?? " ") ? "an" : "a"
      return "\(article) \(kind) cannot be a sum"
    case .tooDeep(let kind): return "the \(kind) contains itself without end"
    }
  }
}

/// Every mistake of one configuration.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// At least one, in the order they were found.
  public let problems: [ConfigurationProblem]

  /// The given mistakes.
  public init(_ problems: [ConfigurationProblem]) { self.problems = problems }

  /// A single mistake.
  public init(_ problem: ConfigurationProblem) { problems = [problem] }

  /// A value of `component` that is refused.
  public static func invalid(_ component: String, _ error: HyperparameterError) -> ConfigurationError {
    ConfigurationError(.invalid(component, error))
  }

  /// One mistake a line.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// A component that could not be registered.
public enum RegistryError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Two components have one name.
  case duplicate(name: String, first: String, second: String)
  /// The name could not stand in an expression.
  case malformedName(String)

  /// The problem and what to do.
  public var description: String {
    switch self {
    case .duplicate(let name, let first, let second):
      "'\(name)' is brought by '\(first)' and again by '\(second)'"
    case .malformedName(let name): "'\(name)' is not a name: use lower-case letters, digits and hyphens"
    }
  }
}

// Names that people give to expressions of their own.

extension ComponentRegistry {
  /// Adds a name for an expression; `origin` says who brings it.
  ///
  /// The name is used like any other, with the hyperparameters of what it stands for: `mine(beta=0.2)`. Canonical
  /// spellings have the expression in its place, so that they mean the same where the name is unknown.
  /// - Throws: every mistake of the expression, or that the name is taken or malformed.
  public mutating func define(
    _ name: String, as expression: Expression, from origin: String
  ) throws(ConfigurationError) {
    var expression = expression
    var listed: [Hyperparameter] = []
    if case .named(let base, var arguments) = expression, let entry = entries[base] {
      if let argument = entry.nameArgument, !arguments.contains(where: { $0.name == argument }) {
        arguments.append(Argument(argument, .word(name)))
        expression = .named(base, arguments)
      }
      if case .named(_, let full) = try canonical(expression, includingDefaults: true) {
        listed = Self.hyperparameters(of: entry, with: full)
      }
    }
    let summary = "Stands for \(try canonical(expression))."
    let card = Card(name, summary, formula: expression.description, source: origin)
    let definition = expression
    let entry = Entry(
      card: card, origin: origin, hyperparameters: listed,
      build: { registry, arguments, depth, problems in
        guard let whole = definition.taking(arguments, for: name, &problems) else { return nil }
        return registry.resolved(whole, depth + 1, &problems)
      })
    do throws(RegistryError) {
      try add(name, entry)
    } catch {
      throw ConfigurationError(.malformed(error.description))
    }
  }

  /// What `entry` lists, with `arguments` for defaults; numbers that it does not list come behind.
  private static func hyperparameters(of entry: Entry, with arguments: [Argument]) -> [Hyperparameter] {
    var listed = entry.hyperparameters.map { field in
      guard let given = arguments.first(where: { $0.name == field.name }) else { return field }
      return Hyperparameter(
        name: field.name, type: field.type, default: given.value, range: field.range,
        documentation: field.documentation)
    }
    for argument in arguments where argument.name != entry.nameArgument {
      guard let name = argument.name, !listed.contains(where: { $0.name == name }) else { continue }
      listed.append(
        Hyperparameter(
          name: name, type: Double.typeName, default: argument.value, range: "",
          documentation: "A number of the formula."))
    }
    return listed
  }
}

extension Expression {
  /// This definition with some of its hyperparameters set anew, where it is called `name`.
  fileprivate func taking(
    _ arguments: [Argument], for name: String, _ problems: inout [ConfigurationProblem]
  ) -> Expression? {
    if arguments.isEmpty { return self }
    guard case .named(let base, var own) = self else {
      let given = arguments.map { $0.name ?? $0.value.description }
      problems.append(.unknownHyperparameter(of: name, name: given[0], known: []))
      return nil
    }
    for argument in arguments {
      if argument.name != nil, let place = own.firstIndex(where: { $0.name == argument.name }) {
        own[place] = argument
      } else {
        own.append(argument)
      }
    }
    return .named(base, own)
  }
}

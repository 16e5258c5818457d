// One declared hyperparameter: its name, place, type, range and meaning.

/// One hyperparameter of `Root`.
public struct Field<Root>: Sendable {
  /// The name in config strings.
  public let name: String
  /// The type as a listing says it.
  public let typeName: String
  /// The range as a listing says it; empty where anything will do.
  public let range: String
  /// What it means.
  public let documentation: String
  /// The current value as a literal.
  public let read: @Sendable (Root) -> Literal
  /// Sets the value; throws where type or range forbid it.
  public let write: @Sendable (inout Root, Literal) throws(HyperparameterError) -> Void
  /// Present where the hyperparameter is an inner component.
  let fill: Fill?
  /// Whether the hyperparameter may be given without its name.
  private(set) var isPositional: Bool

  /// How a resolved inner component gets into its slot.
  struct Fill: Sendable {
    let component: any Any.Type
    let set: @Sendable (inout Root, any Sendable, Expression) -> Void
  }

  /// A value within a range.
  public init<Value: HyperparameterValue>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ range: Constraint<Value>,
    _ documentation: String
  ) {
    self.init(name, path, range, documentation, fill: nil)
  }

  /// A value any of whose type will do.
  public init<Value: HyperparameterValue>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ documentation: String
  ) {
    self.init(name, path, .any, documentation, fill: nil)
  }

  /// An inner component.
  public init<Component: Sendable>(
    _ name: String, _ path: any WritableKeyPath<Root, Slot<Component>> & Sendable, _ documentation: String
  ) {
    let fill = Fill(component: Component.self) { root, component, expression in
      guard let component = component as? Component else {
        preconditionFailure("'\(expression)' is not a \(Component.self)")
      }
      root[keyPath: path] = Slot(component, as: expression)
    }
    self.init(name, path, .any, documentation, fill: fill)
  }

  private init<Value: HyperparameterValue>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ range: Constraint<Value>,
    _ documentation: String, fill: Fill?
  ) {
    (self.name, typeName, self.range, self.documentation) = (name, Value.typeName, range.text, documentation)
    (self.fill, isPositional) = (fill, fill != nil)
    read = { $0[keyPath: path].literal }
    write = { root, literal throws(HyperparameterError) in
      guard let value = Value(literal) else {
        throw HyperparameterError(name, Self.refusal(of: literal, by: Value.self))
      }
      guard range.accepts(value) else {
        throw HyperparameterError(name, "must be \(range.text), not \(literal)")
      }
      root[keyPath: path] = value
    }
  }

  /// The same hyperparameter, which may now be given without its name, as inner components are.
  public func positional() -> Field {
    var copy = self
    copy.isPositional = true
    return copy
  }

  private static func refusal<Value: HyperparameterValue>(of literal: Literal, by type: Value.Type) -> String
  {
    var problem = "takes \(Value.prose), not '\(literal)'"
    if case .word(let text) = literal, let near = nearest(to: text, in: Value.words) {
      problem += "; did you mean '\(near)'?"
    }
    return problem
  }
}

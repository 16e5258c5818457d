// What a registry shows of its components.

extension ComponentRegistry {
  /// A hyperparameter as a listing shows it.
  public struct Hyperparameter: Sendable, Hashable {
    /// The name in config strings.
    public let name: String
    /// The type: `number`, `entropy|number`, or the registry's kind for an inner component.
    public let type: String
    /// The default.
    public let `default`: Literal
    /// The range, `> 0`; empty where anything will do.
    public let range: String
    /// What it means.
    public let documentation: String

    /// Type and range together: `number > 0`.
    public var typeAndRange: String { range.isEmpty ? type : type + " " + range }
  }

  /// A registered component.
  public struct Entry: Sendable, CustomStringConvertible {
    /// Name, summary, formula and source.
    public let card: Card
    /// Who brings it.
    public let origin: String
    /// What gives a value a name of its own, where that can be done.
    var nameArgument: String?
    /// Its hyperparameters, in the order they are documented.
    public let hyperparameters: [Hyperparameter]
    let build:
      @Sendable (ComponentRegistry, [Argument], _ depth: Int, inout [ConfigurationProblem]) -> Resolved?

    /// Name and summary, formula and source, then one hyperparameter a line, in columns.
    public var description: String {
      let settings = hyperparameters.map { "\($0.name)=\($0.default)" }
      let first = settings.map(\.count).max() ?? 0
      let second = hyperparameters.map(\.typeAndRange.count).max() ?? 0
      let lines = zip(settings, hyperparameters).map { setting, hyperparameter in
        "    " + setting.padded(to: first) + "  " + hyperparameter.typeAndRange.padded(to: second) + "  "
          + hyperparameter.documentation
      }
      let head = [
        card.name.padded(to: 14) + " " + card.summary, "  \(card.formula)   [\(card.source)]",
      ]
      return (head + lines).joined(separator: "\n")
    }
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

// What a component says of itself to people.

/// What another program calls a component, and its keys for the component's hyperparameters.
public struct ForeignName: Sendable, Hashable {
  /// The name there.
  public let name: String
  /// The hyperparameters by the keys that set them there; what has no key is fixed at its default there.
  public let keys: [String: String]

  /// A name and its keys.
  public init(_ name: String, _ keys: [String: String] = ["beta": "beta"]) {
    (self.name, self.keys) = (name, keys)
  }
}

/// The bibliographic face of a component.
public struct Card: Sendable, Hashable {
  /// The identifier in config strings: lower-case letters, digits and hyphens.
  public let name: String
  /// What it is, in one sentence.
  public let summary: String
  /// The rule in plain notation.
  public let formula: String
  /// `Authors, Year, arXiv:ID, Equation`.
  public let source: String
  /// Components that compute the same at their defaults, on purpose.
  public let twins: [String]
  /// What TRL calls it, where TRL has it.
  public let trl: ForeignName?
  /// Where this implementation departs from the source, and why.
  public let departures: [String]

  /// A card; every component has one.
  public init(
    _ name: String, _ summary: String, formula: String, source: String, departures: [String] = [],
    twins: [String] = [], trl: ForeignName? = nil
  ) {
    (self.name, self.summary, self.formula) = (name, summary, formula)
    (self.source, self.departures, self.twins, self.trl) = (source, departures, twins, trl)
  }
}

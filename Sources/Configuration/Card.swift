// What a component says of itself to people.

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
  /// Where this implementation departs from the source, and why.
  public let departures: [String]

  /// A card; every component has one.
  public init(
    _ name: String, _ summary: String, formula: String, source: String, departures: [String] = [],
    twins: [String] = []
  ) {
    (self.name, self.summary, self.formula) = (name, summary, formula)
    (self.source, self.departures, self.twins) = (source, departures, twins)
  }
}

// The laws by name, and what a check of one can find.

/// A property that every preference loss must have.
public enum Law: String, Sendable, CaseIterable, Codable {
  case card = "card"
  case knobs = "every knob has an effect"
  case finite = "finite everywhere"
  case differences = "gradient equals central differences"
  case padding = "padding changes nothing"
  case declarations = "reads only what it declared"
  case determinism = "same seed, same result"
  case state = "state survives a pause"
  case partition = "order and partition do not matter"
  case sums = "sums are linear"
  case wrapping = "wrappers commute"
  case start = "training can start"
  case memory = "memory grows with the tokens alone"
}

/// One breach of a law.
public struct Violation: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The law that is broken.
  public let law: Law
  /// What is wrong, in words.
  public let problem: String
  /// The seed of the fixture on which it shows; nil where none was needed.
  public let seed: UInt64?
  /// The place within the batch, term or list that shows it.
  public let index: Int?
  /// The number that should be there, and the one that is.
  public let expected: Double?, actual: Double?

  init(
    _ law: Law, _ problem: String, seed: UInt64? = nil, index: Int? = nil, expected: Double? = nil,
    actual: Double? = nil
  ) {
    (self.law, self.problem, self.seed, self.index) = (law, problem, seed, index)
    (self.expected, self.actual) = (expected, actual)
  }

  /// `law: problem: actual instead of expected (index 3, seed 1)`.
  public var description: String {
    var text = "\(law.rawValue): \(problem)"
    if let expected, let actual { text += ": \(actual) instead of \(expected)" }
    let places = [index.map { "index \($0)" }, seed.map { "seed \($0)" }].compactMap { $0 }
    if !places.isEmpty { text += " (\(places.joined(separator: ", ")))" }
    return text
  }
}

/// Every law a loss breaks, all at once.
public struct ConformanceFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The loss, as its config string.
  public let loss: String
  /// What it breaks; never empty.
  public let violations: [Violation]

  /// One line for each violation under a heading, and what to do about each law that is broken.
  public var description: String {
    let broken = Law.allCases.filter { law in violations.contains { $0.law == law } }
    let lines =
      ["'\(loss)' breaks \(broken.count) of \(Law.allCases.count) laws:"] + violations.map { "  - \($0)" }
      + ["what to do:"] + broken.map { "  - \($0.rawValue): \($0.remedy)" }
    return lines.joined(separator: "\n")
  }
}

/// What became of one law.
public enum Verdict: Sendable, Hashable {
  case obeyed
  case broken([Violation])
  /// There is nothing to check, for the reason given.
  case exempt(String)
}

/// One row of a table of losses and laws.
public struct ConformanceReport: Sendable {
  /// The loss, as its config string.
  public let loss: String
  /// What became of each law, in the order of ``Law/allCases``.
  public let verdicts: [(law: Law, verdict: Verdict)]

  /// Every violation of every law.
  public var violations: [Violation] {
    verdicts.flatMap { row -> [Violation] in
      guard case .broken(let violations) = row.verdict else { return [] }
      return violations
    }
  }

  /// Whether no law is broken.
  public var isObeyed: Bool { violations.isEmpty }
}

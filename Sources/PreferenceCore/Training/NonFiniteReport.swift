// What is written down when a number stops being finite, so that the cause can be found afterwards.

/// Everything known about a step whose loss or gradient was not finite.
public struct NonFiniteReport: Sendable, Codable, CustomStringConvertible {
  /// One completion of the step.
  public struct Completion: Sendable, Codable {
    /// The row of the data set, from 0.
    public var row: Int
    /// Its rank among the completions of its prompt; 0 is best.
    public var rank: Int
    /// Token identifiers of the prompt.
    public var prompt: [Int32]
    /// Token identifiers of the completion, `[T]`.
    public var tokens: [Int32]
    /// The policy's statistics by name, `[T]` each.
    public var policy: [String: [Double]]
    /// Each reference's statistics by name, `[T]` each.
    public var references: [[String: [Double]]]
    /// Whether any of these numbers is not finite.
    public var isSuspect: Bool
  }

  /// The step that was not completed, counted from 1.
  public var step: Int
  /// What was not finite: the name of a term of the loss, or `gradient`.
  public var term: String
  /// Parameters whose gradient is not finite; empty where the loss itself was not.
  public var parameters: [String]
  /// The learning rate the step would have used.
  public var learningRate: Double
  /// The step's completions as far as they were scored.
  public var completions: [Completion]

  /// Rows with a number that is not finite, or all rows where none is.
  public var rows: [Int] {
    let suspects = completions.filter(\.isSuspect)
    var seen: Set<Int> = []
    return (suspects.isEmpty ? completions : suspects).map(\.row).filter { seen.insert($0).inserted }
  }

  public var description: String {
    let what = term == "gradient" ? "the gradient" : "term '\(term)'"
    let listed = rows.prefix(8).map(String.init).joined(separator: ", ") + (rows.count > 8 ? ", …" : "")
    let place = parameters.first.map { " (first in '\($0)')" } ?? ""
    return "step \(step): \(what) is not finite\(place); rows \(listed)"
  }
}

extension NonFiniteReport {
  /// Adds the completions of one micro-batch.
  mutating func add(_ tokens: TokenBatch, policy: ModelScores, references: [ModelScores]) {
    for (index, completion) in tokens.completions.enumerated() {
      let numbers = Self.numbers(policy, at: index, length: completion.count)
      let others = references.map { Self.numbers($0, at: index, length: completion.count) }
      let all = ([numbers] + others).flatMap { $0.values.joined() }
      completions.append(
        Completion(
          row: tokens.rows[tokens.layout.prompts[index]], rank: tokens.layout.ranks[index],
          prompt: tokens.prompts[tokens.layout.prompts[index]], tokens: completion, policy: numbers,
          references: others, isSuspect: all.contains { !$0.isFinite }))
    }
  }

  private static func numbers(_ scores: ModelScores, at index: Int, length: Int) -> [String: [Double]] {
    var named: [String: [Double]] = [:]
    for statistic in scores.statistics {
      named[statistic.name] = Array(stopGradient(scores[statistic]).rows([index]).scalars.prefix(length))
    }
    return named
  }
}

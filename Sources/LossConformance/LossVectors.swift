// Golden values of losses in a file: pairs in, losses and gradients out, from an independent implementation.

/// A file of cases, as decoded from JSON.
public struct LossVectors: Sendable, Codable {
  /// One completion, token by token.
  public struct Side: Sendable, Codable {
    /// The policy's log-probabilities, `[T]`, nats.
    public var policy: [Double]
    /// Each reference's log-probabilities, `[K][T]`, nats.
    public var references: [[Double]]
    /// The entropies of the references' next-token distributions, `[T]`, nats.
    public var entropies: [Double]
    /// `log Σ_v π(v)²` of the policy, `[T]`, nats.
    public var logCollisions: [Double]?
    /// `∂(mean loss)/∂(policy's log-probability)`, `[T]`.
    public var gradient: [Double]

    enum CodingKeys: String, CodingKey {
      case policy, references, entropies, gradient
      case logCollisions = "log_sum_sq"
    }
  }

  /// A chosen and a rejected completion.
  public struct Pair: Sendable, Codable {
    public var chosen: Side, rejected: Side
    /// A scalar reward for each side, whatever column the loss reads it from.
    public var scores: [Double]?
  }

  /// A loss on some pairs.
  public struct Case: Sendable, Codable {
    /// The loss, as a config string.
    public var loss: String
    /// How many tokens the models know; entropies are at most its logarithm.
    public var vocabulary: Int
    public var pairs: [Pair]
    /// The loss of each pair, `[P]`. Terms that are not counted by pairs stand in it with their mean.
    public var perPair: [Double]
    /// Their mean.
    public var value: Double

    enum CodingKeys: String, CodingKey {
      case loss, vocabulary, pairs, value
      case perPair = "per_pair"
    }
  }

  /// The version of the format: 1.
  public var format: Int
  public var cases: [Case]
}

/// What became of one case.
public struct VectorResult: Sendable, Hashable {
  /// How a case can end.
  public enum Outcome: Sendable, Hashable {
    /// Every number agrees; the worst relative error.
    case agrees(worst: Double)
    /// A number is off: which one, what it should be, what it is.
    case differs(place: String, expected: Double, actual: Double)
    /// The case names a loss that the registry does not know.
    case skipped(unknown: String)
    /// The config string is refused.
    case refused(String)
  }

  /// The case's place in the file, from 0.
  public let index: Int
  /// The loss, as its config string.
  public let loss: String
  public let outcome: Outcome
  /// Gradient entries at which the loss jumps, so that it has no gradient there and none was compared.
  public let jumps: Int
}

// What a scorer can say about one completion token; losses are functions of these alone.

/// A number a model assigns to each completion token.
///
/// Losses never see `[N, T, V]`. They see statistics (`[N, T]`), which scorers compute in
/// chunks over `V` and know how to pull back. The set is open: a struct, not an enum.
public struct TokenStatistic: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The name that error messages use.
  public let name: String

  /// Names a statistic; the ones below are all that a language model scores.
  public init(_ name: String) { self.name = name }

  /// The name.
  public var description: String { name }

  /// `log π(y_t | x, y_<t)`, in nats. For denoisers, `−½ w_t ‖ε − ε̂‖²`, with `T = 1`.
  public static let logProbability = TokenStatistic("log-probability")
  /// Shannon entropy of the next-token distribution, in nats.
  public static let entropy = TokenStatistic("entropy")
  /// `KL(π_ref ‖ π_θ)` of the next-token distributions, against the first reference, in nats.
  public static let divergence = TokenStatistic("divergence")
  /// The mean raw score over all next tokens, for the logs.
  public static let meanScore = TokenStatistic("mean-score")
  /// 1 where the completion's token is the model's most probable one, else 0.
  public static let argmaxHit = TokenStatistic("argmax-hit")
  /// `log Σ_v π(v)²`, in nats: the collision term of confidence weights.
  public static let logCollision = TokenStatistic("log-collision")

  /// What the scores of one next token say by themselves, without a reference.
  public static let ofScores: [TokenStatistic] = [
    .logProbability, .entropy, .logCollision, .meanScore, .argmaxHit,
  ]

  /// What the reference that divergences are measured from says of a token, where the same pass finds it out.
  public static func reference(_ statistic: TokenStatistic) -> TokenStatistic {
    TokenStatistic(referencePrefix + statistic.name)
  }

  /// The statistic of the reference that this one is; nil for the policy's own.
  public var ofReference: TokenStatistic? {
    name.hasPrefix(Self.referencePrefix)
      ? TokenStatistic(String(name.dropFirst(Self.referencePrefix.count))) : nil
  }

  private static let referencePrefix = "reference/"

  /// The output of a scalar head on the policy before a token, from the state that predicts it: a value estimate.
  public static func head(_ name: String) -> TokenStatistic { TokenStatistic("head/" + name) }
  /// The output of a scalar head on the policy behind a token, which it has read: at the last one, a judgement.
  public static func headBehind(_ name: String) -> TokenStatistic { TokenStatistic("head-behind/" + name) }

  /// The scalar head that gives this statistic, and whether it has read the token; nil for all others.
  public var scalarHead: (name: String, isBehind: Bool)? {
    for (prefix, isBehind) in [("head/", false), ("head-behind/", true)] where name.hasPrefix(prefix) {
      return (String(name.dropFirst(prefix.count)), isBehind)
    }
    return nil
  }
}

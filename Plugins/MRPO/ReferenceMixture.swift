// How K references become one: clipped towards the base, weighed by confidence, mixed by the harmonic mean.

import PreferenceCore

/// The weight of the extra references against the base.
public enum ExtraWeight: HyperparameterValue {
  /// Each reference counts as much as it tells the responses to a prompt apart.
  case adaptive
  /// The extra references share this much, the base has the rest.
  case fixed(Double)

  public static let typeName = "adaptive|number"
  public static let prose = "adaptive or a number"
  public static let words = ["adaptive"]

  /// A share.
  static var constraint: Constraint<ExtraWeight> {
    Constraint("adaptive or in [0, 1]") { weight in
      guard case .fixed(let share) = weight else { return true }
      return share >= 0 && share <= 1
    }
  }

  public init?(_ literal: Literal) {
    switch literal {
    case .word("adaptive"): self = .adaptive
    case .number(let share): self = .fixed(share)
    default: return nil
    }
  }

  public var literal: Literal {
    switch self {
    case .adaptive: .word("adaptive")
    case .fixed(let share): .number(share)
    }
  }
}

/// How far an extra reference may stray from the base.
public enum ReferenceClip: String, CaseIterable, HyperparameterValue {
  /// Each response gets a part of `η`, by its share of the log-probability of all responses to its prompt.
  case adaptive
  /// `η` for every response.
  case fixed
  /// As far as it likes.
  case none
}

/// The rule by which sequence log-probabilities of `K` references become those of one.
///
/// Reference 0 is the base, the others are extra.
struct ReferenceMixture: Sendable {
  let eta: Double
  let clip: ReferenceClip
  let alpha: ExtraWeight
  /// The completions of each prompt; see ``FeedbackLayout/comparisons``.
  let prompts: [[Int]]

  /// The extra references drawn into the trust region around the base. `K` tensors of `[N]` in and out.
  ///
  ///     log π_k ← min(max(log π_k, (1 + η_y) log π_0), (1 − η_y) log π_0)
  func clipped(_ references: [Tensor]) -> [Tensor] {
    let base = references[0]
    return references.enumerated().map { k, extra in
      guard k > 0, clip != .none else { return extra }
      let eta = rates(extra, base)
      return minimum(maximum(extra, (1 + eta) * base), (1 - eta) * base)
    }
  }

  /// `η_y` of each completion, `[N]`: the whole `η`, or the share `B_y/ΣB` of it, `B_y = |log π_k + log π_0|/2`.
  private func rates(_ extra: Tensor, _ base: Tensor) -> Tensor {
    guard clip == .adaptive else { return .filled(base.shape, with: eta) }
    let size = abs(extra + base).scalars
    var rates = [Double](repeating: eta, count: size.count)
    for responses in prompts {
      let total = responses.reduce(0) { $0 + size[$1] }
      for response in responses {
        rates[response] = eta * (total > 0 ? size[response] / total : 1 / Double(responses.count))
      }
    }
    return Tensor(rates)
  }

  /// What each reference counts, given all of them unclipped. `K` tensors of `[N]`, summing to 1.
  ///
  /// Adaptive: `α_k = c_k/(Σ_j c_j + 10⁻⁶)` for the extra ones, with the confidence `c_j` the
  /// spread of reference `j`'s log-probabilities over the responses to the prompt; the base has the rest.
  func weights(_ references: [Tensor]) -> [Tensor] {
    let extra: [Tensor]
    switch alpha {
    case .fixed(let share):
      let each = share / Double(references.count - 1)
      extra = references.dropFirst().map { .filled($0.shape, with: each) }
    case .adaptive:
      let confidence = references.map(spread)
      let total = confidence.dropFirst().reduce(confidence[0], +) + 1e-6
      extra = confidence.dropFirst().map { $0 / total }
    }
    return [1 - extra.dropFirst().reduce(extra[0], +)] + extra
  }

  /// The largest minus the smallest log-probability over the responses to each completion's prompt. `[N]`.
  private func spread(_ reference: Tensor) -> Tensor {
    let logs = reference.scalars
    var spread = [Double](repeating: 0, count: logs.count)
    for responses in prompts {
      let values = responses.map { logs[$0] }
      guard let low = values.min(), let high = values.max() else { continue }
      for response in responses { spread[response] = high - low }
    }
    return Tensor(spread)
  }

  /// The log of the weighted harmonic mean of the clipped references. `K` tensors of `[N]` to one.
  ///
  ///     log π̃ = −log Σ_k α_k e^(−log π_k)
  func harmonicMean(_ references: [Tensor]) -> Tensor {
    // log 0 = −∞ drops a reference of weight 0; the largest summand is taken out before the exponential.
    let summands = zip(weights(references), clipped(references)).map { log($0) - $1 }
    let top = summands.dropFirst().reduce(summands[0]) { maximum($0, $1) }
    let sum = summands.dropFirst().reduce(exp(summands[0] - top)) { $0 + exp($1 - top) }
    return -(top + log(sum))
  }
}

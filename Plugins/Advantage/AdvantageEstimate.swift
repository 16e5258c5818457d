// Generalised advantage estimation: what each token did better than the value head expected.

import PreferenceCore

/// How a reward at a response's end becomes an advantage of each of its tokens.
///
/// With `V_t` the value of the state before token `t` and the reward `R` behind the last one,
///
///     δ_t = r_t + γ V_{t+1} − V_t,   r_t = R at the last token, else 0;  V behind the end = 0
///     A_t = δ_t + γλ A_{t+1},   target of V_t: A_t + V_t
///
/// Whitening brings the advantages of all tokens of the step to mean 0 and variance 1; padding and mismatched
/// completions are no tokens. Targets are what they were before it.
struct AdvantageEstimate {
  /// The head whose outputs are `V`.
  static let head = TokenStatistic.head("value")

  /// Advantages, and targets of the values. `[M]` each, one for each ``Unit/token``, constants.
  let advantages: Tensor, targets: Tensor

  /// Looks back from the end of every response that `batch` judges.
  ///
  /// - Parameters:
  ///   - column: holds each response's reward.
  ///   - discount: γ.
  ///   - trace: λ of the exponentially weighted sum.
  init(_ batch: ScoredBatch, column: String, discount: Double, trace: Double, whitens: Bool) {
    let heads = stopGradient(batch.policy[Self.head])
    let (values, rewards) = (heads.scalars, batch.annotation(column).scalars)
    let responses = batch.completions(of: .completion)
    let count = responses.reduce(0) { $0 + batch.tokenCounts[$1] }
    var (advantages, targets) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
    var start = 0
    for response in responses {
      let (first, length) = (response * batch.width, batch.tokenCounts[response])
      var (next, following) = (0.0, 0.0)
      for t in (0..<length).reversed() {
        let now = values[first + t]
        let surprise = (t == length - 1 ? rewards[response] : 0) + discount * following - now
        next = surprise + discount * trace * next
        following = now
        advantages[start + t] = next
        targets[start + t] = next + now
      }
      start += length
    }
    if whitens { advantages = Self.whitened(advantages) }
    // In the format of what they are compared with, or that would be widened.
    self.advantages = Tensor(advantages).converted(to: heads.scalarType)
    self.targets = Tensor(targets).converted(to: heads.scalarType)
  }

  /// `(A − mean) / √(variance + 10⁻⁸)`
  static func whitened(_ advantages: [Double]) -> [Double] {
    let count = Double(max(1, advantages.count))
    let mean = advantages.reduce(0, +) / count
    let variance = advantages.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let scale = 1 / (variance + 1e-8).squareRoot()
    return advantages.map { ($0 - mean) * scale }
  }

  /// The squared error of the value head, halved, of every token. `[M]`.
  func valueLoss(_ batch: ScoredBatch) -> Tensor {
    0.5 * square(batch.judgedTokens(batch.policy[Self.head]) - targets)
  }
}

extension ScoredBatch {
  /// A statistic of every token of judged completions, end to end in batch order. `[N, T]` to `[M]`.
  func judgedTokens(_ statistic: Tensor) -> Tensor {
    let judged = completions(of: .completion)
    return statistic.joiningFirst(judged.map { tokenCounts[$0] }, ofRows: judged)
  }
}

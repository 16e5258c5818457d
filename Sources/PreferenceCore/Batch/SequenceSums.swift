// Sums over sequences, kept so that a loss made of several parts reads each model's statistics once.

import Synchronization
import Tensors

/// The sequence log-probabilities of a batch that somebody has asked for.
///
/// Sharing them also shares their place in the gradient graph: parts of a loss meet at `[N]`, and one pass writes
/// their gradient to `[N, T]`. Copies of a batch share the sums until they weigh tokens differently.
final class SequenceSums: Sendable {
  /// With each sum the token it belongs to, held so that its address stays its own.
  private let sums = Mutex<[ObjectIdentifier: (owner: ModelScores.Identity, sum: Tensor)]>([:])

  /// What `compute` returned when it was first called for `scores`.
  func sum(of scores: ModelScores, _ compute: () -> Tensor) -> Tensor {
    let key = ObjectIdentifier(scores.identity)
    if let known = sums.withLock({ $0[key] }) { return known.sum }
    let sum = compute()
    return sums.withLock { sums in
      let first = sums[key] ?? (scores.identity, sum)
      sums[key] = first
      return first.sum
    }
  }
}

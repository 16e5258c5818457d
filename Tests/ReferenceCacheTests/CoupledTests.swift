// Losses that look at the whole batch at once, cut into micro-batches, with references from the cache.

import Optimizers
import PreferenceCore
import PreferenceTestSupport
import Tensors
import Testing

@testable import ReferenceCache

@Suite struct CoupledTests {
  /// Three steps over six pairs, cut into micro-batches of `sizes`; the losses and the table's scores afterwards.
  private static func train(_ sizes: [Int], _ reference: any Scorer) throws -> (
    losses: [Double], scores: [Double]
  ) {
    let pairs = TinyPair.random(6, contexts: 3, tokens: 5, seed: 3)
    let policy = TabularPolicy(contexts: 3, tokens: 5)
    let trainer = try Trainer(policy, references: [reference], loss: BatchMeanLoss(), optimizer: SGD())
    var (batches, first) = ([TokenBatch](), 0)
    for size in sizes {
      batches.append(TokenBatch(pairs: Array(pairs[first..<first + size]), firstRow: first))
      first += size
    }
    return (try (0..<3).map { _ in try trainer.step(batches, learningRate: 0.1).loss }, policy.scores)
  }

  @Test func `a coupled loss is exact under any cut, and the cache changes no bit`() throws {
    let scratch = try Scratch()
    let start = TabularPolicy(contexts: 3, tokens: 5, scores: (0..<15).map { Float($0 * 7 % 5) / 3 })
    let whole = try Self.train([6], start.copy())
    var loads = 0
    for sizes in [[6], [1, 3, 2], [2, 2, 2]] {
      let plain = try Self.train(sizes, start.copy())
      let cached = try Self.train(
        sizes,
        CachedReference(
          ScoreArchive(of: "table", in: scratch.path), statistics: start.statistics, maximumEntropy: 1.6
        ) {
          loads += 1
          return start.copy()
        })
      #expect(cached.losses == plain.losses && cached.scores == plain.scores)
      for (a, b) in zip(plain.losses, whole.losses) { #expect(abs(a - b) < 1e-6) }
      for (a, b) in zip(plain.scores, whole.scores) { #expect(abs(a - b) < 1e-6) }
    }
    #expect(loads == 1 && whole.losses[0] > 1e-3)
  }
}

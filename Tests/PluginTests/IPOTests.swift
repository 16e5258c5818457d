// IPO: laws, its target, both reductions.

import BuiltinLosses
import IPOLosses
import LossConformance
import PreferenceCore
import Testing

@Suite struct IPOTests {
  @Test func `obeys every law`() throws { try LossConformance.verify(IPO.self) }
  @Test func `obeys every law on sums`() throws {
    try LossConformance.verify("ipo(reduction=sum, tau=0.5)", in: .builtin)
  }

  /// One pair of the given lengths whose log-ratios are `a` and `b` per token.
  private func value(_ text: String, lengths: (Int, Int), perToken a: Double, _ b: Double) throws -> Double {
    let width = max(lengths.0, lengths.1)
    let rows = [(lengths.0, a), (lengths.1, b)]
    let mask = rows.flatMap { row in (0..<width).map { $0 < row.0 ? 1.0 : 0 } }
    let policy = rows.flatMap { row in (0..<width).map { $0 < row.0 ? -2 + row.1 : 0 } }
    let reference = rows.flatMap { row in (0..<width).map { $0 < row.0 ? -2.0 : 0 } }
    func scores(_ logs: [Double]) -> ModelScores {
      ModelScores([.logProbability: Tensor(logs, shape: [2, width])], maximumEntropy: 4)
    }
    let batch = ScoredBatch(
      layout: .pairs(1), tokens: [], mask: Tensor(mask, shape: [2, width]), policy: scores(policy),
      references: [scores(reference)])
    var context = LossContext()
    return try LossRegistry.builtin.resolve(text).evaluate(batch, &context).objective(batch.counts).item
  }

  @Test func `doubling both lengths doubles the margin of sums and leaves that of means`() throws {
    let (short, long) = ((2, 3), (4, 6))
    let sums = [
      try value("ipo(reduction=sum)", lengths: short, perToken: 0.5, -0.1),
      try value("ipo(reduction=sum)", lengths: long, perToken: 0.5, -0.1),
    ]
    #expect(abs(sums[0] - (1.3 - 5) * (1.3 - 5)) < 1e-12)
    #expect(abs(sums[1] - (2.6 - 5) * (2.6 - 5)) < 1e-12)
    let means = [
      try value("ipo", lengths: short, perToken: 0.5, -0.1),
      try value("ipo", lengths: long, perToken: 0.5, -0.1),
    ]
    #expect(abs(means[0] - (0.6 - 5) * (0.6 - 5)) < 1e-12 && abs(means[0] - means[1]) < 1e-12)
  }

  @Test func `an empty completion has a mean of 0`() throws {
    let loss = try value("ipo", lengths: (2, 0), perToken: 0.5, -0.1)
    #expect(abs(loss - (0.5 - 5) * (0.5 - 5)) < 1e-12)
  }

  @Test(arguments: [0.1, 0.5, 2]) func `the target is a margin of 1/(2τ)`(_ tau: Double) throws {
    let loss = try value("ipo(tau=\(tau))", lengths: (3, 3), perToken: 1 / (2 * tau), 0)
    #expect(loss < 1e-24)
  }
}

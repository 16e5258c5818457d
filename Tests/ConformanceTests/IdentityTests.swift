// Identities between losses: limits, neutral settings, symmetries.

import BuiltinLosses
import Foundation
import LossConformance
import PreferenceCore
import Testing

@Suite struct IdentityTests {
  @Test(arguments: [
    ("focalpo(gamma=0, beta=0.3)", "dpo(beta=0.3)"), ("robust(label_smoothing=0)", "dpo"),
    ("mallows(dpo, dispersion=0.6065306597126334)", "dpo"),
    ("mallows(hinge(beta=0.2), dispersion=0.6065306597126334)", "hinge(beta=0.2)"),
    ("mallows(dpo(beta=0.2), dispersion=0.1353352832366127)", "dpo(beta=0.8)"),
    ("mallows-theta(beta=0.4)", "mallows(dpo(beta=0.4))"), ("1*dpo", "dpo"), ("0.4*dpo + 0.6*dpo", "dpo"),
    ("mrpo(mallows(dpo))", "mallows(mrpo(dpo))"), ("mrpo(mallows-theta)", "mallows(mrpo)"),
    ("mrpo(dpo, alpha=0)", "mrpo(dpo, alpha=0, aggregation=average)"),
    ("mrpo(dpo, alpha=1, clip=fixed, eta=0)", "mrpo(dpo, eta=0)"),
    ("hpo(ipo, gamma=0.3)", "ipo + 0.3*auxiliary-reward"),
  ])
  func `is the same as`(_ text: String, _ other: String) throws {
    try LossConformance.verify(text, equals: other, in: .builtin)
  }

  /// Pairs with these log-ratios, each completion one token.
  private func value(_ text: String, _ ratios: [Double], shift: Double = 0) throws -> Double {
    let n = ratios.count
    func scores(_ logs: [Double]) -> ModelScores {
      ModelScores(
        [.logProbability: Tensor(logs, shape: [n, 1]), .entropy: .filled([n, 1], with: 0.5)],
        maximumEntropy: 4)
    }
    let batch = ScoredBatch(
      layout: .pairs(n / 2), tokens: ratios.map { _ in [1] }, mask: .ones([n, 1]),
      policy: scores(ratios.map { $0 - 5 + shift }), references: [scores(ratios.map { _ in -5 + shift })])
    var context = LossContext()
    return try LossRegistry.builtin.resolve(text).evaluate(batch, &context).objective(batch.counts).item
  }

  @Test(arguments: ["dpo", "robust", "hinge", "ipo", "focalpo", "mallows-theta", "mallows-phi"])
  func `moving policy and reference together changes nothing`(_ text: String) throws {
    let ratios = [0.7, -0.3, -1.2, 0.4]
    #expect(abs(try value(text, ratios) - (try value(text, ratios, shift: -3))) < 1e-12)
  }

  @Test func `swapping the sides of a pair changes DPO by the scaled margin`() throws {
    let (there, back) = (try value("dpo", [2, -1]), try value("dpo", [-1, 2]))
    #expect(abs(back - there - 0.1 * 3) < 1e-15)
  }

  @Test func `swapping sides and the share of flipped labels leaves smoothed DPO`() throws {
    // ε and 1 − ε: the weighted mean of both orders is symmetric.
    let smoothed = try value("dpo(label_smoothing=0.3)", [2, -1])
    let mean = 0.7 * (try value("dpo", [2, -1])) + 0.3 * (try value("dpo", [-1, 2]))
    #expect(abs(smoothed - mean) < 1e-15)
  }

  @Test(arguments: [0.1, 0.5, 2]) func `IPO is least at 1/(2τ)`(_ tau: Double) throws {
    let target = 1 / (2 * tau)
    let text = "ipo(tau=\(tau), reduction=sum)"
    let least = try value(text, [target, 0])
    #expect(least < 1e-24)
    #expect(try value(text, [target + 0.01, 0]) > least && value(text, [target - 0.01, 0]) > least)
  }

  @Test func `mrpo with equal references is the inner loss`() throws {
    let batch = GoldenTests.batch()
    let tripled = ScoredBatch(
      layout: batch.layout, tokens: batch.tokens, mask: batch.mask, policy: batch.policy,
      references: [batch.references[0], batch.references[0], batch.references[0]])
    for inner in ["dpo", "ipo", "hinge", "mallows-phi"] {
      for options in ["", ", aggregation=average", ", clip=fixed", ", alpha=0.3"] {
        var (one, other) = (LossContext(), LossContext())
        let wrapped = try LossRegistry.builtin.resolve("mrpo(\(inner)\(options))").evaluate(tripled, &one)
        let bare = try LossRegistry.builtin.resolve(inner).evaluate(batch, &other)
        let (a, b) = (wrapped.objective(batch.counts).item, bare.objective(batch.counts).item)
        #expect(abs(a - b) < 1e-12 * max(1, b), "\(inner)\(options)")
      }
    }
  }
}

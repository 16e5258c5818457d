// Every built-in loss against every law, and against each other.

import BuiltinLosses
import Foundation
import LossConformance
import PreferenceCore
import Testing

@Suite struct RegistryTests {
  static let names = LossRegistry.builtin.entries.keys.sorted()

  @Test(arguments: names) func `a built-in loss obeys every law`(_ name: String) throws {
    let report = try LossConformance.report(name, in: .builtin)
    #expect(report.verdicts.count == Law.allCases.count)
    #expect(report.violations == [])
  }

  @Test(arguments: [
    "0.7*dpo + 0.3*sft", "dpo(beta=0.1) + dpo(beta=1)", "0.5*mallows(mrpo(ipo)) + 0.5*mrpo(dpo, eta=0.2)",
    "mallows(mrpo(dpo(beta=0.1)), scale=0.5) + 0.1*auxiliary-reward(column=safety)",
    "hpo(mallows(mrpo(focalpo)), column=[safety, brevity])", "mallows(0.5*dpo + 0.5*hinge)",
  ])
  func `a composition obeys every law`(_ text: String) throws {
    try LossConformance.verify(text, in: .builtin)
  }

  @Test func `different names are different losses`() {
    let found = LossConformance.indistinct(in: .builtin)
    #expect(found.isEmpty, "\(found)")
  }

  @Test func `two tasks at once agree`() async throws {
    let results = await withTaskGroup(of: [Bool].self) { group in
      for _ in 0..<2 {
        group.addTask {
          ["dpo", "hpo(mrpo)"].map { name in
            ((try? LossConformance.report(name, in: .builtin))?.isObeyed) ?? false
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.allSatisfy { $0 == results[0] } && results[0].allSatisfy { $0 })
  }

  @Test(arguments: names) func `state survives JSON`(_ name: String) throws {
    let loss = try LossRegistry.builtin.resolve(name)
    var context = LossContext()
    let needs = loss.requirements
    func scores(_ statistics: Set<TokenStatistic>) -> ModelScores {
      ModelScores(
        Dictionary(uniqueKeysWithValues: statistics.map { ($0, Tensor([-1, -2], shape: [2, 1])) }),
        maximumEntropy: 4)
    }
    let batch = ScoredBatch(
      layout: .pairs(1), tokens: [[1], [2]], mask: .ones([2, 1]),
      policy: scores(needs.policyStatistics.union([.logProbability])),
      references: (0..<needs.references.lowerBound).map { _ in
        scores(needs.referenceStatistics.union([.logProbability]))
      },
      annotations: Dictionary(uniqueKeysWithValues: needs.annotations.map { ($0, Tensor([0.1, 0.7])) }))
    _ = loss.evaluate(batch, &context)
    context.commitStep()
    let json = try JSONEncoder().encode(context.state)
    #expect(try JSONDecoder().decode(LossState.self, from: json) == context.state)
  }
}

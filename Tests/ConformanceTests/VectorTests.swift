// Golden values and gradients from an independent implementation, and what the checker says of wrong ones.

import BuiltinLosses
import Foundation
import LossConformance
import PreferenceCore
import Testing

@Suite struct VectorTests {
  static func vectors() throws -> LossVectors {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/losses/loss_vectors.json").standardized
    return try JSONDecoder().decode(LossVectors.self, from: Data(contentsOf: path))
  }

  @Test func `every case that names our losses agrees, the others are skipped by name`() throws {
    let results = LossConformance.verifyVectors(try Self.vectors(), in: .builtin)
    var agreed = 0
    for result in results {
      switch result.outcome {
      case .agrees(let worst):
        agreed += 1
        #expect(worst <= 1e-9 || result.loss.contains("mallows-phi"))
      case .skipped(let name):
        #expect(LossRegistry.builtin.entries[name] == nil && result.loss.contains(name))
      case .differs, .refused:
        Issue.record("case \(result.index), \(result.loss): \(result.outcome)")
      }
    }
    #expect(results.count == 162)
    #expect(agreed == 162)
    // Four cases hold a pair whose policy equals its reference, where the Kendall link jumps.
    let jumping = results.filter { $0.jumps > 0 }
    #expect(jumping.count == 4 && jumping.allSatisfy { $0.loss.hasPrefix("mallows-phi") })
  }

  @Test func `a wrong number is found and named`() throws {
    var vectors = try Self.vectors()
    vectors.cases = Array(vectors.cases.prefix(3))
    vectors.cases[0].value *= 1 + 1e-8
    vectors.cases[1].perPair[0] *= 1 + 1e-8
    vectors.cases[2].pairs[1].rejected.gradient[0] *= 1 + 1e-8
    let places = LossConformance.verifyVectors(vectors, in: .builtin).map { result -> String in
      guard case .differs(let place, _, _) = result.outcome else { return "nothing" }
      return place
    }
    #expect(places == ["value", "pair 0", "gradient at rejected token 0 of pair 1"])
  }

  @Test func `a refused string is told from an unknown loss`() throws {
    var vectors = try Self.vectors()
    vectors.cases = Array(vectors.cases.prefix(2))
    vectors.cases[0].loss = "mallows(dppo(beta=0.1))"
    vectors.cases[1].loss = "dpo(beta=-1)"
    let outcomes = LossConformance.verifyVectors(vectors, in: .builtin).map(\.outcome)
    #expect(outcomes[0] == .skipped(unknown: "dppo"))
    #expect(outcomes[1] == .refused("'dpo': 'beta' must be > 0, not -1"))
  }
}

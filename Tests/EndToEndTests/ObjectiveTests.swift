// From a run file's objective to a loss and its references.

import BuiltinLosses
import PreferenceCore
import Testing

@testable import prefer

@Suite struct ObjectiveTests {
  static func objective(_ lines: String) throws(RunFileError) -> Objective {
    try Objective(try RunFileTests.settings(lines), in: .builtin)
  }

  @Test func `nothing said is dpo`() throws {
    #expect(try Self.objective("").expression.description.hasPrefix("dpo(beta=0.1"))
  }

  @Test func `TRL's spelling is translated and said`() throws {
    let objective = try Self.objective("loss_type: 'ipo', beta: 0.3")
    #expect(objective.expression.description.hasPrefix("ipo(tau=0.3"))
    #expect(objective.translation == "TRL's 'loss_type', 'beta' means loss: \"ipo(tau=0.3)\"")
  }

  @Test(arguments: [
    ("loss: 'dppo'", "unknown loss 'dppo'; did you mean 'dpo'?"),
    ("loss: 'dpo(beta=-1)'", "'dpo': 'beta' must be > 0, not -1"),
  ])
  func `refuses`(_ lines: String, _ sentence: String) {
    #expect(throws: RunFileError([sentence])) { try Self.objective(lines) }
  }

  @Test(arguments: [
    ("dpo", ["base", "base"], "'dpo' takes 1 reference model; 2 given; name them in 'references'"),
    ("ipo", [], "'ipo' takes 1 reference model; 0 given; name them in 'references'"),
  ])
  func `counts references`(_ loss: String, _ asked: [String], _ sentence: String) throws {
    let objective = try Self.objective("loss: '\(loss)'")
    #expect(throws: RunFileError([sentence])) { try objective.references(asked) }
  }

  @Test func `mrpo wants to be told its references`() throws {
    let objective = try Self.objective("loss: 'mrpo'")
    #expect(throws: RunFileError.self) { try objective.references(nil) }
    #expect(try objective.references(["base", "other"]) == ["base", "other"])
  }

  @Test func `references come by themselves where one is needed`() throws {
    #expect(try Self.objective("").references(nil) == ["base"])
    #expect(try Self.objective("loss: 'sft'").references(nil) == [])
  }
}

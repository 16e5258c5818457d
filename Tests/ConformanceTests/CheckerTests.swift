// The checker itself: one deliberately broken loss for each law, and a sound one.

import BuiltinLosses
import LossConformance
import PreferenceCore
import Testing

@Suite struct CheckerTests {
  private func broken<Loss: PreferenceLoss>(_ type: Loss.Type) throws -> [Law] {
    var registry = LossRegistry.builtin
    try registry.register(type)
    let report = try LossConformance.report(type.card.name, in: registry)
    return Law.allCases.filter { law in report.violations.contains { $0.law == law } }
  }

  @Test func `a sound loss passes`() throws {
    try LossConformance.verify(Sound.self)
    #expect(try broken(Sound.self) == [])
  }

  @Test func `card`() throws { #expect(try broken(Undocumented.self) == [.card]) }
  @Test func `idle knob`() throws { #expect(try broken(IdleKnob.self) == [.knobs]) }
  @Test func `synonymous words`() throws { #expect(try broken(Synonyms.self) == [.knobs]) }
  @Test func `overflow`() throws { #expect(try broken(Overflowing.self).contains(.finite)) }
  @Test func `wrong slope`() throws { #expect(try broken(WrongSlope.self) == [.differences]) }
  @Test func `sum over padding`() throws {
    #expect(try broken(PaddingSummed.self).contains(.padding))
  }
  @Test func `undeclared reading`() throws { #expect(try broken(Undeclared.self) == [.declarations]) }
  @Test func `system dice`() throws { #expect(try broken(SystemDice.self).contains(.determinism)) }
  @Test func `memory of micro-batches`() throws { #expect(try broken(MicroBatchMemory.self) == [.state]) }
  @Test func `undeclared coupling`() throws { #expect(try broken(Coupled.self).contains(.partition)) }
  @Test func `nonlinear sum`() throws { #expect(try broken(Curious.self).contains(.sums)) }
  @Test func `wrapper that does not commute`() throws { #expect(try broken(Eager.self) == [.wrapping]) }
  @Test func `wrapper that forgets needs`() throws {
    #expect(try broken(Forgetful.self).contains(.wrapping))
  }
  @Test func `flat start`() throws { #expect(try broken(Flat.self) == [.start]) }
  @Test func `false promise`() throws { #expect(try broken(FalsePromise.self) == [.start]) }

  @Test func `one-hot selection`() throws { #expect(try broken(OneHotPairs.self) == [.memory]) }
  @Test func `materialized vocabulary`() throws { #expect(try broken(WholeVocabulary.self) == [.memory]) }

  @Test func `a failure says everything at once`() throws {
    var registry = LossRegistry()
    try registry.register(FalsePromise.self)
    let failure = #expect(throws: ConformanceFailure.self) {
      try LossConformance.verify("false-promise", in: registry)
    }
    let line =
      "training can start: the value where the policy equals its references: 1.0 instead of 2.0"
    #expect(
      failure?.description == """
        'false-promise' breaks 1 of 13 laws:
          - \(line) (seed 1)
          - \(line) (seed 2)
          - \(line) (seed 3)
        what to do:
          - training can start: promise in startingValue what the loss is at margin 0, or leave it out; declare startsFlat
        """)
  }

  @Test func `two names for one loss are found`() throws {
    var registry = LossRegistry.builtin
    try registry.register(Twin.self)
    let found = LossConformance.indistinct(in: registry)
    // f-dpo and formula say of themselves that they are dpo at their defaults; the twin says nothing.
    #expect(found.map { [$0.0, $0.1] } == [["dpo", "twin"], ["f-dpo", "twin"], ["formula", "twin"]])
  }

  @Test func `a difference between two strings is reported`() {
    #expect(throws: ConformanceFailure.self) {
      try LossConformance.verify("dpo(beta=0.1)", equals: "dpo(beta=0.1001)", in: .builtin)
    }
  }
}

/// DPO by another name.
struct Twin: MarginLoss {
  static let card = describe("twin")
  static let hyperparameters: Schema<Self> = []
  func loss(margin: Tensor) -> Tensor { -logSigmoid(0.1 * margin) }
}

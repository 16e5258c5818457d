// State: read as the step began, summed on the side, committed once, untouched by evaluation.

import Foundation
import PreferenceCore
import Testing

@Suite struct LossStateTests {
  @Test func `a step reads what was there when it began`() {
    var context = LossContext()
    context.remember("m", Tensor([1, 3]))
    #expect(context.remembered("m") == nil)
    context.commitStep()
    #expect(context.remembered("m") == 2)
    context.remember("m", Tensor([8]))
    #expect(context.remembered("m") == 2)
    context.commitStep()
    #expect(context.remembered("m") == 4 && context.step == 2)
  }

  @Test func `weights count`() {
    var context = LossContext()
    context.remember("m", Tensor([1, 4]), weights: Tensor([3, 1]))
    context.commitStep()
    #expect(context.remembered("m") == 1.75)
  }

  @Test func `a moving mean forgets, whatever the size of a step`() {
    var context = LossContext()
    context.remember("m", Tensor([2]), as: .moving(momentum: 0.75))
    context.commitStep()
    context.remember("m", Tensor([6, 6, 6]), as: .moving(momentum: 0.75))
    context.commitStep()
    #expect(context.remembered("m") == 3)
  }

  @Test func `evaluation remembers nothing and sees no unfinished step`() {
    var context = LossContext()
    context.remember("m", Tensor([5]))
    var held = context.forEvaluation()
    held.remember("m", Tensor([100]))
    held.commitStep()
    #expect(held.remembered("m") == nil && held.state.isEmpty)
    context.commitStep()
    #expect(context.remembered("m") == 5)
  }

  @Test func `a discarded step leaves no trace`() {
    var context = LossContext()
    let before = context.state
    context.remember("m", Tensor([5]))
    context.metrics.record("a/b", Tensor([1]))
    context.discardStep()
    #expect(context.state == before && context.metrics.means.isEmpty && context.step == 0)
  }

  @Test func `nothing to remember changes nothing`() {
    var context = LossContext()
    context.remember("m", Tensor([]))
    context.commitStep()
    #expect(context.state.isEmpty && context.remembered("m") == nil)
  }

  @Test func `JSON holds what was committed, bit for bit`() throws {
    var context = LossContext()
    context.remember("m", Tensor([0.1, 0.2, 0.7]))
    context.commitStep()
    let json = try JSONEncoder().encode(context.state)
    let state = try JSONDecoder().decode(LossState.self, from: json)
    #expect(state == context.state)
    #expect(LossContext(state: state).remembered("m") == context.remembered("m"))
  }

  @Test func `dice depend on seed, step, place and row`() {
    func roll(_ seed: UInt64, _ step: Int, _ row: Int) -> UInt64 {
      var dice = LossContext(step: step, seed: seed).generator(row: row)
      return dice.next()
    }
    #expect(roll(1, 2, 3) == roll(1, 2, 3))
    #expect(Set([roll(1, 2, 3), roll(2, 2, 3), roll(1, 3, 3), roll(1, 2, 4)]).count == 4)
  }
}

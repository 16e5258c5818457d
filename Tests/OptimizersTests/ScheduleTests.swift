// Learning rates as transformers' schedules give them.

import Optimizers
import Testing

@Suite struct ScheduleTests {
  /// Made with transformers' `get_scheduler`: 8 steps, 2 of them warm-up, peak 1.
  private static let known: [Schedule.Kind: [Double]] = [
    .constant: [1, 1, 1, 1, 1, 1, 1, 1],
    .constantWithWarmup: [0, 0.5, 1, 1, 1, 1, 1, 1],
    .linear: [0, 0.5, 1, 5.0 / 6, 4.0 / 6, 0.5, 2.0 / 6, 1.0 / 6],
    .cosine: [
      0, 0.5, 1, 0.9330127018922194, 0.75, 0.5, 0.25, 0.0669872981077807,
    ],
  ]

  @Test(arguments: Schedule.Kind.allCases)
  func `follows transformers`(_ kind: Schedule.Kind) throws {
    let schedule = Schedule(kind, peak: 1, warmup: .steps(2))
    for (step, expected) in try #require(Self.known[kind]).enumerated() {
      #expect(abs(schedule.learningRate(step: step, of: 8) - expected) < 1e-15, "step \(step)")
    }
  }

  @Test func `names are transformers'`() {
    #expect(
      Schedule.Kind.allCases.map(\.rawValue) == ["constant", "linear", "cosine", "constant_with_warmup"])
  }

  @Test func `a ratio of warm-up is rounded up to whole steps`() {
    #expect(Schedule.Warmup.ratio(0.1).steps(of: 25) == 3)
    #expect(Schedule.Warmup.ratio(0).steps(of: 25) == 0)
    #expect(Schedule.Warmup.steps(7).steps(of: 25) == 7)
  }

  @Test func `ends at zero and stays there`() {
    #expect(Schedule(.linear, peak: 3).learningRate(step: 10, of: 10) == 0)
    #expect(Schedule(.linear, peak: 3).learningRate(step: 12, of: 10) == 0)
    #expect(Schedule(.cosine, peak: 3).learningRate(step: 10, of: 10) < 1e-15)
  }

  @Test func `a run that is all warm-up never divides by zero`() {
    #expect(Schedule(.linear, peak: 1, warmup: .steps(4)).learningRate(step: 4, of: 4) == 0)
    #expect(Schedule(.cosine, peak: 1, warmup: .steps(4)).learningRate(step: 4, of: 4) == 1)
  }
}

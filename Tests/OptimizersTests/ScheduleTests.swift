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
    .polynomial: [0, 0.5, 1, 5.0 / 6, 4.0 / 6, 0.5, 2.0 / 6, 1.0 / 6],
    .inverseSquareRoot: [
      0, 0.5, 1, 0.8164965809277261, 0.7071067811865475, 0.6324555320336759, 0.5773502691896258,
      0.5345224838248488,
    ],
    .cosineWithFloor: [0, 0.5, 1, 0.9330127018922194, 0.75, 0.5, 0.25, 0.0669872981077807],
    .cosineWithRestarts: [0, 0.5, 1, 0.9330127018922194, 0.75, 0.5, 0.25, 0.0669872981077807],
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
      Schedule.Kind.allCases.map(\.rawValue) == [
        "linear", "cosine", "constant", "constant_with_warmup", "polynomial", "inverse_sqrt",
        "cosine_with_min_lr",
        "cosine_with_restarts",
      ])
  }

  @Test func `knobs bend curves as transformers' do`() {
    var knobs = Schedule.Knobs()
    (knobs.power, knobs.floor, knobs.cycles, knobs.timescale) = (2, 0.1, 2, 5)
    let expected: [Schedule.Kind: [Double]] = [
      .polynomial: [0, 0.5, 1, 0.725, 0.5, 0.325, 0.2, 0.125],
      .inverseSquareRoot: [
        0, 0.5, 1, 0.9128709291752769, 0.8451542547285166, 0.7905694150420948, 0.7453559924999299,
        0.7071067811865475,
      ],
      .cosineWithFloor: [0, 0.5, 1, 0.325, 0.325, 1, 0.325, 0.325],
      .cosineWithRestarts: [0, 0.5, 1, 0.75, 0.25, 1, 0.75, 0.25],
      .cosine: [0, 0.5, 1, 0.25, 0.25, 1, 0.25, 0.25],
    ]
    let endless = Schedule(.inverseSquareRoot, peak: 1)
    #expect(abs(endless.learningRate(step: 2, of: 3) - 0.9999000149975006) < 1e-15)
    for (kind, values) in expected {
      let schedule = Schedule(kind, peak: 1, warmup: .steps(2), knobs: knobs)
      for (step, value) in values.enumerated() {
        #expect(abs(schedule.learningRate(step: step, of: 8) - value) < 1e-15, "\(kind), step \(step)")
      }
    }
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

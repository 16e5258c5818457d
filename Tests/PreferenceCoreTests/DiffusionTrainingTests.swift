// A real denoiser through the trainer: it learns points, and moves to the preferred ones without leaving them.

import BuiltinLosses
import Optimizers
import PreferenceCore
import PreferenceTestSupport
import Testing
import VectorKernels

@Suite struct DiffusionTrainingTests {
  @Test func `alignment moves samples to the preferred side`() throws {
    let (before, after) = try AlignPoints.run()
    for (start, end) in zip(before.preferred, after.preferred) {
      #expect(abs(start - 0.5) < 0.15 && end > 0.8)
    }
    // They are still points of the clouds, not anywhere on that side.
    #expect(before.distance < 0.5 && after.distance < 0.5)
  }

  private static func pair(_ rows: [Int]) -> TokenBatch {
    TokenBatch(
      prompts: rows.map { _ in [0] }, completions: rows.flatMap { _ in [[1], [2]] },
      layout: .pairs(rows.count),
      rows: rows)
  }

  @Test func `both sides of a pair and a copy see the same noise, another row another one`() throws {
    let denoiser = PointDenoiser(points: [[0, 0], [1, 1], [1, 1]])
    let scores = try denoiser.score(Self.pair([5, 6]), [.logProbability])[.logProbability].scalars
    #expect(scores[0] == scores[1] && scores[2] == scores[3] && scores[0] != scores[2])
    #expect(
      try denoiser.copy().score(Self.pair([5, 6]), [.logProbability])[.logProbability].scalars == scores)
    #expect(scores.allSatisfy { $0 < 0 })
    // What the row is batched with makes no difference.
    let alone = try denoiser.score(Self.pair([6]), [.logProbability])[.logProbability].scalars
    #expect(zip(alone, scores[2...]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test func `starts at log 2, and equal points teach nothing`() throws {
    let denoiser = PointDenoiser(points: [[0, 0], [1, 1], [1, 1]])
    let before = denoiser.parameters.flatMap(\.values.scalars)
    let trainer = try Trainer(
      denoiser, references: [denoiser.copy()], loss: LossRegistry.builtin.resolve("diffusion-dpo"),
      optimizer: SGD())
    let report = try trainer.step([Self.pair([0, 1, 2])], learningRate: 1)
    #expect(abs(report.loss - Elementary.log(2)) < 1e-12)
    #expect(zip(before, denoiser.parameters.flatMap(\.values.scalars)).allSatisfy { abs($0 - $1) < 1e-3 })
  }

  @Test func `gradients are derivatives`() throws {
    let denoiser = PointDenoiser(points: [[0, 0], [0.7, -0.4], [-1, 1]], contexts: 2, hidden: 6, steps: 9)
    let batch = Self.pair([3, 4])
    let weights = [0.9, -1.3, 0.4, 0.8]
    func value() throws -> Double {
      let scores = try denoiser.score(batch, [.logProbability])[.logProbability].scalars
      return zip(weights, scores).reduce(0) { $0 + $1.0 * $1.1 }
    }
    var gradients = GradientAccumulator(for: denoiser.parameters)
    try denoiser.accumulateGradients(into: &gradients, scoring: batch, [.logProbability]) { scores in
      [.logProbability: Tensor(weights, shape: scores[.logProbability].shape)]
    }
    for parameter in denoiser.parameters {
      let slopes = gradients.buffer(for: parameter.name).scalars
      for i in stride(from: 0, to: slopes.count, by: 3) {
        let start = parameter.values[i]
        parameter.values[i] = start + 1e-2
        let above = try value()
        parameter.values[i] = start - 1e-2
        let below = try value()
        parameter.values[i] = start
        #expect(abs((above - below) / 2e-2 - Double(slopes[i])) < 2e-3, "\(parameter.name)[\(i)]")
      }
    }
  }

  @Test func `a token that is no point is refused`() {
    let denoiser = PointDenoiser(points: [[0, 0]])
    let error = #expect(throws: ScoringError.self) {
      try denoiser.score(Self.pair([7]), [.logProbability])
    }
    #expect(
      error?.description
        == "row 7: a completion is the index of one of 1 points, and a prompt begins with one of 1 conditions"
    )
  }
}

// Aligns a diffusion model of points in the plane with preferences, through the trainer that trains language models.

import BuiltinLosses
import Optimizers
import PreferenceCore
import PreferenceTestSupport

/// Four clouds of points at the corners of a square. Under condition 0 somebody prefers the right, under 1 the top.
enum AlignPoints {
  /// What became of it: shares of 400 samples on the preferred side, and their mean distance to the nearest corner.
  struct Figures {
    var preferred: [Double], distance: Double
  }

  static func run() throws -> (before: Figures, after: Figures) {
    let points = cloud(600)
    let denoiser = PointDenoiser(points: points, contexts: 2)

    // First it learns to denoise: likelihood of all points, where likelihood is −½ of the squared error.
    let teacher = try Trainer(
      denoiser, references: [], loss: LossRegistry.builtin.resolve("sft"), optimizer: AdamW())
    for step in 0..<500 {
      try teacher.step([labelled(points.count, step)], learningRate: step < 350 ? 1e-2 : 2e-3)
    }
    let before = figures(of: denoiser)

    // Then it is aligned with pairs of points, held by what it was.
    let trainer = try Trainer(
      denoiser, references: [denoiser.copy()], loss: LossRegistry.builtin.resolve("diffusion-dpo(beta=40)"),
      optimizer: AdamW())
    for step in 0..<100 { try trainer.step([pairs(points, step)], learningRate: 1e-3) }
    return (before, figures(of: denoiser))
  }

  static let corners = [[-1.0, -1.0], [-1, 1], [1, -1], [1, 1]]

  static func cloud(_ count: Int) -> [[Double]] {
    var dice = SplitMix(seed: 7)
    return (0..<count).map { i in corners[i % 4].map { $0 + 0.15 * dice.normal() } }
  }

  /// 64 points to imitate; rows are numbered through, so that every step draws new noise.
  static func labelled(_ count: Int, _ step: Int) -> TokenBatch {
    var dice = SplitMix(seed: UInt64(step))
    let rows = 0..<64
    return TokenBatch(
      prompts: rows.map { [Int32($0 % 2)] },
      completions: rows.map { _ in [Int32.random(in: 0..<Int32(count), using: &dice)] },
      layout: FeedbackLayout(
        prompts: Array(rows), ranks: rows.map { _ in 0 }, isDesirable: rows.map { _ in true }),
      rows: rows.map { 64 * step + $0 })
  }

  /// 32 pairs, the point further to the right (or to the top) first.
  static func pairs(_ points: [[Double]], _ step: Int) -> TokenBatch {
    var dice = SplitMix(seed: UInt64(10_000 + step))
    let completions = (0..<32).flatMap { row -> [[Int32]] in
      let couple = (0..<2).map { _ in Int.random(in: points.indices, using: &dice) }
      return couple.sorted { points[$0][row % 2] > points[$1][row % 2] }.map { [Int32($0)] }
    }
    return TokenBatch(
      prompts: (0..<32).map { [Int32($0 % 2)] }, completions: completions, layout: .pairs(32),
      rows: (0..<32).map { 1_000_000 + 32 * step + $0 })
  }

  static func figures(of denoiser: PointDenoiser) -> Figures {
    let drawn = (0..<2).map { denoiser.samples(200, context: $0, seed: 3) }
    let shares = drawn.enumerated().map { context, samples in
      Double(samples.count { $0[context] > 0 }) / Double(samples.count)
    }
    let distances = drawn.joined().map(distanceToCorner)
    return Figures(preferred: shares, distance: distances.reduce(0, +) / Double(distances.count))
  }

  static func distanceToCorner(_ sample: [Double]) -> Double {
    let squares = corners.map { corner -> Double in
      let (x, y) = (sample[0] - corner[0], sample[1] - corner[1])
      return x * x + y * y
    }
    return (squares.min() ?? 0).squareRoot()
  }
}

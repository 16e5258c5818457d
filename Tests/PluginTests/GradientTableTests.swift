// Slopes of paired losses against their closed forms, at margins of both signs and at the start.

import BuiltinLosses
import Foundation
import LossConformance
import PreferenceCore
import Testing

/// One pair of one-token completions with given log-ratios, and what a loss makes of it.
struct LonePair {
  var value: Double
  /// `∂ℓ/∂a` and `∂ℓ/∂b`, the slopes at the chosen and the rejected side's log-probability.
  var slopes: (Double, Double)
  var metrics: [String: Double]

  init(_ text: String, _ a: Double, _ b: Double, scores: [Double] = [0, 0]) throws {
    let leaf = Tensor([-3 + a, -4 + b], shape: [2, 1]).tracked()
    let reference = ModelScores([.logProbability: Tensor([-3, -4], shape: [2, 1])], maximumEntropy: 4)
    let batch = ScoredBatch(
      layout: .pairs(1), tokens: [[1], [2]], mask: .ones([2, 1]),
      policy: ModelScores([.logProbability: leaf], maximumEntropy: 4), references: [reference],
      annotations: ["score": Tensor(scores)])
    var context = LossContext()
    let objective = try LossRegistry.builtin.resolve(text).evaluate(batch, &context).objective(batch.counts)
    let slope = gradients(of: objective, at: [leaf])[0].scalars
    (value, slopes, metrics) = (stopGradient(objective).item, (slope[0], slope[1]), context.metrics.means)
  }
}

@Suite struct GradientTableTests {
  typealias Slopes = @Sendable (_ a: Double, _ b: Double) -> (Double, Double)

  static func sigma(_ z: Double) -> Double { 1 / (1 + exp(-z)) }

  /// A loss of the margin `s`: what it adds to one side it takes from the other.
  static func margin(_ slope: @escaping @Sendable (Double) -> Double) -> Slopes {
    { a, b in (slope(a - b), -slope(a - b)) }
  }

  static let table: [(String, Slopes)] = [
    ("dpo(beta=0.2)", margin { -0.2 * (1 - sigma(0.2 * $0)) }),
    (
      "exo(beta=0.2, label_smoothing=0.05)",
      margin { s in
        let q = sigma(0.2 * s)
        return 0.2 * q * (1 - q) * (0.2 * s - log(0.95 / 0.05))
      }
    ),
    ("sppo(beta=0.25)", { a, b in (2 * (a - 2), 2 * (b + 2)) }),
    (
      "apo-zero(beta=0.2)",
      { a, b in
        let (p, r) = (sigma(0.2 * a), sigma(0.2 * b))
        return (-0.2 * p * (1 - p), 0.2 * r * (1 - r))
      }
    ),
    (
      "apo-down(beta=0.2)",
      { a, b in
        let (p, q) = (sigma(0.2 * a), sigma(0.2 * (a - b)))
        return (0.2 * p * (1 - p) - 0.2 * q * (1 - q), 0.2 * q * (1 - q))
      }
    ),
    (
      "discopop(beta=0.2, tau=0.1)",
      margin { s in
        let z = 0.2 * s
        let (q, m) = (sigma(z), sigma(z / 0.1))
        let blend = (m * (1 - m) / 0.1) * (exp(-z) + log(q))
        return 0.2 * (-(1 - m) * (1 - q) - m * exp(-z) + blend)
      }
    ),
    (
      "dpop(beta=0.2, lambda=5)",
      { a, b in
        let force = 0.2 * (1 - sigma(0.2 * (a - b - 5 * max(0, -a))))
        return (-force * (a < 0 ? 6 : 1), force)
      }
    ),
    (
      "minor-dpo(beta=0.2)",
      { a, b in
        let force = 0.2 * (1 - sigma(0.2 * (a - max(0, b))))
        return (-force, b >= 0 ? force : 0)
      }
    ),
    (
      "cauchy(beta=0.2)",
      margin { s in
        let z = 0.2 * s
        return -0.2 / (.pi * (1 + z * z) * (atan(z) / .pi + 0.5))
      }
    ),
    ("aot(beta=0.2)", margin { -0.2 * (1 - sigma(0.2 * $0)) }),
    ("aot-unpaired(beta=0.2)", margin { -0.2 * (1 - sigma(0.2 * $0)) }),
    ("beta-dpo(beta=0.2)", margin { -0.2 * (1 - sigma(0.2 * $0)) }),
    ("r-dpo(beta=0.2, alpha=0.05)", margin { -0.2 * (1 - sigma(0.2 * $0)) }),
    ("odpo(beta=0.2, alpha=0.5)", margin { -0.2 * (1 - sigma(0.2 * $0 - 0.5 * log(1.5))) }),
    ("ln-dpo(beta=0.2)", margin { -0.2 * (1 - sigma(0.2 * $0)) }),
  ]

  @Test(arguments: table.indices) func `slopes are as worked out`(_ index: Int) throws {
    let (text, slopes) = Self.table[index]
    for (a, b) in [(0.0, 0.0), (1, -0.5), (-1.25, 2), (-3, -2.5), (4, 0.75)] {
      let pair = try LonePair(text, a, b, scores: [2, 0.5])
      let expected = slopes(a, b)
      #expect(abs(pair.slopes.0 - expected.0) < 1e-13, "\(text) at \(a), \(b)")
      #expect(abs(pair.slopes.1 - expected.1) < 1e-13, "\(text) at \(a), \(b)")
    }
  }

  // At the start, from the table of the formula sheet.
  @Test(arguments: [
    ("exo(beta=0.2, label_smoothing=0.001)", -0.05 * 6.906754778648554, 0.05 * 6.906754778648554),
    ("sppo(beta=0.2)", -5, 5), ("apo-zero(beta=0.2)", -0.05, 0.05), ("apo-down(beta=0.2)", 0, 0.05),
    ("cauchy(beta=0.2)", -0.4 / Double.pi, 0.4 / Double.pi), ("minor-dpo(beta=0.2)", -0.1, 0.1),
    ("discopop(beta=1, tau=0.05)", 0.7842640972002735, -0.7842640972002735),
  ])
  func `slopes at the start`(_ text: String, _ chosen: Double, _ rejected: Double) throws {
    let pair = try LonePair(text, 0, 0)
    #expect(abs(pair.slopes.0 - chosen) < 1e-13 && abs(pair.slopes.1 - rejected) < 1e-13)
  }

  typealias Function = @Sendable (Double) -> Double

  /// `f′(u)` against `log u`, and its slope.
  static let divergences: [(String, Function, Function)] = [
    ("reverse_kl", { $0 }, { _ in 1 }), ("forward_kl", { 1 - exp(-$0) }, { exp(-$0) }),
    ("js", { log(2) - log(1 + exp(-$0)) }, { 1 / (1 + exp($0)) }),
    ("alpha, alpha=0.3", { (exp(-0.7 * $0) - 1) / -0.7 }, { exp(-0.7 * $0) }),
  ]

  @Test(arguments: divergences.indices) func `f-dpo takes the slope of its divergence`(_ index: Int) throws {
    let (divergence, reward, slope) = Self.divergences[index]
    for (a, b) in [(0.0, 0.0), (1, -0.5), (-1.25, 2)] {
      let pair = try LonePair("f-dpo(beta=0.2, divergence=\(divergence))", a, b)
      let z = 0.2 * (reward(a) - reward(b))
      #expect(abs(pair.value - log(1 + exp(-z))) < 1e-13)
      let force = 0.2 * (1 - Self.sigma(z))
      #expect(abs(pair.slopes.0 + force * slope(a)) < 1e-13)
      #expect(abs(pair.slopes.1 - force * slope(b)) < 1e-13)
    }
  }
}

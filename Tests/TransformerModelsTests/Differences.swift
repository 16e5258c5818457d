// Gradients of a model's scores held to central differences.

import Optimizers
import PreferenceCore
import Tensors
import Testing
import VectorKernels

@testable import TransformerModels

/// An objective that weights every statistic of every token differently.
struct MixedObjective {
  let weights: [TokenStatistic: [Double]]

  /// Fixed numbers in −1...1 for each of `statistics`.
  init(_ statistics: Set<TokenStatistic>, count: Int) {
    var weights: [TokenStatistic: [Double]] = [:]
    for (place, statistic) in statistics.sorted(by: { $0.name < $1.name }).enumerated() {
      weights[statistic] = (0..<count).map { 2 * uniformNumber(seed: UInt64(place), index: $0) - 1 }
    }
    self.weights = weights
  }

  func value(_ scores: ModelScores) -> Double {
    weights.reduce(0) { sum, part in
      sum + zip(part.value, scores[part.key].scalars).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }

  func cotangents(_ scores: ModelScores) -> [TokenStatistic: Tensor] {
    weights.reduce(into: [:]) { $0[$1.key] = Tensor($1.value, shape: scores[$1.key].shape) }
  }
}

/// The gradient of `objective` by every parameter.
func gradient(
  of objective: MixedObjective, _ model: CausalLanguageModel, _ batch: TokenBatch = tinyBatch
) throws -> [[Float]] {
  var gradients = GradientAccumulator(for: model.parameters)
  try model.accumulateGradients(into: &gradients, scoring: batch, Set(objective.weights.keys)) {
    objective.cotangents($0)
  }
  return model.parameters.map { gradients.buffer(for: $0.name).scalars }
}

/// The derivative of `objective` along `direction`, from four values: the error is of the fourth order in `step`.
func difference(
  of objective: MixedObjective, _ model: CausalLanguageModel, _ parameter: Parameter,
  along direction: [Double], step: Double
) throws -> Double {
  let before = parameter.values.scalars
  defer {
    for (i, x) in before.enumerated() { parameter.values[i] = x }
    model.parametersChanged()
  }
  func value(_ step: Double) throws -> Double {
    for (i, x) in before.enumerated() { parameter.values[i] = Float(Double(x) + step * direction[i]) }
    model.parametersChanged()
    return objective.value(try model.score(tinyBatch, Set(objective.weights.keys)))
  }
  func slope(_ step: Double) throws -> Double { try (value(step) - value(-step)) / (2 * step) }
  return try (4 * slope(step) - slope(2 * step)) / 3
}

/// Where a gradient is compared with differences.
enum DifferenceDirections {
  /// Along itself, and along noise.
  case each
  /// Along the sum of both, each of length 1.
  case sum
}

/// Compares the gradient of a mixture of `statistics` by every parameter with differences.
///
/// - Parameters:
///   - step: how far to go, for a gradient of a given length.
///   - tolerance: the error allowed, as a share of the gradient's length, which counts for `least` or more:
///     differences in single precision are off by a few 1e-6 over the step.
func checkGradient(
  _ model: CausalLanguageModel, _ statistics: Set<TokenStatistic>,
  along directions: DifferenceDirections = .each, step: (_ size: Double) -> Double = { _ in 3e-3 },
  within tolerance: Double = 2e-3, least: Double = 0.3, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let objective = MixedObjective(statistics, count: 5 * 4)
  let computed = try gradient(of: objective, model)
  for (place, parameter) in model.parameters.enumerated() {
    let slopes = computed[place].map(Double.init)
    let size = slopes.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let numbers = FloatBuffer(count: slopes.count)
    fillNormal(numbers, deviation: 1, seed: UInt64(place))
    let length = sumOfSquares(numbers).squareRoot()
    let (own, noise) = (slopes.map { $0 / max(size, 1e-30) }, numbers.scalars.map { Double($0) / length })
    let lines =
      switch directions {
      case .each: [("its gradient", own), ("noise", noise)]
      case .sum: [("both", zip(own, noise).map { $0 + $1 })]
      }
    for (name, direction) in lines {
      let found = try difference(of: objective, model, parameter, along: direction, step: step(size))
      let expected = zip(slopes, direction).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(
        abs(found - expected) < tolerance * max(size, least),
        "\(parameter.name) along \(name): \(expected) of \(size), differences say \(found)",
        sourceLocation: sourceLocation)
    }
  }
}

// The backward pass against central differences, for every parameter and every statistic.

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

@Suite struct GradientTests {
  static let differentiable: [TokenStatistic] = [.logProbability, .entropy, .logCollision, .meanScore]

  /// Compares with central differences along each parameter's own gradient and along a random direction.
  private func check(
    _ model: CausalLanguageModel, _ statistics: Set<TokenStatistic>,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let objective = MixedObjective(statistics, count: 5 * 4)
    let computed = try gradient(of: objective, model)
    for (place, parameter) in model.parameters.enumerated() {
      let slopes = computed[place].map(Double.init)
      let size = slopes.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let noise = FloatBuffer(count: slopes.count)
      fillNormal(noise, deviation: 1, seed: UInt64(place))
      let noiseSize = sumOfSquares(noise).squareRoot()
      for (name, direction) in [
        ("gradient", slopes.map { $0 / max(size, 1e-30) }),
        ("noise", noise.scalars.map { Double($0) / noiseSize }),
      ] {
        let difference = try difference(model, parameter, direction, step: 3e-3, objective)
        let expected = zip(slopes, direction).reduce(0) { $0 + $1.0 * $1.1 }
        // Differences in single precision: a few 1e-6 over the step.
        #expect(
          abs(difference - expected) < 2e-3 * max(size, 0.3),
          "\(parameter.name) along \(name): \(expected), differences say \(difference)",
          sourceLocation: sourceLocation)
      }
    }
  }

  /// The derivative along `direction`, from four values: the error is of the fourth order in `step`.
  private func difference(
    _ model: CausalLanguageModel, _ parameter: Parameter, _ direction: [Double], step: Double,
    _ objective: MixedObjective
  ) throws -> Double {
    func slope(_ step: Double) throws -> Double {
      try
        (value(model, parameter, direction, step, objective)
        - value(model, parameter, direction, -step, objective)) / (2 * step)
    }
    return try (4 * slope(step) - slope(2 * step)) / 3
  }

  private func value(
    _ model: CausalLanguageModel, _ parameter: Parameter, _ direction: [Double], _ step: Double,
    _ objective: MixedObjective
  ) throws -> Double {
    let before = parameter.values.scalars
    defer { for (i, x) in before.enumerated() { parameter.values[i] = x } }
    for (i, x) in before.enumerated() { parameter.values[i] = Float(Double(x) + step * direction[i]) }
    return objective.value(try model.score(tinyBatch, Set(objective.weights.keys)))
  }

  @Test(arguments: differentiable)
  func `each statistic's gradient is its derivative`(_ statistic: TokenStatistic) throws {
    try check(tinyModel(), [statistic])
  }

  @Test func `with biases, a head of its own and llama 3's rotary rule`() throws {
    let scaling = RotaryScaling.llama3(factor: 4, lowFrequency: 1, highFrequency: 4, originalPositions: 16)
    try check(tinyModel(tied: false, biases: true, scaling: scaling), Set(Self.differentiable))
  }

  @Test func `each coordinate of one weight of each kind`() throws {
    let model = tinyModel()
    let objective = MixedObjective(Set(Self.differentiable), count: 5 * 4)
    let computed = try gradient(of: objective, model)
    for (place, parameter) in model.parameters.enumerated() where place % 4 == 0 {
      for i in stride(from: 0, to: parameter.values.count, by: 7) {
        var direction = [Double](repeating: 0, count: parameter.values.count)
        direction[i] = 1
        let difference = try difference(model, parameter, direction, step: 1e-2, objective)
        #expect(
          abs(difference - Double(computed[place][i])) < 1e-2,
          "\(parameter.name)[\(i)]: \(computed[place][i]), differences say \(difference)")
      }
    }
  }

  @Test(arguments: ComputeType.allCases)
  func `computing activations again changes no bit`(_ computeType: ComputeType) throws {
    let model = tinyModel(computeType: computeType)
    let objective = MixedObjective(Set(Self.differentiable), count: 5 * 4)
    let kept = try gradient(of: objective, model)
    let limit = model.activationLimit
    model.activationLimit = model.layers.activationByteCount(rows: 12)
    #expect(try gradient(of: objective, model) == kept)
    model.activationLimit = limit
    model.recomputesActivations = true
    #expect(try gradient(of: objective, model) == kept)
  }

  @Test(arguments: ComputeType.allCases)
  func `a pass takes the memory that was foretold, and no more the second time`(_ computeType: ComputeType)
    throws
  {
    let objective = MixedObjective(Set(Self.differentiable), count: 5 * 4)
    let (tokens, predictions) = (12, 11)
    /// Whether two passes took what was foretold; nil for a pass without gradients.
    func isForetold(_ limit: Int?) throws -> Bool {
      let model = tinyModel(computeType: computeType)
      model.activationLimit = limit ?? 0
      let foretold = model.passByteCount(
        tokens: tokens, predictions: predictions, attended: 5 * 32, forGradients: limit != nil)
      for _ in 0..<2 {
        if limit == nil {
          _ = try model.score(tinyBatch, [.logProbability])
        } else {
          _ = try gradient(of: objective, model)
        }
      }
      return model.workspace.peak == foretold && model.workspace.byteCount == foretold
    }
    let one = tinyModel(computeType: computeType).layers.activationByteCount(rows: tokens)
    for limit in [nil, 0, one, 1 << 30] {
      // Other tests may change the number of threads, which counts, between the foretelling and the pass.
      #expect(try (0..<5).contains { _ in try isForetold(limit) }, "\(limit ?? -1)")
    }
  }

  @Test func `gradients of two batches add up`() throws {
    let model = tinyModel()
    let objective = MixedObjective([.logProbability], count: 5 * 4)
    let once = try gradient(of: objective, model)
    var gradients = GradientAccumulator(for: model.parameters)
    for _ in 0..<2 {
      try model.accumulateGradients(into: &gradients, scoring: tinyBatch, [.logProbability]) {
        objective.cotangents($0)
      }
    }
    for (place, parameter) in model.parameters.enumerated() {
      let twice = gradients.buffer(for: parameter.name).scalars
      #expect(zip(twice, once[place]).allSatisfy { abs($0 - 2 * $1) <= 1e-5 * max(1, abs($0)) })
    }
  }

  @Test(arguments: ComputeType.allCases)
  func `threads change no bit`(_ computeType: ComputeType) throws {
    let golden = try Golden("llama")
    let model = try CausalLanguageModel.load(golden.directory, trainable: true, computeType: computeType)
    let count = golden.expected(.logProbability).count
    let objective = MixedObjective([.logProbability, .entropy], count: count)
    defer { KernelPool.configure(threads: 2) }
    KernelPool.configure(threads: 1)
    let one = try gradient(of: objective, model, golden.batch)
    KernelPool.configure(threads: 2)
    #expect(try gradient(of: objective, model, golden.batch) == one)
  }
}

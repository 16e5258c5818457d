// The backward pass against central differences, for every parameter and every statistic.

import Optimizers
import PreferenceCore
import Testing
import VectorKernels

@testable import TransformerModels

@Suite struct GradientTests {
  static let differentiable: [TokenStatistic] = [.logProbability, .entropy, .logCollision, .meanScore]

  @Test(arguments: differentiable)
  func `each statistic's gradient is its derivative`(_ statistic: TokenStatistic) throws {
    try checkGradient(tinyModel(), [statistic])
  }

  @Test func `with biases, a head of its own and llama 3's rotary rule`() throws {
    let scaling = RotaryScaling.llama3(factor: 4, lowFrequency: 1, highFrequency: 4, originalPositions: 16)
    try checkGradient(tinyModel(tied: false, biases: true, scaling: scaling), Set(Self.differentiable))
  }

  @Test func `each coordinate of one weight of each kind`() throws {
    let model = tinyModel()
    let objective = MixedObjective(Set(Self.differentiable), count: 5 * 4)
    let computed = try gradient(of: objective, model)
    for (place, parameter) in model.parameters.enumerated() where place % 4 == 0 {
      for i in stride(from: 0, to: parameter.values.count, by: 7) {
        var direction = [Double](repeating: 0, count: parameter.values.count)
        direction[i] = 1
        let difference = try difference(of: objective, model, parameter, along: direction, step: 1e-2)
        #expect(
          abs(difference - Double(computed[place][i])) < 1e-2,
          "\(parameter.name)[\(i)]: \(computed[place][i]), differences say \(difference)")
      }
    }
  }

  @Test(arguments: ComputeType.allCases)
  func `computing activations or scores again changes no bit`(_ computeType: ComputeType) throws {
    let model = tinyModel(computeType: computeType)
    let objective = MixedObjective(Set(Self.differentiable), count: 5 * 4)
    let kept = try gradient(of: objective, model)
    let limit = model.activationLimit
    model.activationLimit = model.layers.activationByteCount(rows: 12)
    #expect(try gradient(of: objective, model) == kept)
    model.activationLimit = limit
    model.recomputesActivations = true
    #expect(try gradient(of: objective, model) == kept)
    // Scores of the eleven predictions, to the byte; with one less they are not kept.
    for missing in [1, 0] {
      model.scoreLimit = model.scoreByteCount(predictions: 11) - missing
      #expect(try gradient(of: objective, model) == kept)
    }
  }

  @Test(arguments: ComputeType.allCases)
  func `a pass takes the memory that was foretold, and no more the second time`(_ computeType: ComputeType)
    throws
  {
    let objective = MixedObjective(Set(Self.differentiable), count: 5 * 4)
    let (tokens, predictions) = (12, 11)
    /// Whether two passes took what was foretold; nil for a pass without gradients.
    func isForetold(_ limit: Int?, _ scoreLimit: Int) throws -> Bool {
      let model = tinyModel(computeType: computeType)
      (model.activationLimit, model.scoreLimit) = (limit ?? 0, scoreLimit)
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
      for scoreLimit in [0, 1 << 30] {
        // Other tests may change the number of threads, which counts, between the foretelling and the pass.
        let isEver = try (0..<5).contains { _ in try isForetold(limit, scoreLimit) }
        #expect(isEver, "\(limit ?? -1), \(scoreLimit)")
      }
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

// Every family by first principles: differences, recomputation, shared prompts, generation, adapters, memory.

import Optimizers
import PreferenceCore
import Tensors
import Testing
import VectorKernels

@testable import TransformerModels

/// A family and which of its odd configurations.
private let cases = ModelConfiguration.Family.allCases.flatMap { family in [0, 1].map { (family, $0) } }

@Suite struct FamilyTests {
  static let differentiable: Set<TokenStatistic> = [.logProbability, .entropy, .logCollision, .meanScore]

  /// Where slopes are steep, they bend sooner.
  private func check(_ model: CausalLanguageModel) throws {
    try checkGradient(
      model, Self.differentiable, along: .sum, step: { 3e-3 * min(1, 15 / $0) }, within: 3e-3, least: 0.4)
  }

  @Test(arguments: cases)
  func `gradients are those of differences`(_ which: (ModelConfiguration.Family, Int)) throws {
    try check(tinyModel(oddConfigurations(which.0)[which.1]))
  }

  @Test(arguments: cases)
  func `adapters beside every layer have the gradients of differences`(
    _ which: (ModelConfiguration.Family, Int)
  ) throws {
    let base = tinyModel(oddConfigurations(which.0)[which.1])
    let model = base.copy(for: .adapted)
    let adapter = try LowRankAdapter(
      for: model.configuration, LowRankOptions(rank: 2, alpha: 3, targets: .allLinear), seed: 3)
    for (place, parameter) in adapter.parameters.enumerated() {
      fillNormal(parameter.values, deviation: 0.3, seed: UInt64(place))
    }
    model.attach(adapter)
    #expect(
      adapter.parameters.count == 2 * model.configuration.layerCount * model.configuration.linearModules.count
    )
    try check(model)
    // Beside the weights or in them is the same.
    let merged = base.copy(for: .trained)
    for pair in adapter.groups.flatMap(\.pairs) {
      let weight = try #require(merged.parameters[ParameterName(pair.layer.name + ".weight")])
      let (outputs, inputs) = (weight.shape[0], weight.shape[1])
      for i in 0..<weight.values.count {
        let (output, input) = (i / inputs, i % inputs)
        let change = (0..<2).reduce(Float(0)) {
          $0 + pair.up.values[output * 2 + $1] * pair.down.values[$1 * inputs + input]
        }
        weight.values[i] += 1.5 * change
      }
      #expect(pair.layer.columns.count == outputs)
    }
    merged.parametersChanged()
    let scores = try model.scalars(.logProbability, tinyBatch)
    #expect(distance(scores, try merged.scalars(.logProbability, tinyBatch)) < 5e-5)
  }

  @Test(arguments: cases, ComputeType.allCases)
  func `computing activations and scores again changes no bit, and memory is foretold`(
    _ which: (ModelConfiguration.Family, Int), _ computeType: ComputeType
  ) throws {
    let configuration = oddConfigurations(which.0)[which.1]
    let objective = MixedObjective(Self.differentiable, count: 5 * 4)
    let layout = try RaggedLayout(tinyBatch, configuration)
    var gradients: [[[Float]]] = []
    for (limit, scoreLimit) in [(0, 0), (0, 1 << 30), (1, 0), (1 << 30, 1 << 30)] {
      let model = tinyModel(configuration, computeType: computeType)
      let one = model.layers.activationByteCount(rows: layout.rows)
      /// Whether a pass takes what was foretold. Other tests may change the threads in between, which count.
      func isForetold() throws -> Bool {
        let model = tinyModel(configuration, computeType: computeType)
        (model.activationLimit, model.scoreLimit) = (limit == 1 ? one : limit, scoreLimit)
        let foretold = model.passByteCount(
          tokens: layout.rows, predictions: layout.sources.count, attended: layout.attended,
          forGradients: true)
        gradients.append(try gradient(of: objective, model))
        return model.workspace.byteCount == foretold && model.workspace.pieceCount == 1
      }
      #expect(try (0..<5).contains { _ in try isForetold() })
    }
    for other in gradients.dropFirst() { #expect(other == gradients[0]) }
  }

  @Test(arguments: cases)
  func `completions that share a prompt score as if each had its own`(
    _ which: (ModelConfiguration.Family, Int)
  ) throws {
    let model = tinyModel(oddConfigurations(which.0)[which.1])
    let separate = TokenBatch(
      prompts: tinyBatch.layout.prompts.map { tinyBatch.prompts[$0] }, completions: tinyBatch.completions,
      layout: FeedbackLayout(
        prompts: [0, 1, 2, 3, 4], ranks: [0, 0, 0, 0, 0], isDesirable: [true, true, true, true, true]))
    let (shared, own) = try (model.score(tinyBatch, allStatistics), model.score(separate, allStatistics))
    for statistic in allStatistics { #expect(shared[statistic].scalars == own[statistic].scalars) }
  }

  @Test(arguments: cases)
  func `the greedy text is the one that scoring calls most probable`(
    _ which: (ModelConfiguration.Family, Int)
  ) throws {
    var configuration = oddConfigurations(which.0)[which.1]
    // A text that grows keeps the angles that its first tokens had; see decision 10.
    if case .dynamic = configuration.rotaryScaling { configuration.rotaryScaling = .none }
    let model = tinyModel(configuration, seed: 4)
    let prompt: [Int32] = [4, 8, 15, 16]
    let text = try model.generate(prompt: prompt, maxNewTokens: 12, temperature: 0, stopIDs: [])
    #expect(text.count == 12)
    for length in 1...12 {
      // Of a text as long as when the token was drawn, so that its angles are the same.
      let batch = TokenBatch(
        prompts: [prompt + text.prefix(length - 1).dropLast()],
        completions: [Array(text.prefix(length - 1).suffix(1)) + [text[length - 1]]],
        layout: FeedbackLayout(prompts: [0], ranks: [0], isDesirable: [true]))
      let isLonger =
        configuration.rotaryScaling.regime(length: prompt.count + length)
        != configuration.rotaryScaling.regime(length: prompt.count + length - 1)
      if !isLonger { #expect(try model.scalars(.argmaxHit, batch).last == 1, "\(length)") }
    }
  }
}

@Suite struct RotaryScalingTests {
  @Test func `short and long sequences of one prompt have their own frequencies`() throws {
    var configuration = oddConfigurations(.phi3)[1]
    configuration.rotaryScaling = .longrope(.init(short: [1], long: [9], originalPositions: 7, factor: 1))
    let layout = try RaggedLayout(tinyBatch, configuration)
    // 5 + 3 tokens are long, 5 + 1 are not; the second prompt's sequences are all short.
    #expect(layout.regimes.map(\.regime) == [1, 0, 0])
    #expect(layout.groups.count == 3)
    let mixed = try tinyModel(configuration).scalars(.logProbability, tinyBatch)
    for (factors, rows) in [((1.0, 1.0), [1, 2, 3, 4]), ((9.0, 9.0), [0])] {
      configuration.rotaryScaling = .longrope(
        .init(short: [factors.0], long: [factors.1], originalPositions: 7, factor: 1))
      let plain = try tinyModel(configuration).scalars(.logProbability, tinyBatch)
      for row in rows { #expect(mixed[row * 4..<row * 4 + 4] == plain[row * 4..<row * 4 + 4]) }
    }
  }

  @Test func `attention factors are those of the papers`() {
    #expect(abs(RotaryScaling.YarnRule(factor: 4, originalPositions: 8).attentionFactor - 1.138_629) < 1e-6)
    let long = RotaryScaling.LongRotaryRule(short: [1], long: [1], originalPositions: 4096, factor: 32)
    // √(1 + log 32/log 4096) = √(17/12)
    #expect(abs(long.attentionFactor - (17.0 / 12).squareRoot()) < 1e-12)
    #expect(RotaryScaling.YarnRule(factor: 1, originalPositions: 8).attentionFactor == 1)
  }
}

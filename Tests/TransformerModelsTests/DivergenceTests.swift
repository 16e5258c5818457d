// The divergence from a reference: against the full distributions, against differences, and 0 where nothing moved.

import Optimizers
import PreferenceCore
import Tensors
import Testing
import VectorKernels

@testable import TransformerModels

@Suite struct DivergenceTests {
  /// A model told what to compare with, and what it compares with.
  private static func couple(
    _ computeType: ComputeType = .float32
  ) -> (model: CausalLanguageModel, reference: CausalLanguageModel) {
    let model = tinyModel(computeType: computeType)
    let reference = tinyModel(seed: 2, computeType: computeType)
    #expect(model.measureDivergence(from: reference))
    return (model, reference)
  }

  /// `KL(reference ‖ policy)` of every prediction from all scores at once, in double precision. `[N, T]`.
  private static func divergences(
    _ model: CausalLanguageModel, _ reference: CausalLanguageModel, _ batch: TokenBatch
  ) -> [Double] {
    let width = batch.width
    return batch.completions.enumerated().flatMap { n, completion in
      (0..<width).map { t -> Double in
        guard t < completion.count else { return 0 }
        let text = batch.prompts[batch.layout.prompts[n]] + completion[..<t]
        let (p, q) = (logProbabilities(model, text), logProbabilities(reference, text))
        return zip(p, q).reduce(0) { $0 + Elementary.exp($1.1) * ($1.1 - $1.0) }
      }
    }
  }

  private static func logProbabilities(_ model: CausalLanguageModel, _ text: [Int32]) -> [Double] {
    let scores = model.nextScores(text)
    let sum = logSumExp(Tensor(scores)).item
    return scores.map { $0 - sum }
  }

  @Test func `equals the divergence of the full distributions`() throws {
    let (model, reference) = Self.couple()
    let expected = Self.divergences(model, reference, tinyBatch)
    #expect(distance(try model.scalars(.divergence, tinyBatch), expected) < 2e-6)
    #expect((expected.max() ?? 0) > 0.1)
  }

  @Test(arguments: [512, 100, 7]) func `chunks of the vocabulary add up`(_ columns: Int) throws {
    let golden = try Golden("llama")
    let model = try CausalLanguageModel.load(golden.directory, trainable: true)
    let reference = model.copy()
    for i in 0..<200 { model.parameters[0].values[7 * i] += 0.05 }
    #expect(model.measureDivergence(from: reference))
    let batch = TokenBatch(
      prompts: [golden.rows[0].promptIds], completions: [Array(golden.rows[0].chosenIds.prefix(4))],
      layout: FeedbackLayout(prompts: [0], ranks: [0], isDesirable: [true]))
    let expected = Self.divergences(model, reference, batch)
    model.layers.cutHead(into: columns)
    reference.layers.cutHead(into: columns)
    #expect(distance(try model.scalars(.divergence, batch), expected) < 2e-6)
  }

  @Test(arguments: ComputeType.allCases)
  func `is 0 to the bit where the reference is a copy`(_ computeType: ComputeType) throws {
    let model = tinyModel(computeType: computeType)
    let reference = model.copy(for: .scoring)
    #expect(model.measureDivergence(from: reference))
    #expect(try model.scalars(.divergence, tinyBatch).allSatisfy { $0 == 0 })
  }

  @Test func `its gradient is its derivative`() throws {
    let (model, reference) = Self.couple()
    try checkGradient(model, [.divergence])
    try checkGradient(model, [.divergence, .logProbability, .entropy, .logCollision])
    _ = reference
  }

  @Test func `measuring it changes no other statistic`() throws {
    let (model, reference) = Self.couple()
    let alone = try tinyModel().score(tinyBatch, allStatistics)
    let beside = try model.score(tinyBatch, allStatistics.union([.divergence]))
    for statistic in allStatistics { #expect(beside[statistic].scalars == alone[statistic].scalars) }
    _ = reference
  }

  @Test func `bfloat16 agrees roughly`() throws {
    let (exact, one) = Self.couple()
    let (rounded, other) = Self.couple(.bfloat16)
    let a = try exact.scalars(.divergence, tinyBatch)
    let b = try rounded.scalars(.divergence, tinyBatch)
    #expect(distance(a, b) < 0.05 && distance(a, b) > 0)
    _ = (one, other)
  }

  @Test func `a model is compared with itself without its adapter`() throws {
    let model = CausalLanguageModel.random(
      configuration: tinyModel().configuration, seed: 1, initializerRange: 0.4)
    let scratch = try Scratch()
    try model.save(to: scratch.path)
    let adapted = try CausalLanguageModel.load(ModelDirectory(scratch.path), for: .adapted)
    adapted.attach(try LowRankAdapter(for: adapted.configuration, LowRankOptions(rank: 2), seed: 3))
    let reference = adapted.withoutAdapter()
    #expect(adapted.measureDivergence(from: reference))
    #expect(try adapted.scalars(.divergence, tinyBatch).allSatisfy { $0 == 0 })
    for parameter in adapted.parameters { fillNormal(parameter.values, deviation: 0.1, seed: 5) }
    adapted.parametersChanged()
    let moved = try adapted.scalars(.divergence, tinyBatch)
    #expect((moved.max() ?? 0) > 1e-3)
    try checkGradient(adapted, [.divergence])
  }

  @Test(arguments: ComputeType.allCases)
  func `the same pass tells what the reference says, to the bit`(_ computeType: ComputeType) throws {
    let (model, reference) = Self.couple(computeType)
    let told = Set(allStatistics.map(TokenStatistic.reference))
    #expect(model.statistics == allStatistics.union(told).union([.divergence]))
    let scores = try model.score(tinyBatch, told.union([.logProbability]))
    let its = try reference.score(tinyBatch, allStatistics)
    for statistic in allStatistics {
      #expect(scores[.reference(statistic)].scalars == its[statistic].scalars, "\(statistic)")
    }
    #expect(distance(scores[.logProbability].scalars, its[.logProbability].scalars) > 0.1)
  }

  @Test func `models with other tokens cannot be compared`() throws {
    var configuration = tinyModel().configuration
    configuration.vocabularyCount = 20
    let other = CausalLanguageModel.random(configuration: configuration, seed: 1)
    let model = tinyModel()
    #expect(!model.measureDivergence(from: other))
    #expect(!model.statistics.contains(.divergence))
  }
}

extension CausalLanguageModel {
  /// The scores of all tokens after `text`.
  func nextScores(_ text: [Int32]) -> [Double] {
    var scores: [Double] = []
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    layers.continueText(
      text, capacity: text.count, workspace, context: { context($0, adapter: adapterLayout) },
      next: {
        scores = $0.scalars.map(Double.init)
        return nil
      })
    return scores
  }
}

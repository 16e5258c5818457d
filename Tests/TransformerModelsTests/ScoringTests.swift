// Scores against transformers', and the independence of a row's bits from everything around it.

import Foundation
import Optimizers
import PreferenceCore
import Tensors
import Testing
import VectorKernels

@testable import TransformerModels

@Suite struct ScoringTests {
  private func check(_ model: CausalLanguageModel, _ golden: Golden) throws {
    let scores = try model.score(golden.batch, [.logProbability, .entropy])
    for statistic in [TokenStatistic.logProbability, .entropy] {
      let error = distance(scores[statistic].scalars, golden.expected(statistic))
      // Single precision differs from theirs by a few 1e-6.
      #expect(error < 2e-5, "\(statistic): \(error)")
    }
    #expect(scores.maximumEntropy == log(768.0))
  }

  @Test func `agrees with a derivation in float64 on a llama 3 whose frequencies are exact`() throws {
    let golden = try Golden("llama3", file: "exact.json")
    let stored = try CausalLanguageModel.load(golden.directory, trainable: false)
    #expect(stored.configuration.roundsConstants)
    var configuration = stored.configuration
    configuration.roundsConstants = false
    let exact = CausalLanguageModel(configuration, use: .scoring, computeType: .float32) { weight, values in
      guard let weight = stored.parameters[weight.name] else { return }
      VectorKernels.copy(weight.values, into: values)
    }
    try check(exact, golden)
  }

  @Test func `sequences side by side score as transformers scores them one by one`() throws {
    let golden = try Golden("llama")
    let model = try CausalLanguageModel.load(golden.directory, trainable: false)
    let together = try model.score(golden.batch, [.logProbability])[.logProbability].scalars
    let width = together.count / (2 * golden.rows.count)
    for (i, row) in golden.rows.enumerated() {
      let alone = TokenBatch(
        prompts: [row.promptIds], completions: [row.rejectedIds],
        layout: FeedbackLayout(prompts: [0], ranks: [0], isDesirable: [true]))
      let scores = try model.scalars(.logProbability, alone)
      let start = (2 * i + 1) * width
      #expect(scores == Array(together[start..<start + scores.count]), "row \(i)")
    }
  }

  @Test func `completions that share a prompt score as if each had its own`() throws {
    let model = tinyModel()
    let separate = TokenBatch(
      prompts: tinyBatch.layout.prompts.map { tinyBatch.prompts[$0] }, completions: tinyBatch.completions,
      layout: FeedbackLayout(
        prompts: [0, 1, 2, 3, 4], ranks: [0, 0, 0, 0, 0], isDesirable: [true, true, true, true, true]))
    let (shared, own) = try (model.score(tinyBatch, allStatistics), model.score(separate, allStatistics))
    for statistic in allStatistics { #expect(shared[statistic].scalars == own[statistic].scalars) }
  }

  @Test func `moving the border between prompt and completion changes no score`() throws {
    let model = tinyModel()
    func scores(border: Int) throws -> [Double] {
      let text: [Int32] = [3, 1, 4, 1, 5, 9, 2, 6]
      let batch = TokenBatch(
        prompts: [Array(text[..<border])], completions: [Array(text[border...])],
        layout: FeedbackLayout(prompts: [0], ranks: [0], isDesirable: [true]))
      return try model.scalars(.logProbability, batch)
    }
    let whole = try scores(border: 1)
    for border in 2..<8 {
      // Values are summed in two parts, before and behind the border. That moves a score, of magnitude
      // 10 here, by a few of its last places (9.5e-7 each): 2 to 3 were measured, depending on the kernels.
      let error = distance(try scores(border: border), Array(whole[(border - 1)...]))
      #expect(error < 5 * Double(Float(10).ulp), "border \(border): \(error)")
    }
  }

  @Test func `threads change no bit`() throws {
    let golden = try Golden("llama")
    let model = try CausalLanguageModel.load(golden.directory, trainable: false)
    defer { KernelPool.configure(threads: 2) }
    KernelPool.configure(threads: 1)
    let one = try model.score(golden.batch, allStatistics)
    KernelPool.configure(threads: 2)
    let two = try model.score(golden.batch, allStatistics)
    for statistic in allStatistics { #expect(one[statistic].scalars == two[statistic].scalars) }
  }

  @Test func `padding and empty completions score 0`() throws {
    let model = tinyModel()
    let batch = TokenBatch(
      prompts: [[1, 2], []], completions: [[3], [], [4, 5, 6]],
      layout: FeedbackLayout(prompts: [0, 1, 0], ranks: [0, 0, 1], isDesirable: [true, true, true]))
    let scores = try model.score(batch, allStatistics)
    for statistic in allStatistics {
      #expect(scores[statistic].shape == [3, 3])
      #expect(Array(scores[statistic].scalars[1..<6]) == [0, 0, 0, 0, 0])
    }
    #expect(scores[.logProbability].scalars[6..<9].allSatisfy { $0 < 0 })
    #expect(
      try model.score(TokenBatch(prompts: [], completions: [], layout: .pairs(0)), [.entropy])[.entropy].shape
        == [0, 0])
  }

  @Test func `statistics are those of the full distribution`() throws {
    // Every token in turn as the completion: their probabilities are the whole distribution.
    let model = tinyModel(tied: false)
    let batch = TokenBatch(
      prompts: [[7, 2, 8]], completions: (0..<19).map { [Int32($0)] },
      layout: FeedbackLayout(
        prompts: [Int](repeating: 0, count: 19), ranks: Array(0..<19),
        isDesirable: [Bool](repeating: true, count: 19)))
    let scores = try model.score(batch, allStatistics)
    let logs = scores[.logProbability].scalars
    let shares = logs.map { exp($0) }
    #expect(abs(shares.reduce(0, +) - 1) < 1e-6)
    #expect(abs(scores[.entropy].scalars[0] + zip(shares, logs).reduce(0) { $0 + $1.0 * $1.1 }) < 2e-6)
    #expect(abs(scores[.logCollision].scalars[0] - log(shares.reduce(0) { $0 + $1 * $1 })) < 2e-6)
    let best = try #require(logs.indices.max { logs[$0] < logs[$1] })
    #expect(scores[.argmaxHit].scalars == logs.indices.map { $0 == best ? 1 : 0 })
  }

  static let refusals: [(batch: TokenBatch, complaint: String)] = [
    (
      TokenBatch(
        prompts: [[1], []], completions: [[2], [3]],
        layout: FeedbackLayout(prompts: [0, 1], ranks: [0, 0], isDesirable: [true, true]), rows: [4, 17]),
      "row 17: the prompt holds no token, and a completion's first token needs one before it; "
        + "begin prompts with a token such as bos"
    ),
    (
      TokenBatch(
        prompts: [[1]], completions: [[2, 19]],
        layout: FeedbackLayout(prompts: [0], ranks: [0], isDesirable: [true]), rows: [3]),
      "row 3: token 19 is not among the model's 19 tokens; use the tokenizer that belongs to the model"
    ),
    (
      TokenBatch(
        prompts: [[-1]], completions: [[2]],
        layout: FeedbackLayout(prompts: [0], ranks: [0], isDesirable: [true]), rows: [0]),
      "row 0: token -1 is not among the model's 19 tokens; use the tokenizer that belongs to the model"
    ),
  ]

  @Test(arguments: refusals.indices) func `refuses tokens it cannot score`(_ index: Int) {
    #expect {
      try tinyModel().score(Self.refusals[index].batch, [.logProbability])
    } throws: {
      "\($0)" == Self.refusals[index].complaint
    }
  }

  @Test func `refuses what it has no positions for, and what it cannot score`() throws {
    var configuration = tinyModel().configuration
    configuration.family = .gpt2
    (configuration.keyValueHeadCount, configuration.headWidth) = (4, 3)
    configuration.maximumPositions = 6
    let model = CausalLanguageModel.random(configuration: configuration, seed: 1)
    #expect {
      try model.score(tinyBatch, [.logProbability])
    } throws: {
      "\($0)"
        == "row 0: 7 tokens, but the model has learned positions for 6; truncate sequences to 6 tokens"
    }
    #expect {
      try model.score(tinyBatch, [.divergence])
    } throws: {
      "\($0)"
        == "a language model cannot score 'divergence'; "
        + "it scores argmax-hit, entropy, log-collision, log-probability, mean-score"
    }
  }
}

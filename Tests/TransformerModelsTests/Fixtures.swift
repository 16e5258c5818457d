// Golden models, tiny models and batches for the tests of transformer models.

import Foundation
import Optimizers
import PreferenceCore
import Safetensors
import Tensors
import VectorKernels

@testable import TransformerModels

/// A checkpoint written by transformers, with what transformers computes for it.
struct Golden {
  struct Row: Decodable {
    let promptIds: [Int32], chosenIds: [Int32], rejectedIds: [Int32]
    let chosenLogps: [Double], rejectedLogps: [Double]
    let chosenEntropies: [Double], rejectedEntropies: [Double]
  }

  struct File: Decodable {
    let rows: [Row]
  }

  let directory: ModelDirectory
  let rows: [Row]

  init(_ name: String, file: String = "expected.json") throws { try self.init(at: "hf/" + name, file: file) }

  /// The checkpoint at a place under `Fixtures`.
  init(at place: String, file: String = "expected.json") throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/" + place)
    directory = ModelDirectory(path.path)
    let contents = try Data(contentsOf: path.appendingPathComponent(file))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    rows = try decoder.decode(File.self, from: contents).rows
  }

  /// Every row as a prompt with two completions.
  var batch: TokenBatch {
    TokenBatch(
      prompts: rows.map(\.promptIds), completions: rows.flatMap { [$0.chosenIds, $0.rejectedIds] },
      layout: .pairs(rows.count))
  }

  /// The expected statistics, `[N, T]`.
  func expected(_ statistic: TokenStatistic) -> [Double] {
    let lists = rows.flatMap {
      statistic == .entropy
        ? [$0.chosenEntropies, $0.rejectedEntropies] : [$0.chosenLogps, $0.rejectedLogps]
    }
    let width = lists.map(\.count).max() ?? 0
    return lists.flatMap { $0 + [Double](repeating: 0, count: width - $0.count) }
  }
}

/// A directory that disappears with its owner.
final class Scratch {
  let path = NSTemporaryDirectory() + "transformer-tests-" + UUID().uuidString
  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Every statistic a language model has.
let allStatistics: Set<TokenStatistic> = [.logProbability, .entropy, .logCollision, .meanScore, .argmaxHit]

/// A model small enough for finite differences.
func tinyModel(
  family: ModelConfiguration.Family = .llama, tied: Bool = true, biases: Bool = false, seed: UInt64 = 1,
  computeType: ComputeType = .float32, scaling: RotaryScaling = .none
) -> CausalLanguageModel {
  var configuration = ModelConfiguration(
    vocabularyCount: 19, width: 12, feedForwardWidth: 10, layerCount: 2, headCount: 4, keyValueHeadCount: 2,
    headWidth: 6)
  configuration.family = family
  configuration.tiesEmbeddings = tied
  configuration.rotaryScaling = scaling
  configuration.hasQueryBias = biases
  configuration.hasAttentionOutputBias = biases
  configuration.hasFeedForwardBias = biases
  let model = CausalLanguageModel.random(
    configuration: configuration, seed: seed, initializerRange: 0.4, computeType: computeType)
  // Norms of 1 and biases of 0 would hide mistakes.
  for (place, parameter) in model.parameters.enumerated() where !parameter.isDecayed {
    let noise = FloatBuffer(count: parameter.values.count)
    fillNormal(noise, deviation: 0.2, seed: seed &+ 77 &+ UInt64(place))
    VectorKernels.add(noise, to: parameter.values)
  }
  model.parametersChanged()
  return model
}

/// Some configurations of a family, small enough for finite differences, with everything that it can have.
func oddConfigurations(_ family: ModelConfiguration.Family) -> [ModelConfiguration] {
  var first = ModelConfiguration(
    vocabularyCount: 19, width: 12, feedForwardWidth: 7, layerCount: 2, headCount: 3, keyValueHeadCount: 1,
    headWidth: 4)
  first.family = family
  first.rotaryBase = 50
  first.maximumPositions = 32
  first.activation = family.usualActivation.function
  var second = first
  second.tiesEmbeddings = true
  second.normEpsilon = 1e-3
  // No token of the tests' batches, whose differences would see what it does not learn.
  if family != .gpt2, family != .gptNeoX { second.paddingToken = 17 }
  second.rotaryScaling = .linear(factor: 3)
  switch family {
  case .llama:
    second.hasQueryBias = true
    second.hasAttentionOutputBias = true
    second.hasFeedForwardBias = true
    second.rotaryScaling = .llama3(factor: 4, lowFrequency: 1, highFrequency: 4, originalPositions: 16)
  case .mistral:
    second.attentionWindow = 3
    second.activation = .gelu
    second.maximumPositions = 7
    second.rotaryScaling = .dynamic(factor: 2, positions: 7)
  case .qwen2:
    first.hasQueryBias = true
    second.hasQueryBias = true
    (second.attentionWindow, second.windowedLayers) = (2, [false, true])
    second.rotaryScaling = .yarn(.init(factor: 4, originalPositions: 8))
  case .qwen3:
    (second.hasQueryBias, second.hasAttentionOutputBias) = (true, true)
    second.keyValueHeadCount = 3
  case .gemma: (second.hasQueryBias, second.hasAttentionOutputBias) = (true, true)
  case .gemma2:
    first.attentionDivisor = 7
    (first.attentionWindow, first.windowedLayers) = (4, [true, false])
    (first.attentionCap, first.scoreCap) = (1.5, 2.5)
    second.attentionDivisor = 4
    second.keyValueHeadCount = 3
  case .phi3:
    second.attentionWindow = 4
    second.rotaryWidth = 2
    second.rotaryScaling = .longrope(
      .init(short: [1.2], long: [3], originalPositions: 7, factor: 4))
  case .olmo2: (second.hasQueryBias, second.hasAttentionOutputBias) = (true, true)
  case .smollm3:
    first.turnedLayers = [false, true]
    second.hasFeedForwardBias = true
    (second.attentionWindow, second.windowedLayers) = (3, [true, false])
  case .gpt2:
    for change in [\ModelConfiguration.hasQueryBias, \.hasAttentionOutputBias, \.hasFeedForwardBias] {
      first[keyPath: change] = true
      second[keyPath: change] = true
    }
    (first.keyValueHeadCount, second.keyValueHeadCount) = (3, 3)
    (first.rotaryBase, second.rotaryBase) = (10_000, 10_000)
    second.attentionDivisor = 1
    second.dividesAttentionByLayer = true
    second.rotaryScaling = .none
  case .gptNeoX:
    (first.hasQueryBias, first.hasAttentionOutputBias) = (true, true)
    (first.hasFeedForwardBias, second.hasFeedForwardBias) = (true, true)
    (first.keyValueHeadCount, second.keyValueHeadCount) = (3, 3)
    first.isParallel = true
    first.rotaryWidth = 3
    second.rotaryWidth = 2
  }
  return [first, second]
}

/// A model of the given configuration whose norms and biases are not what fresh ones are.
func tinyModel(
  _ configuration: ModelConfiguration, seed: UInt64 = 1, computeType: ComputeType = .float32
) -> CausalLanguageModel {
  let model = CausalLanguageModel.random(
    configuration: configuration, seed: seed, initializerRange: 0.4, computeType: computeType)
  for (place, parameter) in model.parameters.enumerated() where !parameter.isDecayed {
    let noise = FloatBuffer(count: parameter.values.count)
    fillNormal(noise, deviation: 0.2, seed: seed &+ 77 &+ UInt64(place))
    VectorKernels.add(noise, to: parameter.values)
  }
  model.parametersChanged()
  return model
}

/// Two prompts with two and three completions, two of them a single token.
let tinyBatch = TokenBatch(
  prompts: [[3, 1, 4, 1, 5], [9]], completions: [[2, 6, 5], [3], [5, 8, 9, 7], [18, 0], [11]],
  layout: FeedbackLayout(
    prompts: [0, 0, 1, 1, 1], ranks: [0, 1, 0, 1, 2], isDesirable: [true, false, true, false, false]))

extension CausalLanguageModel {
  /// One statistic's scalars, `[N, T]`.
  func scalars(_ statistic: TokenStatistic, _ batch: TokenBatch) throws -> [Double] {
    try score(batch, [statistic])[statistic].scalars
  }
}

/// The largest difference between two lists of one length.
func distance(_ a: [Double], _ b: [Double]) -> Double {
  a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
}

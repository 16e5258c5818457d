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

  init(_ name: String, file: String = "expected.json") throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/hf/" + name)
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

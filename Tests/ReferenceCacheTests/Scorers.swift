// A scorer that counts what it is asked, and folders that go away.

import Foundation
import PreferenceCore
import Tensors

@testable import ReferenceCache

/// A folder that is gone when the test is.
final class Scratch {
  let path: String
  init() throws {
    path = NSTemporaryDirectory() + "prefer-\(UInt64.random(in: 0...UInt64.max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Every cache file below the folder.
  var files: [String] {
    let walk = FileManager.default.enumerator(atPath: path)?.allObjects ?? []
    return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".scores") }.sorted().map {
      path + "/" + $0
    }
  }
}

/// Says something different of every token of every context.
final class CountingScorer: Scorer {
  private(set) var asked: [[Int32]] = []
  private(set) var wanted: Set<TokenStatistic> = []
  var statistics: Set<TokenStatistic> { [.logProbability, .entropy, .meanScore] }

  func score(_ batch: TokenBatch, _ wanted: Set<TokenStatistic>) throws(ScoringError) -> ModelScores {
    asked += batch.completions
    self.wanted = wanted
    let width = batch.width
    var values: [TokenStatistic: Tensor] = [:]
    for statistic in wanted {
      var scalars: [Double] = []
      for (row, completion) in batch.completions.enumerated() {
        var seed = Double(statistic.name.count)
        for id in batch.prompts[batch.layout.prompts[row]] { seed = sin(seed * 3 + Double(id)) }
        for place in 0..<width {
          if place < completion.count { seed = sin(seed * 3 + Double(completion[place])) }
          scalars.append(place < completion.count ? seed : 0)
        }
      }
      values[statistic] = Tensor(scalars, shape: [batch.completions.count, width])
    }
    return ModelScores(values, maximumEntropy: 2.5)
  }
}

/// Two pairs over two prompts.
let pairs = TokenBatch(
  prompts: [[1, 2, 3], [4, 5]], completions: [[6, 7], [8], [9, 10, 11], [12, 13]],
  layout: FeedbackLayout(
    prompts: [0, 0, 1, 1], ranks: [0, 1, 0, 1], isDesirable: [true, false, true, false]),
  rows: [0, 1])

/// One pair of ``pairs`` and a new one.
let others = TokenBatch(
  prompts: [[4, 5], [7]], completions: [[9, 10, 11], [12, 13], [1], [2, 3, 4, 5]],
  layout: FeedbackLayout(
    prompts: [0, 0, 1, 1], ranks: [0, 1, 0, 1], isDesirable: [true, false, true, false]),
  rows: [1, 2])

/// A key that stands for completion `number`.
func key(_ number: Int) -> ScoreKey {
  ScoreKey.keys(of: [.logProbability], prompt: [1], completion: [Int32(number)])[0]
}

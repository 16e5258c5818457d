// Steps of losses that look at the whole batch at once, in as little memory as any other.

import Optimizers
import Tensors

extension Trainer {
  /// The gradient of a loss that couples the items of a batch, exact although the batch is cut up.
  ///
  /// All micro-batches are scored first and joined, the loss is differentiated once, and every micro-batch is
  /// then pulled back with its share of the cotangents. Costs one more forward pass than an uncoupled loss.
  func accumulateJointly(
    into gradients: inout GradientAccumulator, _ microBatches: [TokenBatch], _ tally: inout StepTally,
    _ context: inout LossContext
  ) throws(ScoringError) {
    var parts: [Scored] = []
    for tokens in microBatches {
      let others = try referenceScoring.score(tokens)
      parts.append(referenceScoring.scored(tokens, try policy.score(tokens, statistics), others))
    }
    let cotangents = tally.differentiate(loss, at: Scored(joining: parts), &context)
    let statistics = statistics.subtracting(referenceScoring.told)
    var first = 0
    for tokens in microBatches {
      let share = cotangents.mapValues { $0.block(rows: first, of: tokens) }
      try policy.accumulateGradients(into: &gradients, scoring: tokens, statistics) { _ in share }
      first += tokens.completions.count
    }
  }
}

/// A micro-batch and what every model says of it, not yet part of any graph.
struct Scored {
  let tokens: TokenBatch
  let policy: ModelScores
  let references: [ModelScores]

  init(_ tokens: TokenBatch, _ policy: ModelScores, _ references: [ModelScores]) {
    (self.tokens, self.policy, self.references) = (tokens, policy, references)
  }

  /// Several micro-batches as one: completions in order, statistics padded to the longest.
  init(joining parts: [Scored]) {
    let tokens = TokenBatch(joining: parts.map(\.tokens))
    let width = tokens.width
    self.init(
      tokens, ModelScores(joining: parts.map(\.policy), width: width),
      (parts.first?.references ?? []).indices.map { k in
        ModelScores(joining: parts.map { $0.references[k] }, width: width)
      })
  }
}

extension TokenBatch {
  /// Several batches as one.
  ///
  /// - Precondition: all carry the same annotations.
  init(joining parts: [TokenBatch]) {
    var layout = FeedbackLayout(prompts: [], groups: [], ranks: [], isDesirable: [], isBaseline: [])
    var (promptCount, groupCount) = (0, 0)
    for part in parts {
      layout.prompts += part.layout.prompts.map { $0 + promptCount }
      layout.groups += part.layout.groups.map { $0 + groupCount }
      layout.ranks += part.layout.ranks
      layout.isDesirable += part.layout.isDesirable
      layout.isBaseline += part.layout.isBaseline
      promptCount += part.prompts.count
      groupCount += (part.layout.groups.max() ?? -1) + 1
    }
    var annotations: [String: [Double]] = [:]
    for part in parts {
      for (name, column) in part.annotations { annotations[name, default: []] += column }
    }
    self.init(
      prompts: parts.flatMap(\.prompts), completions: parts.flatMap(\.completions), layout: layout,
      annotations: annotations, rows: parts.flatMap(\.rows))
  }
}

extension ModelScores {
  /// Several batches' statistics as one, each `[N_i, T_i]` padded with zeros to `[ΣN_i, width]`.
  init(joining parts: [ModelScores], width: Int) {
    var values: [TokenStatistic: Tensor] = [:]
    for statistic in parts.first?.statistics ?? [] {
      let blocks = parts.map { $0[statistic] }
      values[statistic] = Tensor(
        blocks.flatMap { $0.padded(toWidth: width) }, shape: [blocks.reduce(0) { $0 + $1.shape[0] }, width])
    }
    self.init(values, maximumEntropy: parts.first?.maximumEntropy ?? 0)
  }
}

extension Tensor {
  /// The scalars of an `[N, T]` tensor, every row filled up with zeros.
  fileprivate func padded(toWidth width: Int) -> [Double] {
    let (all, own) = (scalars, shape[1])
    return (0..<shape[0]).flatMap { row in
      all[(row * own)..<((row + 1) * own)] + [Double](repeating: 0, count: width - own)
    }
  }

  /// The rows and columns of an `[N, T]` tensor that belong to `tokens`, whose first completion is row `rows`.
  fileprivate func block(rows first: Int, of tokens: TokenBatch) -> Tensor {
    let (all, own) = (scalars, shape[1])
    let width = tokens.width
    let kept = (0..<tokens.completions.count).flatMap { row in
      all[((first + row) * own)..<((first + row) * own + width)]
    }
    return Tensor(Array(kept), shape: [tokens.completions.count, width])
  }
}

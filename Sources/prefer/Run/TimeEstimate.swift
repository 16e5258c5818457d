// How long a run will take, from the arithmetic of its rows and a few seconds of this machine's work.

import Foundation
import Optimizers
import PreferenceCore
import PreferenceData
import TransformerModels

/// Seconds that a run will take.
struct TimeEstimate {
  /// Seconds of one step, on average.
  let step: Double
  /// Seconds of all steps and evaluations.
  let total: Double

  /// Measures a pass and an update, and applies what they took to all rows.
  ///
  /// - Throws: when the model cannot score the first micro-batch.
  init(of run: PreparedRun) throws {
    let (model, batches) = (run.opened.model, run.batches)
    let shape = model.configuration
    let first = batches.microBatches(step: 0)
    guard let measured = first.first else {
      (step, total) = (0, 0)
      return
    }
    var gradients = GradientAccumulator(for: model.parameters)
    /// One pass with gradients, in seconds.
    func pass(_ batch: TokenBatch) throws -> Double {
      let began = ContinuousClock.now
      gradients.begin()
      try model.accumulateGradients(into: &gradients, scoring: batch, [.logProbability]) { scores in
        [.logProbability: scores[.logProbability]]
      }
      return (ContinuousClock.now - began) / .seconds(1)
    }
    // The first pass meets cold caches and memory that nobody has touched.
    _ = try pass(measured)
    let rate = shape.forwardOperations(measured) / (try pass(measured))
    let update = Self.update(run, &gradients)
    let perEpoch = (0..<batches.stepsPerEpoch).map { batches.microBatches(step: $0) }
    let operations = perEpoch.joined().reduce(0) { $0 + shape.forwardOperations($1) }
    let epochs = Double(run.plan.totalSteps) / Double(batches.stepsPerEpoch)
    // What references have not said yet they are asked once; those that move, in every epoch.
    let requirements = run.request.objective.loss.requirements
    let missing = run.references.missingCount(in: Array(perEpoch.joined()), requirements.referenceStatistics)
    let completions = perEpoch.joined().reduce(0) { $0 + $1.completions.count }
    let share = Double(missing) / Double(max(1, completions))
    let times = run.references.cached.isEmpty ? epochs : min(1, epochs)
    let heldOut = run.evaluation.reduce(0) { $0 + shape.forwardOperations($1) }
    let evaluations = Double(run.plan.evaluationSteps.map { run.plan.totalSteps / $0 } ?? 1)
    // Without gradients a pass is a third of one with them, a half where weights are frozen.
    let passes = model.adapter != nil ? 2.0 : 3
    let steps = Double(run.plan.totalSteps) * update + (epochs + times * share / passes) * operations / rate
    step = steps / Double(max(1, run.plan.totalSteps))
    total = steps + evaluations * heldOut / (passes * rate)
  }

  /// Seconds of one update: norm, optimizer, and whatever is derived from weights. Changes no weight.
  private static func update(_ run: PreparedRun, _ gradients: inout GradientAccumulator) -> Double {
    let model = run.opened.model
    var state = OptimizerState(for: model.parameters, optimizer: run.request.optimizer)
    func once(_ gradients: inout GradientAccumulator) -> Double {
      let began = ContinuousClock.now
      let scale = GradientAccumulator.clippingFactor(norm: gradients.norm, limit: 1)
      state.update(
        model.parameters, with: gradients, scaledBy: scale, by: run.request.optimizer, learningRate: 0)
      model.parametersChanged()
      return (ContinuousClock.now - began) / .seconds(1)
    }
    _ = once(&gradients)
    return once(&gradients)
  }
}

extension ModelConfiguration {
  /// Multiplications and additions of a pass over `batch` that its result needs: every prompt once, attention over
  /// what is visible, the head where a token is scored.
  func forwardOperations(_ batch: TokenBatch) -> Double {
    let keys = 2 * (headCount + keyValueHeadCount) * headWidth * width
    let perToken = 2 * Double(layerCount) * Double(keys + feedForwardMatrixCount * width * feedForwardWidth)
    let perView = 4 * Double(layerCount * headCount * headWidth)
    var (tokens, views, scored) = (0.0, 0.0, 0.0)
    for (prompt, ids) in batch.prompts.enumerated() {
      let length = Double(ids.count)
      tokens += length
      views += length * (length + 1) / 2
      for (index, completion) in batch.completions.enumerated() where batch.layout.prompts[index] == prompt {
        let own = Double(max(0, completion.count - 1))
        tokens += own
        views += own * length + own * (own + 1) / 2
        scored += Double(completion.count)
      }
    }
    return tokens * perToken + views * perView + 2 * scored * Double(width * vocabularyCount)
  }
}

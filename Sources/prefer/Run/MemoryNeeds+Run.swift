// What a run's models, rows and optimizer come to in bytes.

import Optimizers
import PreferenceCore
import PreferenceData
import TransformerModels
import VectorKernels

extension MemoryNeeds {
  /// What the program, its libraries, tokenizer and rows take before any weight is there, measured.
  private static let program = 60e6

  /// Adds up what `request` keeps in memory.
  ///
  /// - Parameter microBatchTokens: the budget where it is settled already.
  init(
    of request: RunRequest, _ opened: OpenedModel, _ rows: PreferenceDataset, _ references: ReferenceModels,
    microBatchTokens: Int?
  ) {
    let (settings, model) = (request.settings, opened.model)
    let requirements = request.objective.loss.requirements
    let lengths = rows.rows.map(\.tokenCount).sorted(by: >)
    let trained = Double(model.parameters.reduce(0) { $0 + $1.values.count })
    isAdapted = model.adapter != nil
    let moving = settings.syncsReference ? references.scorers.count : 0
    let isWarm =
      moving == 0
      && references.missingCount(
        in: EvaluationBatches(rows, rowsPerBatch: 8, tokens: nil, requirements).all,
        requirements.referenceStatistics) == 0
    func bytes(_ use: WeightUse) -> Double {
      Double(
        CausalLanguageModel.weightByteCount(model.configuration, for: use, computeType: model.computeType))
    }
    // Under an adapter the start is the same weights with the adapter off.
    let shares = isAdapted && !model.isMerged
    let names = Set(request.references).subtracting(shares ? ["base", settings.model] : [])
    let still = isWarm ? 0 : Double(names.count)
    let tokens = lengths.reduce(0, +)
    let predictions = rows.rows.reduce(0) { $0 + $1.completions.reduce(0) { $0 + $1.count } }
    parts = [
      ("program and rows", Self.program + 24 * Double(tokens)), ("weights", Double(model.weightByteCount)),
      ("adapter", isAdapted ? 12 * trained + Double(model.mergingByteCount) : 0), ("gradients", 4 * trained),
      ("optimizer", 4 * trained * Double(request.optimizer.bufferNames.count)),
      ("references", moving > 0 ? bytes(.following) * Double(moving) : bytes(.scoring) * still),
    ]
    // Every reference with weights of its own computes in memory of its own.
    let besides = moving > 0 ? Double(moving) : still
    let compares = requirements.policyStatistics.contains(.divergence)
    let share = Double(predictions) / Double(max(1, tokens))
    pass = { tokens, recomputing in
      let scored = Int(share * Double(tokens))
      let settled = (model.activationLimit, model.recomputesActivations, model.scoreLimit)
      (model.activationLimit, model.recomputesActivations, model.scoreLimit) = (.max, recomputing, 0)
      defer { (model.activationLimit, model.recomputesActivations, model.scoreLimit) = settled }
      let scoring = model.passByteCount(tokens: tokens, predictions: scored, forGradients: false)
      return Double(model.passByteCount(tokens: tokens, predictions: scored, forGradients: true))
        + besides * Double(scoring)
        + (compares ? Double(model.comparisonByteCount(predictions: scored)) : 0)
    }
    if CausalLanguageModel.gainsByScores {
      scores = { Double(model.scoreByteCount(predictions: Int(share * Double($0)))) }
    }
    busyTokens = CausalLanguageModel.busyTokens
    longestRow = lengths.first ?? 0
    largestBatch = lengths.prefix(settings.batchSize).reduce(0, +)
    recomputes = settings.checkpointsActivations
    self.microBatchTokens = microBatchTokens
  }
}

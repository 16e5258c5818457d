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
    let (settings, shape) = (request.settings, opened.model.configuration)
    let requirements = request.objective.loss.requirements
    let lengths = rows.rows.map(\.tokenCount).sorted(by: >)
    let numbers = Double(opened.model.parameterCount)
    // In bfloat16 products read copies of the weights, one for each direction.
    let laidOut = opened.model.computeType == .bfloat16 ? Double(shape.multipliedCount) : 0
    let moving = settings.syncsReference ? references.scorers.count : 0
    let isWarm =
      moving == 0
      && references.missingCount(
        in: EvaluationBatches(rows, rowsPerBatch: 8, tokens: nil, requirements).all,
        requirements.referenceStatistics) == 0
    let frozen = laidOut > 0 ? 2 * laidOut + 2 * Double(shape.vocabularyCount * shape.width) : 4 * numbers
    let trained = Double(opened.model.parameters.reduce(0) { $0 + $1.values.count })
    let isAdapted = opened.model.adapter != nil
    // Under an adapter, the reference that the run starts from is the policy's own weights.
    let others = Set(request.references).subtracting(isAdapted ? ["base", settings.model] : [])
    let still = isWarm ? 0 : frozen * Double(others.count)
    let tokens = Double(lengths.reduce(0, +))
    // Frozen weights are kept as products read them; an adapter's, for each direction besides.
    let kept =
      isAdapted
      ? (laidOut > 0 ? 4 * laidOut + 2 * Double(shape.vocabularyCount * shape.width) : 4 * numbers) + 12
        * trained
      : 4 * numbers + 4 * laidOut
    parts = [
      ("program and rows", Self.program + 24 * tokens), ("weights", kept), ("gradients", 4 * trained),
      ("optimizer", 4 * trained * Double(request.optimizer.bufferNames.count)),
      ("references", moving > 0 ? (4 * numbers + 2 * laidOut) * Double(moving) : still),
    ]
    let scalar = laidOut > 0 ? 2.0 : 4
    pass = { shape.passByteCount(tokens: Double($0), recomputing: $1, scalar: scalar) }
    longestRow = lengths.first ?? 0
    largestBatch = lengths.prefix(settings.batchSize).reduce(0, +)
    recomputes = settings.checkpointsActivations
    self.isAdapted = isAdapted
    self.microBatchTokens = microBatchTokens
  }
}

extension ModelConfiguration {
  /// The numbers in matrices that multiply activations: all weights but norms, biases and an embedding of its own.
  var multipliedCount: Int {
    let attention = 2 * (headCount + keyValueHeadCount) * headWidth * width
    return layerCount * (attention + 3 * width * feedForwardWidth) + vocabularyCount * width
  }

  /// What a pass with gradients keeps, in bytes, for activations of `scalar` bytes a number.
  func passByteCount(tokens: Double, recomputing: Bool, scalar: Double) -> Double {
    let (queries, keys) = (Double(headCount * headWidth), Double(keyValueHeadCount * headWidth))
    let (width, inner) = (Double(width), Double(feedForwardWidth))
    // A block keeps queries, keys, values, the attention's output, both projections, and the stream in its middle.
    let block = scalar * (2 * queries + 2 * keys + 2 * inner) + 4 * (width + 2)
    let streams = 4 * width * Double(layerCount + 1)
    // One block at a time holds gradients of all that, and norms; the head, slopes of some thousand columns.
    let working = scalar * (3 * inner + 2 * queries + 2 * keys + 2 * width) + 4 * 3 * width
    let head = 4 * 2 * width + scalar * 4096
    return tokens * (streams + working + head + block * (recomputing ? 1 : Double(layerCount)))
  }
}

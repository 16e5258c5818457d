// How much memory a model and its passes take, before they take it.

import Optimizers
import VectorKernels

extension CausalLanguageModel {
  /// Bytes that activations, slopes and scores of one pass take; they stay allocated for later passes.
  ///
  /// What kernels borrow besides does not grow with the batch: some MiB a thread, and the longest
  /// sequence's share in attention. Adapters take a little more.
  /// - Parameters:
  ///   - tokens: the rows that are computed: every prompt once, and completions but for their last tokens.
  ///   - predictions: the tokens of all completions.
  ///   - attended: the keys that all prompts and completions see together, rounded up to 32 each; about twice as
  ///     many as tokens unless given.
  ///   - forGradients: whether gradients follow; ``activationLimit`` and ``recomputesActivations`` count.
  public func passByteCount(
    tokens: Int, predictions: Int, attended: Int? = nil, forGradients: Bool
  ) -> Int {
    let angles = Workspace.byteCount(
      of: Float.self, [tokens * frequencies.count, tokens * frequencies.count])
    return angles
      + layers.passByteCount(
        rows: tokens, predictions: predictions, attended: attended ?? 2 * tokens,
        limit: forGradients ? keptActivations : nil)
  }

  /// Bytes that the weights take as they are kept: in single precision, laid out for products, or both.
  public var weightByteCount: Int {
    Self.weightByteCount(configuration, for: use, computeType: computeType)
  }

  /// Bytes that the weights of such a model take, without loading it.
  public static func weightByteCount(
    _ configuration: ModelConfiguration, for use: WeightUse, computeType: ComputeType
  ) -> Int {
    let isRounded = computeType == .bfloat16
    let keepsValues = use.keepsValues(computeType)
    var bytes = 0
    for weight in configuration.weights {
      let count = weight.shape.reduce(1, *)
      if keepsValues || weight.kind != .matrix { bytes += 4 * count }
      guard isRounded, weight.kind == .matrix else { continue }
      let isEmbedding = weight.name.description == ModelConfiguration.embeddingName
      if isEmbedding, !keepsValues { bytes += 2 * count }
      if isEmbedding, !configuration.tiesEmbeddings { continue }
      let (rows, columns) = (weight.shape[0], weight.shape[1])
      bytes += 4 * PackedMatrix<UInt16>.floatCount(rows: columns, columns: rows)
      if use.pullsBack { bytes += 4 * PackedMatrix<UInt16>.floatCount(rows: rows, columns: columns) }
    }
    return bytes
  }

  /// The most bytes of activations that a pass keeps.
  var keptActivations: Int { recomputesActivations ? 0 : activationLimit }
}

extension DecoderStack {
  func activationByteCount(rows: Int) -> Int {
    BlockActivations<Scalar>.byteCount(configuration, rows: rows)
  }

  func passByteCount(rows: Int, predictions: Int, attended: Int, limit: Int?) -> Int {
    let stream = Workspace.byteCount(of: Float.self, [rows * configuration.width])
    let block = activationByteCount(rows: rows)
    let norm = Workspace.byteCount(of: Scalar.self, [rows * configuration.width])
    let gated = Workspace.byteCount(of: Scalar.self, [rows * configuration.feedForwardWidth])
    let picked = head.byteCount(predictions: predictions, width: configuration.width)
    guard let limit else {
      return 2 * stream + max(block + norm + gated, picked + head.roundByteCount(predictions, directions: 1))
    }
    let kept = keptCount(rows: rows, limit: limit)
    let streams = (blocks.count + 1) * stream + kept * block + (kept < blocks.count ? block : 0)
    // The gradient as products take it, unless they take it as it is.
    let upstream = Scalar.self == Float.self ? 0 : norm
    let widths = AttentionWidths(configuration)
    let inner = configuration.feedForwardWidth
    let feedForward = upstream + gated + Workspace.byteCount(of: Scalar.self, [2 * rows * inner]) + norm
    let attention =
      upstream + Workspace.byteCount(of: Scalar.self, [rows * widths.queries.count, rows * widths.all])
      + max(norm, 8 * attended * widths.keys.count)
    let pulling = head.pullBackByteCount(predictions, width: configuration.width)
    return streams
      + max(
        norm + gated, picked + head.roundByteCount(predictions, directions: 1),
        picked + stream + max(pulling, feedForward, attention, norm + stream))
  }
}

extension StatisticsHead {
  /// The bytes of what the head keeps of a forward pass.
  func byteCount(predictions: Int, width: Int) -> Int {
    Workspace.byteCount(of: Float.self, [predictions * width, predictions])
      + Workspace.byteCount(of: Scalar.self, [predictions * width])
  }

  /// The bytes of a round's weights, where they are laid out for it, and of scores.
  func roundByteCount(_ predictions: Int, directions: Int) -> Int {
    let plan = plan(rows: predictions)
    return directions * Self.chunksPerRound * Workspace.byteCount(of: Float.self, [layoutCount])
      + plan.threads * Workspace.byteCount(of: Float.self, [plan.height * widest])
  }

  /// The bytes of the head's way back.
  func pullBackByteCount(_ predictions: Int, width: Int) -> Int {
    let stream = Workspace.byteCount(of: Float.self, [predictions * width])
    let slopes = Workspace.byteCount(of: Scalar.self, [predictions * Self.chunksPerRound * widest])
    return stream + slopes + max(roundByteCount(predictions, directions: 2), stream)
  }
}

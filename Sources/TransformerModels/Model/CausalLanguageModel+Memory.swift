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
  ///   - forGradients: whether gradients follow; ``activationLimit``, ``recomputesActivations`` and ``scoreLimit`` count.
  public func passByteCount(
    tokens: Int, predictions: Int, attended: Int? = nil, forGradients: Bool
  ) -> Int {
    let planes = configuration.planeCount
    let angles = Workspace.byteCount(of: Float.self, [tokens * planes, tokens * planes])
    return angles
      + layers.passByteCount(
        rows: tokens, predictions: predictions, attended: attended ?? 2 * tokens,
        limits: forGradients ? (keptActivations, scoreLimit) : nil)
  }

  /// Bytes that the scores of all tokens take, where a pass keeps them for its way back.
  ///
  /// - Parameter predictions: the tokens of all completions.
  public func scoreByteCount(predictions: Int) -> Int { layers.scoreByteCount(predictions: predictions) }

  /// Tokens of a pass from which on longer ones keep this processor no busier.
  ///
  /// Each pass reads and writes all gradients once, which counts sooner where tiles multiply.
  public static var busyTokens: Int { InstructionSet.current == .amx ? 2048 : 1024 }

  /// Whether keeping scores beats computing them again: tiles do that as fast as memory brings them.
  public static var gainsByScores: Bool { InstructionSet.current != .amx }

  /// Bytes that a pass takes besides where divergences are measured: a reference's states and a round of its scores.
  ///
  /// The reference's own pass comes on top, unless it shares this model's weights.
  /// - Parameter predictions: the tokens of all completions.
  public func comparisonByteCount(predictions: Int) -> Int {
    layers.comparisonByteCount(predictions: predictions)
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
      let isSmall = weight.kind == .norm || weight.kind == .bias
      if keepsValues || isSmall { bytes += 4 * weight.count }
      if !keepsValues, weight.kind == .table { bytes += 2 * weight.count }
      let isHead =
        configuration.tiesEmbeddings && weight.name.description == configuration.embeddingName
      guard isRounded, weight.kind == .matrix || isHead else { continue }
      let (rows, columns) = (weight.shape[0], weight.shape[1])
      func laidOut(_ rows: Int, _ columns: Int) -> Int {
        4
          * PackedMatrix<UInt16>.floatCount(
            rows: rows, columns: columns, computeType.precision, touched: true)
      }
      bytes += laidOut(columns, rows)
      if use.pullsBack { bytes += laidOut(rows, columns) }
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

  func scoreByteCount(predictions: Int) -> Int { head.scoreByteCount(predictions) }

  func passByteCount(
    rows: Int, predictions: Int, attended: Int, limits: (activations: Int, scores: Int)?
  ) -> Int {
    let stream = Workspace.byteCount(of: Float.self, [rows * configuration.width])
    let block = activationByteCount(rows: rows)
    func operand(_ columns: Int) -> Int { Workspace.operandByteCount(of: Scalar.self, rows, columns) }
    let (norm, gated) = (operand(configuration.width), operand(configuration.feedForwardWidth))
    let picked = head.byteCount(predictions: predictions, configuration)
    guard let limits else {
      return 2 * stream + max(block + norm + gated, picked + head.roundByteCount(directions: 1))
    }
    let kept = keptCount(rows: rows, limit: limits.activations)
    let streams = (blocks.count + 1) * stream + kept * block + (kept < blocks.count ? block : 0)
    // The gradient as products take it, unless they take it as it is.
    let isExact = Scalar.self == Float.self
    let hasChanges = configuration.architecture.afterFeedForward != nil
    let upstream = isExact && !hasChanges ? 0 : norm
    let byChange = hasChanges && !isExact ? stream : 0
    let behind = configuration.isParallel ? stream : 0
    let bent = operand(configuration.feedForwardInputWidth)
    let feedForward = behind + upstream + max(gated + bent + norm, byChange)
    let columns = AttentionColumns(configuration).all
    let turned =
      Workspace.byteCount(of: Scalar.self, [rows * configuration.queryWidth]) + operand(columns)
    let attention =
      behind + upstream + max(turned + max(norm, 8 * attended * configuration.keyWidth), byChange)
    // What computing a block again takes.
    let again = norm + stream + (hasChanges ? gated : 0)
    let keepsScores = head.keepsScores(predictions, limit: limits.scores)
    let pulling = head.pullBackByteCount(predictions, width: configuration.width, keepsScores: keepsScores)
    return streams + (keepsScores ? head.scoreByteCount(predictions) : 0)
      + max(
        norm + gated, picked + head.roundByteCount(directions: 1),
        picked + stream + max(pulling, feedForward, attention, again))
  }
}

extension DecoderStack {
  func comparisonByteCount(predictions: Int) -> Int {
    Workspace.operandByteCount(of: Scalar.self, predictions, configuration.width)
      + head.roundByteCount(directions: 1)
  }
}

extension StatisticsHead {
  /// The bytes of what the head keeps of a forward pass.
  func byteCount(predictions: Int, _ configuration: ModelConfiguration) -> Int {
    Workspace.byteCount(of: Float.self, [predictions * configuration.width])
      + Workspace.operandByteCount(of: Scalar.self, predictions, configuration.width)
      + Norm.Measures.byteCount(rows: predictions, configuration)
  }

  /// The bytes of a round's weights, where they are laid out for it.
  func roundByteCount(directions: Int) -> Int {
    directions * Self.chunksPerRound * Workspace.byteCount(of: Float.self, [layoutCount])
  }

  /// The bytes of all chunks' scores.
  func scoreByteCount(_ predictions: Int) -> Int {
    Workspace.byteCount(of: Float.self, chunks.map { predictions * $0.outputs })
  }

  /// Whether a pass keeps its scores for the way back.
  func keepsScores(_ predictions: Int, limit: Int) -> Bool { scoreByteCount(predictions) <= limit }

  /// The bytes of the head's way back.
  func pullBackByteCount(_ predictions: Int, width: Int, keepsScores: Bool) -> Int {
    let stream = Workspace.byteCount(of: Float.self, [predictions * width])
    let slopes = Workspace.operandByteCount(of: Scalar.self, predictions, Self.chunksPerRound * widest)
    return stream + slopes + max(roundByteCount(directions: keepsScores ? 1 : 2), stream)
  }
}

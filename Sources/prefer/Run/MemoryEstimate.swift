// How much memory a run will take, before it takes it.

/// A rough account of a training run's memory, in bytes.
struct MemoryEstimate {
  /// Weights, gradients and optimizer buffers of the policy, and the references' weights.
  let weights: Double
  /// What the backward pass keeps of one micro-batch.
  let activations: Double

  /// - Parameters:
  ///   - parameterCount: numbers trained.
  ///   - bufferCount: the optimizer's buffers for each of them.
  ///   - referenceCount: reference models held besides.
  ///   - shape: the model's layers, width, feed-forward width and vocabulary.
  ///   - microBatchTokens: tokens scored at a time.
  ///   - limit: the most that activations may take; what does not fit is computed twice.
  init(
    parameterCount: Int, bufferCount: Int, referenceCount: Int,
    shape: (layers: Int, width: Int, inner: Int, vocabulary: Int), microBatchTokens: Int,
    limit: Double = .infinity
  ) {
    weights = 4 * Double(parameterCount) * Double(2 + bufferCount + referenceCount)
    // A block keeps about eight vectors of the model's width and three of the feed-forward's for each token;
    // the head works on chunks of the vocabulary and keeps two vectors of the width.
    let perToken = Double(shape.layers) * Double(8 * shape.width + 3 * shape.inner) + Double(2 * shape.width)
    activations = min(limit, 4 * Double(microBatchTokens) * perToken)
  }

  /// Everything together.
  var total: Double { weights + activations }

  /// `1.2 GB: 1.1 GB for weights, gradients and optimizer, 0.1 GB for activations`.
  var description: String {
    "about \(Numbers.bytes(total)): \(Numbers.bytes(weights)) for weights, gradients, optimizer and references, "
      + "\(Numbers.bytes(activations)) for activations"
  }
}

// Stochastic gradient descent with momentum, as PyTorch computes it.

public import Configuration
public import VectorKernels

/// Stochastic gradient descent with momentum.
///
///     v ← μ v + g + λw        w ← w − η v
///
/// - Source: Polyak, 1964; `torch/optim/sgd.py`.
public struct SGD: Optimizer {
  public static let card = Card(
    "sgd", "Stochastic gradient descent with momentum.", formula: "v ← μv + g + λw; w ← w − ηv",
    source: "Polyak, 1964")

  public static let hyperparameters: Schema<Self> = [
    Field("momentum", \.momentum, .within(0..<1), "Share μ of the last movement that is kept."),
    Field("weight_decay", \.weightDecay, .nonnegative, "L2 penalty λ; spares biases and norms."),
  ]

  /// Share of the last movement that is kept.
  public var momentum = 0.0
  /// L2 penalty, added to the gradient.
  public var weightDecay = 0.0

  /// No momentum, no weight decay.
  public init() {}

  public var bufferNames: [String] { momentum > 0 ? ["momentum_buffer"] : [] }

  public func update(
    _ values: FloatBuffer, gradient: FloatBuffer, scaledBy scale: Float, buffers: [FloatBuffer], step: Int,
    learningRate: Double, isDecayed: Bool
  ) {
    if scale != 1 { VectorKernels.scale(gradient, by: scale) }
    var direction = gradient
    let decay = isDecayed ? weightDecay : 0
    if let velocity = buffers.first {
      VectorKernels.scale(velocity, by: Float(momentum))
      add(gradient, to: velocity)
      if decay > 0 { addScaled(values, by: Float(decay), to: velocity) }
      direction = velocity
    } else if decay > 0 {
      direction = FloatBuffer(gradient.scalars)
      addScaled(values, by: Float(decay), to: direction)
    }
    addScaled(direction, by: Float(-learningRate), to: values)
  }
}

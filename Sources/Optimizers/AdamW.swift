// Adam with decoupled weight decay, in PyTorch's order of operations.

public import Configuration
public import VectorKernels

/// Adam with decoupled weight decay.
///
///     w ← w (1 − ηλ)
///     m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
///     w ← w − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
///
/// Every elementwise operation is done in single precision and in PyTorch's order, so that trajectories can be
/// compared to the last bits.
///
/// - Source: Loshchilov & Hutter, 2019, Algorithm 2; `torch/optim/adamw.py`.
public struct AdamW: Optimizer {
  public static let card = Card(
    "adamw", "Adam with decoupled weight decay.", formula: "w ← w(1 − ηλ) − η m̂ / (√v̂ + ε)",
    source: "Loshchilov & Hutter, 2019, arXiv:1711.05101, Algorithm 2",
    departures: ["the default weight decay is 0, as in transformers' trainer, not PyTorch's 0.01"])

  public static let hyperparameters: Schema<Self> = [
    Field("beta1", \.beta1, .within(0..<1), "Decay β₁ of the mean of gradients."),
    Field("beta2", \.beta2, .within(0..<1), "Decay β₂ of the mean of squared gradients."),
    Field("epsilon", \.epsilon, .nonnegative, "Keeps the denominator above zero."),
    Field("weight_decay", \.weightDecay, .nonnegative, "Decoupled weight decay λ; spares biases and norms."),
  ]

  /// Decay of the mean of gradients.
  public var beta1 = 0.9
  /// Decay of the mean of squared gradients.
  public var beta2 = 0.999
  /// Keeps the denominator above zero.
  public var epsilon = 1e-8
  /// Decoupled weight decay; parameters that are not decayed are spared.
  public var weightDecay = 0.0

  /// PyTorch's defaults, without weight decay.
  public init() {}

  public var bufferNames: [String] { ["exp_avg", "exp_avg_sq"] }

  public func update(
    _ values: FloatBuffer, gradient: FloatBuffer, scaledBy scale: Float, buffers: [FloatBuffer], step: Int,
    learningRate: Double, isDecayed: Bool
  ) {
    adamw(
      values: values, gradient: gradient, scaledBy: scale, first: buffers[0], second: buffers[1],
      learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
      decay: isDecayed ? weightDecay : 0, step: step)
  }
}

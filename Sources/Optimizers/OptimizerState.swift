// What an optimizer remembers between steps, under names that checkpoints can keep.

public import Tensors
public import VectorKernels

/// The step count and the buffers of every parameter.
public struct OptimizerState: Sendable {
  /// One buffer as a checkpoint keeps it.
  public struct Entry: Sendable {
    /// `<parameter>.<buffer>`: `model.norm.weight.exp_avg`.
    public let name: String
    /// The parameter's shape.
    public let shape: [Int]
    /// The buffer itself, not a copy.
    public let values: FloatBuffer
    /// A copy of the values as a tensor.
    public var tensor: Tensor { Tensor(values.scalars.map(Double.init), shape: shape) }
  }

  /// Updates done so far.
  public var step = 0
  /// Every buffer, in the order of the parameters.
  public let entries: [Entry]
  private let buffers: [[FloatBuffer]]

  /// Zeros for every one of `parameters`.
  public init(for parameters: Parameters, optimizer: any Optimizer) {
    let names = optimizer.bufferNames
    let buffers = parameters.map { parameter in names.map { _ in FloatBuffer(count: parameter.values.count) }
    }
    self.buffers = buffers
    entries = zip(parameters, buffers).flatMap { parameter, kept in
      zip(names, kept).map { name, values in
        Entry(name: "\(parameter.name).\(name)", shape: parameter.shape, values: values)
      }
    }
  }

  /// Moves every parameter by its gradient times `scale`, which uses the gradient up.
  ///
  /// - Precondition: `parameters` are those this state was made for.
  public mutating func update(
    _ parameters: Parameters, with gradients: borrowing GradientAccumulator, scaledBy scale: Float = 1,
    by optimizer: any Optimizer, learningRate: Double
  ) {
    precondition(
      parameters.count == buffers.count,
      "OptimizerState.update: \(parameters.count) parameters, but buffers for \(buffers.count)")
    step += 1
    for (parameter, kept) in zip(parameters, buffers) {
      optimizer.update(
        parameter.values, gradient: gradients.buffer(for: parameter.name), scaledBy: scale, buffers: kept,
        step: step, learningRate: learningRate, isDecayed: parameter.isDecayed)
    }
  }
}

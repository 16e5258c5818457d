// The gradients of one step: summed over micro-batches, measured, clipped.

public import Tensors
public import VectorKernels

/// Gradients summed over micro-batches. Moved, never copied: it is as large as the model.
public struct GradientAccumulator: ~Copyable {
  private let sums: Parameters

  /// Zeros for every one of `parameters`.
  public init(for parameters: Parameters) {
    sums = Parameters(
      parameters.map { Parameter($0.name, shape: $0.shape, values: FloatBuffer(count: $0.values.count)) })
  }

  /// Where the gradient of `name` is summed; backward passes add to it in place.
  ///
  /// - Precondition: `name` is one of the parameters.
  public func buffer(for name: ParameterName) -> FloatBuffer {
    guard let sum = sums[name] else {
      preconditionFailure("GradientAccumulator: no parameter named '\(name)'")
    }
    return sum.values
  }

  /// Adds a tensor's scalars to the gradient of `name`.
  public mutating func add(_ gradient: Tensor, to name: ParameterName) {
    let sum = buffer(for: name)
    for (i, x) in gradient.scalars.enumerated() { sum[i] += Float(x) }
  }

  /// The square root of the sum of all squared gradients, in double precision and a fixed order.
  public var norm: Double {
    sums.reduce(0) { $0 + sumOfSquares($1.values) }.squareRoot()
  }

  /// Scales all gradients down to a global norm of at most `limit`, as `torch.nn.utils.clip_grad_norm_` does.
  ///
  ///     g ← g · min(1, limit / (norm + 10⁻⁶))
  ///
  /// - Parameter limit: 0 clips nothing.
  /// - Returns: the norm before clipping.
  @discardableResult
  public mutating func clip(toNorm limit: Double) -> Double {
    let norm = norm
    let factor = Float(limit / (norm + 1e-6))
    if limit > 0, factor < 1 { for sum in sums { scale(sum.values, by: factor) } }
    return norm
  }

  /// The parameters with a gradient that is infinite or not a number.
  public var notFinite: [ParameterName] { sums.filter { !isFinite($0.values) }.map(\.name) }
}

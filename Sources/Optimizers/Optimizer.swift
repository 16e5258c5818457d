// How gradients move parameters.

public import Configuration
public import VectorKernels

/// A rule for one parameter. Conforming types are structs of hyperparameters.
public protocol Optimizer: Configurable {
  /// How many buffers of the parameter's size the rule keeps.
  var bufferCount: Int { get }
  /// Moves `values` in place. `step` counts from 1; `decay` is the decoupled weight decay for this parameter.
  func update(
    _ values: FloatBuffer, gradient: FloatBuffer, buffers: [FloatBuffer], step: Int, learningRate: Double,
    isDecayed: Bool)
}

// How gradients move parameters.

public import Configuration
public import VectorKernels

/// A rule for one parameter. Conforming types are structs of hyperparameters.
public protocol Optimizer: Configurable {
  /// What the rule keeps for each parameter, as PyTorch calls it (`exp_avg`); each is of the parameter's size and
  /// starts at zero.
  var bufferNames: [String] { get }

  /// Moves `values` in place.
  ///
  /// - Parameters:
  ///   - scale: what every scalar of `gradient` is multiplied by first: clipping.
  ///   - buffers: one for each of ``bufferNames``, updated in place.
  ///   - step: counts from 1.
  ///   - isDecayed: whether weight decay applies to this parameter.
  func update(
    _ values: FloatBuffer, gradient: FloatBuffer, scaledBy scale: Float, buffers: [FloatBuffer], step: Int,
    learningRate: Double, isDecayed: Bool)
}

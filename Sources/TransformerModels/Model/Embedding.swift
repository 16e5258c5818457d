// The table of tokens' first vectors, in the precision of everything that is computed from it.

import Optimizers
import VectorKernels

/// Looks up tokens.
///
/// Where products are taken in bfloat16, the table is rounded like every other weight, so that a frozen copy that
/// keeps nothing but bfloat16 scores exactly as the model it was taken from.
struct Embedding: Sendable {
  let name: ParameterName
  /// `[V, d]`, of which one is there.
  private let values: Matrix<Float>?
  private let rounded: Matrix<UInt16>?
  private let isRounded: Bool

  /// The table that `weights` holds.
  init(_ weights: JoinedWeights, isRounded: Bool, keepsValues: Bool) {
    (name, self.isRounded) = (weights.names[0], isRounded)
    values = keepsValues ? weights.matrix : nil
    rounded = keepsValues ? nil : Matrix(rows: weights.rows, columns: weights.columns)
    if let rounded { convert(weights.values, into: rounded.buffer) }
  }

  /// Writes the vector of each token.
  ///
  /// - Shapes: `rows` `[tokens, d]`.
  func gather(_ tokens: [Int32], into rows: Matrix<Float>) {
    if let values {
      gatherRows(of: values, tokens, into: rows, rounding: isRounded)
    } else if let rounded {
      gatherRows(of: rounded, tokens, into: rows)
    }
  }
}

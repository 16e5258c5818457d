// Sums over the weights of a file, as the recordings of other trainers state them.

import Safetensors
import VectorKernels

/// Weights on disk.
enum Weights {
  /// `Σw` and `Σw²` of one tensor.
  static func sums(of name: String, in path: String) throws -> (sum: Double, square: Double) {
    let values = try SafetensorsFile(mapping: path).floats(of: name).scalars.map(Double.init)
    return (values.reduce(0, +), values.reduce(0) { $0 + $1 * $1 })
  }
}

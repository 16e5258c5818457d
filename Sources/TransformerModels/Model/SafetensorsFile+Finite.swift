// Refuses numbers of a file that nothing can be computed with.

import Safetensors
import VectorKernels

extension SafetensorsFile {
  /// Refuses `values`, which tensor `name` held, unless all are finite.
  ///
  /// - Parameter whole: what is damaged otherwise, in a word: `model`, `adapter`.
  func requireFinite(_ values: FloatBuffer, of name: String, in whole: String) throws(SafetensorsError) {
    guard isFinite(values) else {
      throw SafetensorsError(
        path: path, tensor: name, problem: "holds NaN or infinite weights",
        remedy: "the \(whole) is damaged: fetch it again or go back to an earlier checkpoint")
    }
  }
}

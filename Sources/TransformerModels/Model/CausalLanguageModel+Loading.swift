// Reads a model, and refuses weights that do not fit or are not numbers.

import Optimizers
import Safetensors
import VectorKernels

extension CausalLanguageModel {
  /// Reads the model in `directory`.
  ///
  /// - Parameters:
  ///   - trainable: whether the weights are to be moved; if not, those stored in single precision stay
  ///     in the mapped file and take no memory of their own.
  ///   - computeType: the precision of the linear layers' products.
  /// - Throws: if a file is missing or damaged, the architecture is not supported, a weight is missing,
  ///   of another shape than the configuration's, or not finite.
  public static func load(
    _ directory: ModelDirectory, trainable: Bool, computeType: ComputeType = .float32
  ) throws(ModelError) -> CausalLanguageModel {
    let configuration = try directory.configuration()
    let weights = try directory.weights()
    let generation = try directory.generationConfiguration()
    return try readingFiles { () throws(SafetensorsError) in
      var values: [ParameterName: FloatBuffer] = [:]
      var storage: [ParameterName: SafetensorsScalar] = [:]
      for weight in configuration.weights {
        let name = weight.name.description
        guard let file = weights.files[name] else {
          throw SafetensorsError(
            path: weights.owner, tensor: name, problem: "is missing",
            remedy: "'config.json' asks for it: check that both belong to one model")
        }
        let shape = try file.shape(of: name)
        guard shape == weight.shape else {
          throw SafetensorsError(
            path: file.path, tensor: name,
            problem: "has shape \(shape), but 'config.json' asks for \(weight.shape)",
            remedy: "check that both belong to one model")
        }
        let stored = try file.floats(of: name)
        guard isFinite(stored) else {
          throw SafetensorsError(
            path: file.path, tensor: name, problem: "holds NaN or infinite weights",
            remedy: "the model is damaged: fetch it again or go back to an earlier checkpoint")
        }
        storage[weight.name] = try file.scalarType(of: name)
        values[weight.name] = trainable && storage[weight.name] == .float32 ? duplicate(stored) : stored
      }
      return CausalLanguageModel(
        configuration, values: values, computeType: computeType, storage: storage,
        generationConfiguration: generation)
    }
  }

  private static func duplicate(_ buffer: FloatBuffer) -> FloatBuffer {
    let result = FloatBuffer(count: buffer.count)
    VectorKernels.copy(buffer, into: result)
    return result
  }
}

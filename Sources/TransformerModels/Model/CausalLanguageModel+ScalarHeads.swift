// Scalar heads on a model: put there by name, saved beside the weights, read back.

import Optimizers
import Safetensors
import VectorKernels

extension CausalLanguageModel {
  /// The file beside a model's weights that holds its scalar heads.
  static let scalarHeadsFile = "scalar_heads.safetensors"

  /// Puts a scalar head called `name` on the last state, unless there is one.
  ///
  /// It says 0 until it is trained, and learns with whatever else is trained: its weights are among ``parameters``.
  /// Statistics read it before a token and behind it.
  public func attachScalarHead(_ name: String) {
    guard !scalarHeads.contains(where: { $0.name == name }) else { return }
    scalarHeads.append(ScalarHead(name, width: configuration.width))
  }

  /// The scalar heads by name.
  public var scalarHeadNames: [String] { scalarHeads.map(\.name) }

  /// Puts every scalar head on the model that `directory` holds, filled.
  ///
  /// - Throws: when the file is damaged, a head is of another width than the model, or its weights are not finite.
  public func attachScalarHeads(savedIn directory: String) throws(ModelError) {
    let path = ModelDirectory(directory).location(of: Self.scalarHeadsFile)
    guard JSONFile.exists(path) else { return }
    let names = try readingFiles { () throws(SafetensorsError) in try SafetensorsFile(mapping: path).names }
    let (prefix, suffix) = ("scalar_heads.", ".weight")
    for name in names.sorted() where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
      attachScalarHead(String(name.dropFirst(prefix.count).dropLast(suffix.count)))
    }
    try loadScalarHeads(from: directory)
  }

  /// Fills the heads that `directory` holds under their names; the others stay as they are.
  ///
  /// - Throws: when the file is damaged, a head is of another width than the model, or its weights are not finite.
  public func loadScalarHeads(from directory: String) throws(ModelError) {
    let path = ModelDirectory(directory).location(of: Self.scalarHeadsFile)
    guard JSONFile.exists(path) else { return }
    try readingFiles { () throws(SafetensorsError) in
      let file = try SafetensorsFile(mapping: path)
      for parameter in scalarHeads.flatMap(\.parameters) where file.contains(parameter.name.description) {
        let name = parameter.name.description
        let shape = try file.shape(of: name)
        guard shape == parameter.shape else {
          throw SafetensorsError(
            path: path, tensor: name,
            problem: "has shape \(shape), but the model asks for \(parameter.shape)",
            remedy: "check that both belong to one model")
        }
        let stored = try file.floats(of: name)
        try file.requireFinite(stored, of: name, in: "head")
        VectorKernels.copy(stored, into: parameter.values)
      }
    }
  }

  /// Writes the heads, in single precision, to a file in `directory`; nothing where there are none.
  ///
  /// - Throws: what the file system refused.
  public func saveScalarHeads(to directory: String) throws(ModelError) {
    guard !scalarHeads.isEmpty else { return }
    let tensors = scalarHeads.flatMap(\.parameters).map {
      SafetensorsTensor($0.name.description, shape: $0.shape, floats: $0.values)
    }
    try readingFiles { () throws(SafetensorsError) in
      try SafetensorsWriter.write(tensors, to: ModelDirectory(directory).location(of: Self.scalarHeadsFile))
    }
  }
}

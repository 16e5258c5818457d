// Reads and writes adapters as PEFT does: `adapter_config.json` and `adapter_model.safetensors`.

import Optimizers
import Safetensors
import VectorKernels

extension LowRankAdapter {
  private static let configurationFile = "adapter_config.json"
  private static let weightsFile = "adapter_model.safetensors"

  /// Reads the adapter in `directory`.
  ///
  /// - Throws: if a file is missing or damaged, if it asks for something that is not supported, or if its weights
  ///   do not fit the model or are not numbers.
  public static func load(
    _ directory: String, for configuration: ModelConfiguration
  ) throws(ModelError) -> LowRankAdapter {
    let place = ModelDirectory(directory)
    let path = place.location(of: configurationFile)
    guard JSONFile.exists(path) else {
      throw ModelError("'\(directory)' has no \(configurationFile); give the directory of a PEFT adapter")
    }
    let json = try readingFiles { () throws(SafetensorsError) in try JSONFile.read(path) }
    let options = try LowRankOptions(json, path: path)
    let file = try readingFiles { () throws(SafetensorsError) in
      try SafetensorsFile(mapping: place.location(of: weightsFile))
    }
    var known: Set<String> = []
    let adapter = try LowRankAdapter(for: configuration, options) { parameter throws(ModelError) in
      let spellings = spellings(of: parameter.name)
      let name = spellings.first(where: file.contains) ?? spellings[0]
      known.insert(name)
      try readingFiles { () throws(SafetensorsError) in try read(name, of: file, into: parameter) }
    }
    // With bias 'all' PEFT writes a saved module's bias twice more: as it was, and under an inner name.
    let copies = [".original_module.", ".modules_to_save."]
    for end in configuration.adaptableEnds where adapter.needsMergedWeights {
      for part in ["base_layer.weight", "weight"] where file.contains("base_model.model.\(end.name).\(part)")
      {
        let name = "base_model.model.\(end.name).\(part)"
        guard !known.contains(name) else { continue }
        known.insert(name)
        let values = Parameter(
          ParameterName(name), shape: [end.columns.count, end.inputs],
          values: FloatBuffer(count: end.columns.count * end.inputs))
        try readingFiles { () throws(SafetensorsError) in try read(name, of: file, into: values) }
        adapter.ends[end.weightName] = values.values
      }
    }
    let stranger = file.names.sorted().first { name in
      !known.contains(name) && !copies.contains { name.contains($0) }
    }
    if let stranger {
      throw ModelError(
        "'\(file.path)': tensor '\(stranger)' belongs to no layer that \(configurationFile) adapts; "
          + "what it does to the model is not supported")
    }
    return adapter
  }

  /// The names under which versions of PEFT write a weight, the newest first.
  private static func spellings(of name: ParameterName) -> [String] {
    let name = name.description
    let suffix = ".base_layer.bias"
    if name.hasSuffix(suffix) { return [name, String(name.dropLast(suffix.count)) + ".bias"] }
    // GPT-NeoX's head had another name once.
    let head = "base_model.model.lm_head."
    return name.hasPrefix(head) ? [name, "base_model.model.embed_out." + name.dropFirst(head.count)] : [name]
  }

  private static func read(
    _ name: String, of file: SafetensorsFile, into parameter: Parameter
  ) throws(SafetensorsError) {
    guard file.contains(name) else {
      throw SafetensorsError(
        path: file.path, tensor: name, problem: "is missing",
        remedy: "'\(configurationFile)' asks for it: check that both belong to one adapter and to this model")
    }
    let stored = try file.shape(of: name)
    let isTurned = isTurned(name)
    let shape = isTurned ? stored.reversed() : stored
    guard shape == parameter.shape else {
      throw SafetensorsError(
        path: file.path, tensor: name,
        problem:
          "has shape \(stored), but the model asks for "
          + "\(isTurned ? parameter.shape.reversed() : parameter.shape)",
        remedy: "check that the adapter was made for this model")
    }
    let floats = try file.floats(of: name)
    try file.requireFinite(floats, of: name, in: "adapter")
    if isTurned {
      let (rows, columns) = (shape[0], shape[1])
      transpose(
        Matrix(floats, rows: columns, columns: rows),
        into: Matrix(parameter.values, rows: rows, columns: columns))
    } else {
      VectorKernels.copy(floats, into: parameter.values)
    }
  }

  /// Whether PEFT's files have a weight turned.
  private static func isTurned(_ name: String) -> Bool {
    embeddingParts.contains { name.hasSuffix("." + $0) }
  }

  /// Writes the adapter so that PEFT loads it.
  ///
  /// - Parameter baseModel: the model that it belongs to, as PEFT should name it.
  /// - Throws: what the file system refused.
  public func save(to directory: String, baseModel: String) throws(ModelError) {
    let place = ModelDirectory(directory)
    var options = options
    options.savedModules = options.savedModules.map(configuration.adapterName)
    if case .named(let names) = options.targets {
      options.targets = .named(names.map(configuration.adapterName))
    }
    let json = options.json(baseModel: baseModel, layers: pairs.map(\.layer))
    let tensors = parameters.map { parameter in
      let name = parameter.name.description
      guard Self.isTurned(name) else {
        return SafetensorsTensor(name, shape: parameter.shape, floats: parameter.values)
      }
      let (rows, columns) = (parameter.shape[0], parameter.shape[1])
      let turned = Matrix<Float>(rows: columns, columns: rows)
      transpose(Matrix(parameter.values, rows: rows, columns: columns), into: turned)
      return SafetensorsTensor(name, shape: [columns, rows], floats: turned.buffer)
    }
    try readingFiles { () throws(SafetensorsError) in
      try JSONFile.makeDirectory(directory)
      try JSONFile.write(json, to: place.location(of: Self.configurationFile))
      try SafetensorsWriter.write(tensors, to: place.location(of: Self.weightsFile))
    }
  }
}

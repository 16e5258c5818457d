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
    let options = try options(
      try readingFiles { () throws(SafetensorsError) in try JSONFile.read(path) }, path: path)
    let file = try readingFiles { () throws(SafetensorsError) in
      try SafetensorsFile(mapping: place.location(of: weightsFile))
    }
    let adapter = try LowRankAdapter(for: configuration, options) { parameter throws(ModelError) in
      try readingFiles { () throws(SafetensorsError) in
        let name = parameter.name.description
        guard file.contains(name) else {
          throw SafetensorsError(
            path: file.path, tensor: name, problem: "is missing",
            remedy:
              "'\(configurationFile)' asks for it: check that both belong to one adapter and to this model")
        }
        let shape = try file.shape(of: name)
        guard shape == parameter.shape else {
          throw SafetensorsError(
            path: file.path, tensor: name,
            problem: "has shape \(shape), but the model asks for \(parameter.shape)",
            remedy: "check that the adapter was made for this model")
        }
        let stored = try file.floats(of: name)
        guard isFinite(stored) else {
          throw SafetensorsError(
            path: file.path, tensor: name, problem: "holds NaN or infinite weights",
            remedy: "the adapter is damaged: fetch it again or go back to an earlier checkpoint")
        }
        VectorKernels.copy(stored, into: parameter.values)
      }
    }
    if let stranger = file.names.sorted().first(where: { adapter.parameters[.init($0)] == nil }) {
      throw ModelError(
        "'\(file.path)': tensor '\(stranger)' belongs to no layer that \(configurationFile) adapts; "
          + "what it does to the model is not supported")
    }
    return adapter
  }

  /// What a configuration asks for.
  private static func options(_ json: JSONValue, path: String) throws(ModelError) -> LowRankOptions {
    func refuse(_ what: String, _ remedy: String) -> ModelError {
      ModelError("'\(path)': \(what); \(remedy)")
    }
    guard json["peft_type"]?.string == "LORA" else {
      throw refuse(
        "peft_type is \(json["peft_type"]?.string.map { "'\($0)'" } ?? "missing")", "only 'LORA' is read")
    }
    for name in ["use_dora", "fan_in_fan_out", "lora_bias", "use_qalora", "use_bdlora"]
    where json[name]?.truth == true {
      throw refuse("\(name) is not supported", "merge the adapter into the model with PEFT")
    }
    if let bias = json["bias"]?.string, bias != "none" {
      throw refuse("bias '\(bias)' is not supported", "merge the adapter into the model with PEFT")
    }
    for name in ["modules_to_save", "layers_to_transform", "layer_replication", "target_parameters"] {
      if let value = json[name], value != .null, value != .list([]) {
        throw refuse("\(name) is not supported", "merge the adapter into the model with PEFT")
      }
    }
    for name in ["rank_pattern", "alpha_pattern"] {
      if case .object(let members)? = json[name], !members.isEmpty {
        throw refuse("\(name) is not supported", "merge the adapter into the model with PEFT")
      }
    }
    guard let rank = json["r"]?.integer, rank > 0 else {
      throw refuse("r is no positive number", "is it PEFT's?")
    }
    guard let alpha = json["lora_alpha"]?.double, alpha > 0 else {
      throw refuse("lora_alpha is no positive number", "is it PEFT's?")
    }
    let dropout = json["lora_dropout"]?.double ?? 0
    guard (0..<1).contains(dropout) else {
      throw refuse("lora_dropout is \(dropout)", "it is a share below 1")
    }
    let targets: LowRankOptions.Targets
    switch json["target_modules"] {
    case .list(let items)?: targets = .named(items.compactMap(\.string))
    case .text("all-linear")?: targets = .allLinear
    case .text(let pattern)?:
      throw refuse(
        "target_modules '\(pattern)' is a pattern, which is not supported", "list the layers' names")
    default: targets = .usual
    }
    return LowRankOptions(
      rank: rank, alpha: alpha, dropout: dropout, targets: targets,
      usesRankStabilizedScale: json["use_rslora"]?.truth ?? false)
  }

  /// Writes the adapter so that PEFT loads it.
  ///
  /// - Parameter baseModel: the model that it belongs to, as PEFT should name it.
  /// - Throws: what the file system refused.
  public func save(to directory: String, baseModel: String) throws(ModelError) {
    let place = ModelDirectory(directory)
    let modules: [String] =
      switch options.targets {
      case .usual: LowRankOptions.usualLayers
      case .named(let names): names
      case .allLinear:
        Set(groups.flatMap(\.pairs).map { String($0.layer.name.split(separator: ".").last ?? "") }).sorted()
      }
    let scale = options.alpha == options.alpha.rounded() ? "\(Int(options.alpha))" : "\(options.alpha)"
    let members: [(String, JSONValue)] = [
      ("alpha_pattern", .object([])), ("base_model_name_or_path", .text(baseModel)), ("bias", .text("none")),
      ("fan_in_fan_out", .boolean(false)), ("inference_mode", .boolean(true)),
      ("init_lora_weights", .boolean(true)), ("lora_alpha", .number(scale)),
      ("lora_dropout", .number("\(options.dropout)")), ("modules_to_save", .null),
      ("peft_type", .text("LORA")), ("r", .number("\(options.rank)")), ("rank_pattern", .object([])),
      ("revision", .null), ("target_modules", .list(modules.map(JSONValue.text))),
      ("task_type", .text("CAUSAL_LM")), ("use_dora", .boolean(false)),
      ("use_rslora", .boolean(options.usesRankStabilizedScale)),
    ]
    let tensors = parameters.map {
      SafetensorsTensor($0.name.description, shape: $0.shape, floats: $0.values)
    }
    try readingFiles { () throws(SafetensorsError) in
      try JSONFile.makeDirectory(directory)
      try JSONFile.write(
        .object(members.map { JSONMember($0.0, $0.1) }), to: place.location(of: Self.configurationFile))
      try SafetensorsWriter.write(tensors, to: place.location(of: Self.weightsFile))
    }
  }
}

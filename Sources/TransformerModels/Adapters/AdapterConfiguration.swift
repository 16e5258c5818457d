// `adapter_config.json`, in PEFT's words: what it asks for, and how the same is written.

import Safetensors

extension LowRankOptions {
  /// What the configuration `json` at `path` asks for.
  ///
  /// - Throws: for everything that is not supported, by its name.
  init(_ json: JSONValue, path: String) throws(ModelError) {
    func refuse(_ what: String, _ remedy: String) -> ModelError {
      ModelError("'\(path)': \(what); \(remedy)")
    }
    guard json["peft_type"]?.string == "LORA" else {
      throw refuse(
        "peft_type is \(json["peft_type"]?.string.map { "'\($0)'" } ?? "missing")", "only 'LORA' is read")
    }
    for name in Self.unsupported where Self.says(json[name]) {
      throw refuse("\(name) is not supported", "merge the adapter into the model with PEFT")
    }
    // These begin with other weights in the base than those on disk.
    if let start = json["init_lora_weights"]?.string?.lowercased(),
      ["pissa", "olora", "corda", "loftq", "lora_ga"].contains(where: start.hasPrefix)
    {
      throw refuse(
        "init_lora_weights '\(start)' changes the base's weights, which is not supported",
        "convert the adapter to a plain one with PEFT")
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
    self.init(
      rank: rank, alpha: alpha, dropout: dropout, targets: Self.targets(json["target_modules"]) ?? .usual,
      usesRankStabilizedScale: json["use_rslora"]?.truth ?? false)
    excluded = Self.targets(json["exclude_modules"])
    decomposesWeights = json["use_dora"]?.truth ?? false
    savedModules = Self.names(json["modules_to_save"])
    let bias = json["bias"]?.string ?? "none"
    guard let biases = Biases(rawValue: bias) else {
      throw refuse("bias '\(bias)' is not known", "it is none, all or lora_only")
    }
    self.biases = biases
    if let number = json["layers_to_transform"]?.integer {
      blocks = [number]
    } else if case .list(let items)? = json["layers_to_transform"], !items.isEmpty {
      blocks = items.compactMap(\.integer)
    }
    blockContainers = Self.names(json["layers_pattern"]).filter { !$0.isEmpty }
    guard blockContainers.isEmpty || blocks != nil else {
      throw refuse("layers_pattern is given without layers_to_transform", "is it PEFT's?")
    }
    for (pattern, value) in Self.members(json["rank_pattern"]) {
      guard let rank = value.integer, rank > 0 else {
        throw refuse("rank_pattern '\(pattern)' is no positive number", "is it PEFT's?")
      }
      ranks.append(Exception(pattern, rank))
    }
    for (pattern, value) in Self.members(json["alpha_pattern"]) {
      guard let alpha = value.double, alpha > 0 else {
        throw refuse("alpha_pattern '\(pattern)' is no positive number", "is it PEFT's?")
      }
      alphas.append(Exception(pattern, alpha))
    }
  }

  /// What changes an adapter's arithmetic in ways that are not computed here.
  private static let unsupported = [
    "lora_bias", "use_qalora", "use_bdlora", "layer_replication", "target_parameters",
    "trainable_token_indices",
    "alora_invocation_tokens", "arrow_config", "ensure_weight_tying", "megatron_config", "kasa_config",
    "velora_config", "monteclora_config",
  ]

  /// Whether a value asks for something.
  private static func says(_ value: JSONValue?) -> Bool {
    switch value {
    case nil, .null?, .boolean(false)?, .list([])?, .object([])?, .text("")?: false
    default: true
    }
  }

  private static func targets(_ value: JSONValue?) -> Targets? {
    switch value {
    case .list(let items)? where !items.isEmpty: .named(items.compactMap(\.string))
    case .text(let text)? where text.lowercased() == "all-linear": .allLinear
    case .text(let pattern)? where !pattern.isEmpty: .pattern(pattern)
    default: nil
    }
  }

  private static func names(_ value: JSONValue?) -> [String] {
    guard case .list(let items)? = value else { return value?.string.map { [$0] } ?? [] }
    return items.compactMap(\.string)
  }

  private static func members(_ value: JSONValue?) -> [(String, JSONValue)] {
    guard case .object(let members)? = value else { return [] }
    return members.map { ($0.name, $0.value) }
  }

  /// The same in PEFT's words.
  ///
  /// - Parameters:
  ///   - baseModel: the model that the adapter belongs to.
  ///   - layers: what is adapted, for targets that are described.
  func json(baseModel: String, layers: [AdaptableLayer]) -> JSONValue {
    func list(_ items: [String]) -> JSONValue { .list(items.map(JSONValue.text)) }
    func number(_ x: Double) -> JSONValue {
      .number(x == x.rounded() && abs(x) < 1e15 ? "\(Int(x))" : "\(x)")
    }
    func spelled(_ targets: Targets?) -> JSONValue {
      switch targets {
      case nil: .null
      case .named(let names)?: list(names)
      case .pattern(let pattern)?: .text(pattern)
      case .usual?, .allLinear?: list(Set(layers.map { ModelConfiguration.lastPart($0.name) }).sorted())
      }
    }
    let members: [(String, JSONValue)] = [
      ("alpha_pattern", .object(alphas.map { JSONMember($0.pattern, number($0.measure)) })),
      ("base_model_name_or_path", .text(baseModel)), ("bias", .text(biases.rawValue)),
      ("exclude_modules", spelled(excluded)),
      ("fan_in_fan_out", .boolean(layers.contains(where: \.isTransposed))),
      ("inference_mode", .boolean(true)),
      ("init_lora_weights", .boolean(true)),
      ("layers_to_transform", blocks.map { .list($0.map { .number("\($0)") }) } ?? .null),
      ("layers_pattern", blockContainers.isEmpty ? .null : list(blockContainers)),
      ("lora_alpha", number(alpha)), ("lora_dropout", .number("\(dropout)")),
      ("modules_to_save", savedModules.isEmpty ? .null : list(savedModules)), ("peft_type", .text("LORA")),
      ("r", .number("\(rank)")),
      ("rank_pattern", .object(ranks.map { JSONMember($0.pattern, .number("\($0.measure)")) })),
      ("revision", .null), ("target_modules", spelled(targets)), ("task_type", .text("CAUSAL_LM")),
      ("use_dora", .boolean(decomposesWeights)), ("use_rslora", .boolean(usesRankStabilizedScale)),
    ]
    return .object(members.map { JSONMember($0.0, $0.1) })
  }
}

// Reads `config.json` in the spelling of transformers 4 and of transformers 5.

public import Safetensors

extension ModelConfiguration {
  /// Reads the configuration in `json`, which came from the file at `path`.
  ///
  /// - Throws: what is missing, contradictory or not supported, by its name in the file.
  public init(_ json: JSONValue, path: String) throws(ModelError) {
    let file = ConfigurationFile(json: json, path: path)
    guard let type = json["model_type"]?.string else { throw file.error("has no 'model_type'") }
    guard let family = Family(rawValue: type) else {
      throw file.error(
        "'model_type' is '\(type)', which is not supported; supported are "
          + Family.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let heads = try file.count("num_attention_heads")
    let width = try file.count("hidden_size")
    let headWidth = try file.optionalCount("head_dim") ?? width / max(1, heads)
    self.init(
      unchecked: (
        try file.count("vocab_size"), width, try file.count("intermediate_size"),
        try file.count("num_hidden_layers"), heads,
        try file.optionalCount("num_key_value_heads") ?? (family == .mistral ? 8 : heads), headWidth
      ))
    if let complaint { throw file.error(complaint) }
    self.family = family
    original = json
    try file.refuseUnsupported()
    normEpsilon = try file.number("rms_norm_eps") ?? 1e-6
    tiesEmbeddings = try file.flag("tie_word_embeddings") ?? false
    let attentionBias = try file.flag("attention_bias") ?? false
    hasQueryBias = family == .qwen2 || (family == .llama && attentionBias)
    hasAttentionOutputBias = family == .llama && attentionBias
    let feedForwardBias = try file.flag("mlp_bias") ?? false
    hasFeedForwardBias = family == .llama && feedForwardBias
    maximumPositions = try file.optionalCount("max_position_embeddings") ?? 2048
    initializerRange = try file.number("initializer_range") ?? 0.02
    attentionWindow = try file.window(family)
    (rotaryBase, rotaryScaling) = try file.rotary()
    endTokens = try file.endTokens()
  }

  private init(unchecked measures: (Int, Int, Int, Int, Int, Int, Int)) {
    (
      vocabularyCount, width, feedForwardWidth, layerCount, headCount, keyValueHeadCount, headWidth
    ) = measures
  }
}

/// A configuration file's members, each read with a complaint that names file and member.
private struct ConfigurationFile {
  let json: JSONValue
  let path: String

  func error(_ problem: String) -> ModelError { ModelError("'\(path)': \(problem)") }

  /// The member of that name, unless it is absent or null.
  func member(_ name: String, in object: JSONValue? = nil) -> JSONValue? {
    let value = (object ?? json)[name]
    return value == .null ? nil : value
  }

  func count(_ name: String) throws(ModelError) -> Int {
    guard let count = try optionalCount(name) else { throw error("has no '\(name)'") }
    return count
  }

  func optionalCount(_ name: String, in object: JSONValue? = nil) throws(ModelError) -> Int? {
    guard let value = member(name, in: object) else { return nil }
    guard let count = value.integer else { throw error("'\(name)' is \(value), not a whole number") }
    return count
  }

  func number(_ name: String, in object: JSONValue? = nil) throws(ModelError) -> Double? {
    guard let value = member(name, in: object) else { return nil }
    guard let number = value.double, number.isFinite else {
      throw error("'\(name)' is \(value), not a number")
    }
    return number
  }

  func flag(_ name: String) throws(ModelError) -> Bool? {
    guard let value = member(name) else { return nil }
    guard let flag = value.truth else { throw error("'\(name)' is \(value), not true or false") }
    return flag
  }

  func refuseUnsupported() throws(ModelError) {
    if let activation = member("hidden_act"), activation.string != "silu", activation.string != "swish" {
      throw error("'hidden_act' is \(activation.plain), which is not supported; supported is silu")
    }
    if member("quantization_config") != nil {
      throw error(
        "'quantization_config' is set, and quantized weights are not supported; use the plain model")
    }
    if let share = try number("partial_rotary_factor"), share != 1 {
      throw error("'partial_rotary_factor' is \(share), which is not supported; supported is 1")
    }
  }

  /// The sliding window, where one is in use.
  func window(_ family: ModelConfiguration.Family) throws(ModelError) -> Int? {
    guard let window = try optionalCount("sliding_window") else {
      return family == .mistral && json["sliding_window"] == nil ? 4096 : nil
    }
    switch family {
    case .llama: return nil
    case .mistral: return window
    case .qwen2: return try flag("use_sliding_window") ?? false ? window : nil
    }
  }

  /// Base and scaling: `rope_parameters` (transformers 5), or `rope_theta` and `rope_scaling` (4).
  func rotary() throws(ModelError) -> (Double, RotaryScaling) {
    let rule = member("rope_parameters") ?? member("rope_scaling")
    let base: Double?
    if let rule, let own = try number("rope_theta", in: rule) {
      base = own
    } else {
      base = try number("rope_theta")
    }
    guard base ?? 1 > 0 else { throw error("'rope_theta' is \(base ?? 0), and must be positive") }
    let type = rule.flatMap { member("rope_type", in: $0) ?? member("type", in: $0) }?.string ?? "default"
    switch type {
    case "default": return (base ?? 10_000, .none)
    case "llama3":
      guard let rule,
        let factor = try number("factor", in: rule), let low = try number("low_freq_factor", in: rule),
        let high = try number("high_freq_factor", in: rule),
        let positions = try optionalCount("original_max_position_embeddings", in: rule)
      else {
        throw error(
          "rotary type 'llama3' needs factor, low_freq_factor, high_freq_factor and "
            + "original_max_position_embeddings")
      }
      guard factor > 0, low > 0, high > low, positions > 0 else {
        throw error("rotary type 'llama3' needs positive factors with low_freq_factor < high_freq_factor")
      }
      return (
        base ?? 10_000,
        .llama3(factor: factor, lowFrequency: low, highFrequency: high, originalPositions: positions)
      )
    default:
      throw error("'rope_type' is '\(type)', which is not supported; supported are default, llama3")
    }
  }

  /// `eos_token_id`: one, several or none.
  func endTokens() throws(ModelError) -> [Int32] {
    guard let value = member("eos_token_id") else { return [] }
    let items: [JSONValue] = if case .list(let list) = value { list } else { [value] }
    var tokens: [Int32] = []
    for item in items {
      guard let token = item.integer.flatMap(Int32.init(exactly:)) else {
        throw error("'eos_token_id' holds \(item), not a token's number")
      }
      tokens.append(token)
    }
    return tokens
  }
}

extension JSONValue {
  /// The value as it is quoted in complaints.
  fileprivate var plain: String { string.map { "'\($0)'" } ?? description }
}

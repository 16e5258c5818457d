// Reads `config.json` in the spelling of transformers 4 and of transformers 5.

public import Safetensors

extension ModelConfiguration {
  /// Reads the configuration in `json`, which came from the file at `path`.
  ///
  /// - Throws: what is missing, contradictory or not supported, by its name in the file.
  public init(_ json: JSONValue, path: String) throws(ModelError) {
    guard let type = json["model_type"]?.string else {
      throw ModelError("'\(path)': has no 'model_type'")
    }
    guard let family = Family(rawValue: type) else {
      throw ModelError(
        "'\(path)': 'model_type' is '\(type)', which is not supported; supported are "
          + Family.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let file = ConfigurationFile(json: json, path: path, family: family)
    let (heads, width) = (try file.count("num_attention_heads"), try file.count("hidden_size"))
    let layers = try file.count("num_hidden_layers")
    self.init(
      unchecked: (
        try file.count("vocab_size"), width, try file.feedForwardWidth(width), layers, heads,
        try file.keyValueHeadCount(heads), try file.headWidth(width, heads)
      ), family)
    original = json
    try file.refuseUnsupported()
    let parts = try file.rotary(headWidth: headWidth)
    (rotaryBase, rotaryScaling, rotaryWidth) = (parts.base, parts.scaling, parts.width)
    if let complaint { throw file.error(complaint) }
    normEpsilon = try file.number("rms_norm_eps") ?? family.usualEpsilon
    activation = try file.activation().function
    tiesEmbeddings = try file.flag("tie_word_embeddings") ?? family.usuallyTies
    try readBiases(file)
    isParallel = family == .gptNeoX ? try file.flag("use_parallel_residual") ?? true : false
    maximumPositions = try file.optionalCount("max_position_embeddings") ?? family.usualPositions
    initializerRange = try file.number("initializer_range") ?? 0.02
    try readAttention(file)
    endTokens = try file.endTokens()
    if family != .gpt2, family != .gptNeoX {
      paddingToken = try file.optionalCount("pad_token_id").flatMap(Int32.init(exactly:))
    }
  }

  private init(unchecked measures: (Int, Int, Int, Int, Int, Int, Int), _ family: Family) {
    (
      vocabularyCount, width, feedForwardWidth, layerCount, headCount, keyValueHeadCount, headWidth
    ) = measures
    self.family = family
  }

  private mutating func readBiases(_ file: ConfigurationFile) throws(ModelError) {
    switch family {
    case .qwen2: hasQueryBias = true
    case .gpt2: (hasQueryBias, hasAttentionOutputBias, hasFeedForwardBias) = (true, true, true)
    default:
      guard let usual = family.usualAttentionBias else { return }
      hasQueryBias = try file.flag("attention_bias") ?? usual
      hasAttentionOutputBias = hasQueryBias
      let mayHaveMore = family == .llama || family == .smollm3
      hasFeedForwardBias = family == .gptNeoX
      if mayHaveMore { hasFeedForwardBias = try file.flag("mlp_bias") ?? false }
    }
  }

  private mutating func readAttention(_ file: ConfigurationFile) throws(ModelError) {
    let kinds = try file.layerTypes(layerCount)
    switch family {
    case .mistral: (attentionWindow, windowedLayers) = (try file.window(usual: 4096), kinds)
    case .phi3: attentionWindow = try file.window(usual: nil)
    case .gemma2:
      attentionWindow = try file.window(usual: 4096)
      windowedLayers = kinds ?? (0..<layerCount).map { $0 % 2 == 0 }
      attentionDivisor = try file.positive("query_pre_attn_scalar") ?? 256
      attentionCap =
        file.has("attn_logit_softcapping") ? try file.positive("attn_logit_softcapping") : 50
      scoreCap = file.has("final_logit_softcapping") ? try file.positive("final_logit_softcapping") : 30
    case .qwen2, .qwen3:
      attentionWindow = try file.flag("use_sliding_window") ?? false ? try file.window(usual: 4096) : nil
      let first = try file.optionalCount("max_window_layers") ?? 28
      windowedLayers = kinds ?? (0..<layerCount).map { attentionWindow != nil && $0 >= first }
    case .smollm3:
      turnedLayers = try file.turnedLayers(layerCount)
      attentionWindow = try file.window(usual: nil)
      let mayHaveOne = try file.flag("use_sliding_window") ?? false
      windowedLayers =
        kinds ?? turnedLayers?.map { mayHaveOne && attentionWindow != nil && !$0 }
    case .gpt2:
      if try file.flag("scale_attn_weights") == false { attentionDivisor = 1 }
      dividesAttentionByLayer = try file.flag("scale_attn_by_inverse_layer_idx") ?? false
    case .llama, .gemma, .olmo2, .gptNeoX: break
    }
    if windowedLayers?.contains(true) == true, attentionWindow == nil {
      throw file.error(
        "'layer_types' has sliding_attention, but no 'sliding_window' is in use; give its width, or make the "
          + "layers full_attention")
    }
    // A window that no layer has, and layers that all have it, are said in one way.
    if windowedLayers?.contains(true) == false { attentionWindow = nil }
    if attentionWindow == nil || windowedLayers?.contains(false) == false { windowedLayers = nil }
    if turnedLayers?.contains(false) == false { turnedLayers = nil }
  }
}

extension ConfigurationFile {
  fileprivate func feedForwardWidth(_ width: Int) throws(ModelError) -> Int {
    if family == .gpt2 { return try optionalCount("intermediate_size") ?? 4 * width }
    return try count("intermediate_size")
  }

  fileprivate func keyValueHeadCount(_ heads: Int) throws(ModelError) -> Int {
    if family == .gpt2 || family == .gptNeoX { return heads }
    if !has("num_key_value_heads") { return family.usualKeyValueHeadCount ?? heads }
    return try optionalCount("num_key_value_heads") ?? heads
  }

  fileprivate func headWidth(_ width: Int, _ heads: Int) throws(ModelError) -> Int {
    let share = width / max(1, heads)
    if family == .gpt2 || family == .gptNeoX { return share }
    return try optionalCount("head_dim") ?? family.usualHeadWidth ?? share
  }

  /// The sliding window; `usual` where the file does not have the member.
  fileprivate func window(usual: Int?) throws(ModelError) -> Int? {
    guard has("sliding_window") else { return usual }
    guard let window = try optionalCount("sliding_window") else { return nil }
    guard window > 0 else { throw error("'sliding_window' is \(window), and must be positive") }
    return window
  }

  /// Whether each layer has the window, where `layer_types` says so and the family listens.
  fileprivate func layerTypes(_ count: Int) throws(ModelError) -> [Bool]? {
    guard let value = member("layer_types") else { return nil }
    guard case .list(let items) = value else { throw error("'layer_types' is no list of words") }
    for item in items where !["full_attention", "attention", "sliding_attention"].contains(item.string) {
      throw error(
        "'layer_types' holds \(item.plain), which is not supported; supported are full_attention, "
          + "sliding_attention")
    }
    guard items.count == count else {
      throw error(
        "'layer_types' has \(items.count) entries for \(count) layers ('\(family.spelling(of: "num_hidden_layers"))')"
      )
    }
    // transformers takes a Mistral that has them for a Ministral, which listens.
    return family.hasLayerTypes || family == .mistral ? items.map { $0.string == "sliding_attention" } : nil
  }

  /// Whether positions turn each layer.
  fileprivate func turnedLayers(_ count: Int) throws(ModelError) -> [Bool] {
    guard let value = member("no_rope_layers") else {
      let interval = try optionalCount("no_rope_layer_interval") ?? 4
      guard interval > 0 else {
        throw error("'no_rope_layer_interval' is \(interval), and must be positive")
      }
      return (1...max(1, count)).map { $0 % interval != 0 }
    }
    guard case .list(let items) = value else { throw error("'no_rope_layers' is no list of 0 and 1") }
    var layers: [Bool] = []
    for item in items {
      guard let flag = item.integer ?? item.truth.map({ $0 ? 1 : 0 }) else {
        throw error("'no_rope_layers' holds \(item), not 0 or 1")
      }
      layers.append(flag != 0)
    }
    guard layers.count >= count else {
      throw error("'no_rope_layers' has \(layers.count) entries for \(count) layers ('num_hidden_layers')")
    }
    return Array(layers.prefix(count))
  }
}

// Writes `config.json` so that transformers 4 and 5 both read it.

public import Safetensors

extension ModelConfiguration {
  /// The contents of `config.json`: the file's own words where the model came from one.
  ///
  /// - Parameter dtype: what the weights are stored as, in torch's words: `float32`.
  public func json(dtype: String) -> JSONValue {
    guard var object = original else { return fresh(dtype: dtype) }
    // The spelling the file used is the one its readers understand.
    let names = ["dtype", "torch_dtype"].filter { object[$0] != nil }
    for name in names.isEmpty ? ["dtype"] : names { object = object.setting(name, to: .text(dtype)) }
    return object
  }

  private func fresh(dtype: String) -> JSONValue {
    var members: [JSONMember] = []
    func set(_ name: String, _ value: JSONValue) { members.append(JSONMember(name, value)) }
    func set(_ name: String, _ value: Int) { set(name, .number("\(value)")) }
    let architectures: [Family: String] = [
      .llama: "LlamaForCausalLM", .mistral: "MistralForCausalLM", .qwen2: "Qwen2ForCausalLM",
    ]
    set("architectures", .list([.text(architectures[family] ?? "")]))
    if family == .llama { set("attention_bias", .boolean(hasQueryBias)) }
    set("dtype", .text(dtype))
    switch endTokens.count {
    case 0: set("eos_token_id", .null)
    case 1: set("eos_token_id", Int(endTokens[0]))
    default: set("eos_token_id", .list(endTokens.map { .number("\($0)") }))
    }
    set("head_dim", headWidth)
    set("hidden_act", .text("silu"))
    set("hidden_size", width)
    set("initializer_range", .number("\(initializerRange)"))
    set("intermediate_size", feedForwardWidth)
    set("max_position_embeddings", maximumPositions)
    if family == .llama { set("mlp_bias", .boolean(hasFeedForwardBias)) }
    set("model_type", .text(family.rawValue))
    set("num_attention_heads", headCount)
    set("num_hidden_layers", layerCount)
    set("num_key_value_heads", keyValueHeadCount)
    set("rms_norm_eps", .number("\(normEpsilon)"))
    set("rope_parameters", .object([JSONMember("rope_theta", .number("\(rotaryBase)"))] + rotaryMembers))
    set("rope_scaling", rotaryScaling == .none ? .null : .object(rotaryMembers))
    set("rope_theta", .number("\(rotaryBase)"))
    if family != .llama { set("sliding_window", attentionWindow.map { .number("\($0)") } ?? .null) }
    set("tie_word_embeddings", .boolean(tiesEmbeddings))
    set("torch_dtype", .text(dtype))
    if family == .qwen2 { set("use_sliding_window", .boolean(attentionWindow != nil)) }
    set("vocab_size", vocabularyCount)
    return .object(members)
  }

  private var rotaryMembers: [JSONMember] {
    guard case .llama3(let factor, let low, let high, let positions) = rotaryScaling else {
      return [JSONMember("rope_type", .text("default"))]
    }
    return [
      JSONMember("factor", .number("\(factor)")), JSONMember("high_freq_factor", .number("\(high)")),
      JSONMember("low_freq_factor", .number("\(low)")),
      JSONMember("original_max_position_embeddings", .number("\(positions)")),
      JSONMember("rope_type", .text("llama3")),
    ]
  }
}

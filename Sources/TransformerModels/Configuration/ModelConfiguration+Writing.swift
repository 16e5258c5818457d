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
    func set(_ name: String, _ value: JSONValue) {
      members.append(JSONMember(family.spelling(of: name), value))
    }
    func set(_ name: String, _ value: Int) { set(name, .number("\(value)")) }
    func set(_ name: String, _ value: Double?) { set(name, value.map { .number("\($0)") } ?? .null) }
    set("architectures", .list([.text(architecture.className)]))
    set("dtype", .text(dtype))
    switch endTokens.count {
    case 0: set("eos_token_id", .null)
    case 1: set("eos_token_id", Int(endTokens[0]))
    default: set("eos_token_id", .list(endTokens.map { .number("\($0)") }))
    }
    set("hidden_act", .text(ActivationName.name(of: activation, family)))
    set("hidden_size", width)
    set("initializer_range", initializerRange)
    set("intermediate_size", feedForwardWidth)
    set("max_position_embeddings", maximumPositions)
    set("model_type", .text(family.rawValue))
    set("num_attention_heads", headCount)
    set("num_hidden_layers", layerCount)
    if let paddingToken { set("pad_token_id", Int(paddingToken)) }
    set("rms_norm_eps", normEpsilon)
    set("tie_word_embeddings", .boolean(tiesEmbeddings))
    set("torch_dtype", .text(dtype))
    set("vocab_size", vocabularyCount)
    members += attentionMembers + rotaryMembers
    return .object(members.sorted { $0.name < $1.name })
  }

  /// What is said of attention and biases.
  private var attentionMembers: [JSONMember] {
    var members: [JSONMember] = []
    func set(_ name: String, _ value: JSONValue) { members.append(JSONMember(name, value)) }
    func number(_ value: Double?) -> JSONValue { value.map { .number("\($0)") } ?? .null }
    let window: JSONValue = attentionWindow.map { .number("\($0)") } ?? .null
    if family.usualAttentionBias != nil { set("attention_bias", .boolean(hasQueryBias)) }
    if family == .llama || family == .smollm3 { set("mlp_bias", .boolean(hasFeedForwardBias)) }
    if family != .gpt2, family != .gptNeoX {
      set("head_dim", .number("\(headWidth)"))
      set("num_key_value_heads", .number("\(keyValueHeadCount)"))
    }
    if family == .mistral || family == .phi3 || family.hasLayerTypes { set("sliding_window", window) }
    if family.hasLayerTypes || family == .mistral && windowedLayers != nil {
      let kinds = (0..<layerCount).map { self.window(layer: $0) == nil ? "full" : "sliding" }
      set("layer_types", .list(kinds.map { .text($0 + "_attention") }))
      if family != .gemma2, family != .mistral { set("use_sliding_window", .boolean(attentionWindow != nil)) }
    }
    switch family {
    case .gemma2:
      set("query_pre_attn_scalar", number(attentionDivisor ?? Double(headWidth)))
      set("attn_logit_softcapping", number(attentionCap))
      set("final_logit_softcapping", number(scoreCap))
    case .smollm3:
      set("no_rope_layers", .list((0..<layerCount).map { .number(isTurned(layer: $0) ? "1" : "0") }))
    case .gpt2:
      set("scale_attn_weights", .boolean(attentionDivisor != 1))
      set("scale_attn_by_inverse_layer_idx", .boolean(dividesAttentionByLayer))
    case .gptNeoX: set("use_parallel_residual", .boolean(isParallel))
    default: break
    }
    return members
  }

  /// The rotary rule in both spellings.
  private var rotaryMembers: [JSONMember] {
    guard architecture.positions == nil else { return [] }
    let rule = ruleMembers
    let base = JSONMember("rope_theta", .number("\(rotaryBase)"))
    var shares: [JSONMember] = []
    if architecture.allowsPartialRotation {
      // A quarter plane more, so that rounding down gives the same columns.
      let share = rotaryWidth.map { (Double($0) + 0.25) / Double(headWidth) } ?? 1
      shares.append(JSONMember("partial_rotary_factor", .number("\(share)")))
    }
    var members = [
      JSONMember("rope_parameters", .object([base] + shares + rule)),
      JSONMember("rope_scaling", rotaryScaling == .none ? .null : .object(rule)),
    ]
    for member in [base] + shares {
      members.append(JSONMember(family.spelling(of: member.name), member.value))
    }
    if family == .phi3, case .longrope(let long) = rotaryScaling {
      members.append(
        JSONMember("original_max_position_embeddings", .number("\(long.originalPositions)")))
    }
    return members
  }

  private var ruleMembers: [JSONMember] {
    func number(_ value: Double) -> JSONValue { .number("\(value)") }
    func original(_ count: Int) -> JSONMember {
      JSONMember("original_max_position_embeddings", .number("\(count)"))
    }
    switch rotaryScaling {
    case .none: return [JSONMember("rope_type", .text("default"))]
    case .linear(let factor):
      return [JSONMember("factor", number(factor)), JSONMember("rope_type", .text("linear"))]
    case .dynamic(let factor, _):
      return [JSONMember("factor", number(factor)), JSONMember("rope_type", .text("dynamic"))]
    case .yarn(let rule):
      return [
        JSONMember("attention_factor", number(rule.attentionFactor)),
        JSONMember("beta_fast", number(rule.fastTurns)), JSONMember("beta_slow", number(rule.slowTurns)),
        JSONMember("factor", number(rule.factor)), original(rule.originalPositions),
        JSONMember("rope_type", .text("yarn")), JSONMember("truncate", .boolean(rule.truncates)),
      ]
    case .llama3(let factor, let low, let high, let positions):
      return [
        JSONMember("factor", number(factor)), JSONMember("high_freq_factor", number(high)),
        JSONMember("low_freq_factor", number(low)), original(positions),
        JSONMember("rope_type", .text("llama3")),
      ]
    case .longrope(let rule):
      return [
        JSONMember("attention_factor", number(rule.attentionFactor)),
        JSONMember("long_factor", .list(rule.long.map(number))), original(rule.originalPositions),
        JSONMember("rope_type", .text("longrope")),
        JSONMember("short_factor", .list(rule.short.map(number))),
      ]
    }
  }
}

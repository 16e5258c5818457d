// Both spellings of `config.json`, and every refusal word for word.

import Foundation
import Safetensors
import Testing

@testable import TransformerModels

@Suite struct ModelConfigurationTests {
  static let measures = """
    "vocab_size": 100, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2
    """

  private func read(_ members: String, type: String = "llama") throws(ModelError) -> ModelConfiguration {
    let scratch = try? Scratch()
    let path = (scratch?.path ?? "") + "/config.json"
    let text = "{\"model_type\": \"\(type)\", \(Self.measures)\(members.isEmpty ? "" : ", ")\(members)}"
    try? text.write(toFile: path, atomically: true, encoding: .utf8)
    let json: JSONValue
    do { json = try JSONFile.read(path) } catch { throw ModelError(error) }
    return try ModelConfiguration(json, path: "config.json")
  }

  @Test func `transformers 4 and 5 spell the same model differently`() throws {
    let rule =
      #""factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 64"#
    let four = try read(
      #""rope_theta": 5e5, "rope_scaling": {\#(rule), "rope_type": "llama3"}, "torch_dtype": "bfloat16""#)
    let older = try read(#""rope_theta": 500000, "rope_scaling": {\#(rule), "type": "llama3"}"#)
    let five = try read(
      #""rope_parameters": {\#(rule), "rope_type": "llama3", "rope_theta": 500000.0}, "dtype": "bfloat16""#)
    for other in [older, five] {
      #expect(four.rotaryBase == other.rotaryBase)
      #expect(four.rotaryScaling == other.rotaryScaling)
    }
    #expect(four.rotaryBase == 500_000)
    #expect(
      four.rotaryScaling == .llama3(factor: 8, lowFrequency: 1, highFrequency: 4, originalPositions: 64))
  }

  @Test func `what a file leaves unsaid is transformers' default`() throws {
    let plain = try read(#""head_dim": null, "rope_scaling": null, "eos_token_id": null"#)
    #expect(plain.headWidth == 8)
    #expect(plain.rotaryBase == 10_000)
    #expect(plain.rotaryScaling == .none)
    #expect(!plain.tiesEmbeddings)
    #expect(plain.endTokens.isEmpty)
    #expect(plain.attentionWindow == nil)
    #expect(try read("", type: "mistral").attentionWindow == 4096)
    #expect(try read(#""sliding_window": null"#, type: "mistral").attentionWindow == nil)
    #expect(try read(#""sliding_window": 64"#, type: "qwen2").attentionWindow == nil)
    let sliding = try read(
      #""sliding_window": 64, "use_sliding_window": true, "max_window_layers": 1"#, type: "qwen2")
    #expect(sliding.attentionWindow == 64 && sliding.windowedLayers == [false, true, true])
    let usual = try read(#""sliding_window": 64, "use_sliding_window": true"#, type: "qwen2")
    #expect(usual.attentionWindow == nil)
    #expect(try read("", type: "qwen2").hasQueryBias)
  }

  @Test func `a padding token counts where torch's embedding knows it`() throws {
    #expect(try read(#""pad_token_id": 3"#).paddingToken == 3)
    #expect(try read(#""pad_token_id": null"#).paddingToken == nil)
    #expect(try read(#""pad_token_id": 3"#, type: "gpt_neox").paddingToken == nil)
  }

  @Test func `end tokens are one or several`() throws {
    #expect(try read(#""eos_token_id": 2"#).endTokens == [2])
    #expect(try read(#""eos_token_id": [2, 7]"#).endTokens == [2, 7])
  }

  static let refusals: [(members: String, type: String, complaint: String)] = [
    (
      "", "bert",
      "'model_type' is 'bert', which is not supported; supported are llama, mistral, qwen2, qwen3, gemma, gemma2, "
        + "phi3, olmo2, smollm3, gpt2, gpt_neox"
    ),
    (
      #""hidden_act": "mish""#, "llama",
      "'hidden_act' is 'mish', which is not supported; supported are silu, swish, gelu, gelu_python, gelu_new, "
        + "gelu_pytorch_tanh, gelu_fast, gelu_accurate, relu"
    ),
    (
      #""hidden_activation": "tanh""#, "gemma2",
      "'hidden_activation' is 'tanh', which is not supported; supported are silu, swish, gelu, gelu_python, "
        + "gelu_new, gelu_pytorch_tanh, gelu_fast, gelu_accurate, relu"
    ),
    (
      #""rope_scaling": {"rope_type": "mrope"}"#, "llama",
      "'rope_type' is 'mrope', which is not supported; supported are default, linear, dynamic, yarn, llama3, longrope"
    ),
    (
      #""rope_scaling": {"rope_type": "linear", "factor": 2}"#, "phi3",
      "'rope_type' is 'linear', which is not supported; supported are default, longrope"
    ),
    (#""rope_scaling": {"type": "linear"}"#, "llama", "rotary type 'linear' needs 'factor'"),
    (
      #""rope_scaling": {"rope_type": "llama3", "factor": 8}"#, "llama",
      "rotary type 'llama3' needs 'low_freq_factor'"
    ),
    (
      #""rope_scaling": {"rope_type": "longrope", "short_factor": [1], "long_factor": [1, 2, 3, 4]}"#, "phi3",
      "'short_factor' has 1 numbers for 4 planes of a head"
    ),
    (
      #""rope_parameters": {"full_attention": {"rope_type": "default"}}"#, "qwen2",
      "'rope_parameters' has a rule for each type of layer, which 'qwen2' does not support; give one rule"
    ),
    (
      #""layer_types": ["full_attention", "linear_attention", "full_attention"]"#, "qwen3",
      "'layer_types' holds 'linear_attention', which is not supported; supported are full_attention, sliding_attention"
    ),
    (
      #""layer_types": ["full_attention"]"#, "qwen3",
      "'layer_types' has 1 entries for 3 layers ('num_hidden_layers')"
    ),
    (
      #""head_dim": 8, "layer_types": ["full_attention", "sliding_attention", "full_attention"]"#, "qwen3",
      "'layer_types' has sliding_attention, but no 'sliding_window' is in use; give its width, or make the layers "
        + "full_attention"
    ),
    (
      #""use_bidirectional_attention": true"#, "gemma",
      "'use_bidirectional_attention' is true, which is not supported; supported is false"
    ),
    (#""is_causal": false"#, "llama", "'is_causal' is false, which is not supported; supported is true"),
    (
      #""add_cross_attention": true, "n_embd": 32"#, "gpt2",
      "'add_cross_attention' is true, which is not supported; supported is false"
    ),
    (#""n_embd": 30"#, "gpt2", "'n_embd' (30) is no multiple of 'n_head' (4)"),
    (#""rotary_pct": 2"#, "gpt_neox", "'rotary_pct' is 2.0, which turns 16 of 8 columns"),
    (#""rope_theta": 0"#, "llama", "'rope_theta' is 0.0, and must be positive"),
    (
      #""num_attention_heads": 3"#, "llama",
      "'num_attention_heads' (3) is no multiple of 'num_key_value_heads' (2)"
    ),
    (#""head_dim": 7"#, "llama", "'head_dim' is 7, and rotary positions need an even one"),
    (#""hidden_size": 0"#, "llama", "'hidden_size' is 0, and must be at least 1"),
    (#""hidden_size": "wide""#, "llama", "'hidden_size' is \"wide\", not a whole number"),
    (#""vocab_size": null"#, "llama", "has no 'vocab_size'"),
    (#""tie_word_embeddings": 1"#, "llama", "'tie_word_embeddings' is 1, not true or false"),
    (#""rms_norm_eps": "small""#, "llama", "'rms_norm_eps' is \"small\", not a number"),
    (#""eos_token_id": ["</s>"]"#, "llama", "'eos_token_id' holds \"</s>\", not a token's number"),
    (
      #""quantization_config": {}"#, "llama",
      "'quantization_config' is set, and quantized weights are not supported; use the plain model"
    ),
    (
      #""partial_rotary_factor": 0.5"#, "llama",
      "'partial_rotary_factor' is 0.5, which is not supported; supported is 1"
    ),
  ]

  @Test(arguments: refusals.indices) func `refuses by name`(_ index: Int) {
    let sample = Self.refusals[index]
    #expect {
      try read(sample.members, type: sample.type)
    } throws: {
      "\($0)" == "'config.json': \(sample.complaint)"
    }
  }

  @Test(arguments: ModelConfiguration.Family.allCases)
  func `writing and reading again gives the same model`(_ family: ModelConfiguration.Family) throws {
    for model in oddConfigurations(family) {
      var read = try ModelConfiguration(model.json(dtype: "float32"), path: "config.json")
      #expect(read.original != nil)
      read.original = nil
      #expect(read == model)
    }
  }

  @Test func `a file's own words are kept`() throws {
    var json = JSONValue.object([
      JSONMember("_name", .text("ours")), JSONMember("torch_dtype", .text("bfloat16")),
      JSONMember("model_type", .text("llama")), JSONMember("rope_theta", .number("1e4")),
    ])
    for name in [
      "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    ] {
      json = json.setting(name, to: .number("8"))
    }
    json = json.setting("head_dim", to: .number("2"))
    let written = try ModelConfiguration(json, path: "c").json(dtype: "float32")
    #expect(written == json.setting("torch_dtype", to: .text("float32")))
  }
}

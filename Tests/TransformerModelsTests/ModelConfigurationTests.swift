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
    #expect(
      try read(#""sliding_window": 64, "use_sliding_window": true"#, type: "qwen2").attentionWindow == 64)
    #expect(try read("", type: "qwen2").hasQueryBias)
  }

  @Test func `end tokens are one or several`() throws {
    #expect(try read(#""eos_token_id": 2"#).endTokens == [2])
    #expect(try read(#""eos_token_id": [2, 7]"#).endTokens == [2, 7])
  }

  static let refusals: [(members: String, type: String, complaint: String)] = [
    ("", "bert", "'model_type' is 'bert', which is not supported; supported are llama, mistral, qwen2"),
    (#""hidden_act": "gelu""#, "llama", "'hidden_act' is 'gelu', which is not supported; supported is silu"),
    (
      #""rope_scaling": {"rope_type": "yarn"}"#, "llama",
      "'rope_type' is 'yarn', which is not supported; supported are default, llama3"
    ),
    (
      #""rope_scaling": {"type": "linear", "factor": 2}"#, "llama",
      "'rope_type' is 'linear', which is not supported; supported are default, llama3"
    ),
    (
      #""rope_scaling": {"rope_type": "llama3", "factor": 8}"#, "llama",
      "rotary type 'llama3' needs factor, low_freq_factor, high_freq_factor and original_max_position_embeddings"
    ),
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

  @Test func `writing and reading again gives the same model`() throws {
    for family in ModelConfiguration.Family.allCases {
      var model = ModelConfiguration(
        vocabularyCount: 50, width: 16, feedForwardWidth: 20, layerCount: 1, headCount: 4,
        keyValueHeadCount: 2)
      model.family = family
      model.rotaryScaling = .llama3(factor: 8, lowFrequency: 1, highFrequency: 4, originalPositions: 64)
      model.rotaryBase = 500_000
      model.endTokens = [3, 4]
      model.tiesEmbeddings = true
      model.hasQueryBias = family != .mistral
      model.hasAttentionOutputBias = family == .llama
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

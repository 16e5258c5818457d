// What a family's file calls its members, and what transformers takes for those that are not there.

import VectorKernels

extension ModelConfiguration.Family {
  /// The family's word for a member that most files call `name`.
  func spelling(of name: String) -> String {
    switch (self, name) {
    case (.gpt2, "hidden_size"): "n_embd"
    case (.gpt2, "num_attention_heads"): "n_head"
    case (.gpt2, "num_hidden_layers"): "n_layer"
    case (.gpt2, "max_position_embeddings"): "n_positions"
    case (.gpt2, "intermediate_size"): "n_inner"
    case (.gpt2, "hidden_act"): "activation_function"
    case (.gpt2, "rms_norm_eps"): "layer_norm_epsilon"
    case (.gptNeoX, "rms_norm_eps"): "layer_norm_eps"
    case (.gptNeoX, "rope_theta"): "rotary_emb_base"
    case (.gptNeoX, "partial_rotary_factor"): "rotary_pct"
    case (.gemma2, "hidden_act"): "hidden_activation"
    default: name
    }
  }

  /// `num_key_value_heads` where the file does not have the member; nil for as many as query heads.
  var usualKeyValueHeadCount: Int? {
    switch self {
    case .mistral: 8
    case .qwen2, .qwen3: 32
    case .gemma: 16
    case .gemma2, .smollm3: 4
    default: nil
    }
  }

  /// `head_dim` where the file does not say; nil for the stream's width divided by the heads.
  var usualHeadWidth: Int? {
    switch self {
    case .gemma, .gemma2: 256
    case .qwen3: 128
    default: nil
    }
  }

  /// The norms' epsilon where the file does not say.
  var usualEpsilon: Double {
    switch self {
    case .phi3, .olmo2, .gpt2, .gptNeoX: 1e-5
    default: 1e-6
    }
  }

  /// `max_position_embeddings` where the file does not say.
  var usualPositions: Int {
    switch self {
    case .mistral: 131_072
    case .qwen2, .qwen3, .smollm3: 32_768
    case .gemma, .gemma2: 8192
    case .phi3: 4096
    case .gpt2: 1024
    default: 2048
    }
  }

  /// `tie_word_embeddings` where the file does not say.
  var usuallyTies: Bool { [.gemma, .gemma2, .smollm3, .gpt2].contains(self) }

  /// `rope_theta` where the file does not say.
  var usualRotaryBase: Double { self == .smollm3 ? 2_000_000 : 10_000 }

  /// The share of a head's columns that positions turn, where the file does not say.
  var usualRotaryShare: Double { self == .gptNeoX ? 0.25 : 1 }

  /// `hidden_act` where the file does not say.
  var usualActivation: ActivationName {
    switch self {
    case .gemma, .gemma2: ActivationName(name: "gelu_pytorch_tanh", function: .geluTanh)
    case .gpt2: ActivationName(name: "gelu_new", function: .geluTanh)
    case .gptNeoX: ActivationName(name: "gelu", function: .gelu)
    default: ActivationName(name: "silu", function: .silu)
    }
  }

  /// Whether `attention_bias` counts, and what it is where the file does not say.
  var usualAttentionBias: Bool? {
    switch self {
    case .llama, .qwen3, .gemma, .gemma2, .olmo2, .smollm3: false
    case .gptNeoX: true
    default: nil
    }
  }

  /// Whether `layer_types` says which blocks have the window.
  var hasLayerTypes: Bool { [.qwen2, .qwen3, .gemma2, .smollm3].contains(self) }
}

// What tells one family's blocks and files from another's, as data: which norms stand where, and what weights are called.

import VectorKernels

/// The parts of a block beyond its measures, and the names of its weights.
///
/// The values written here are Llama's; a family states what it does otherwise.
struct Architecture: Sendable {
  /// How a norm measures a row.
  enum Norm: Sendable {
    /// w·x/√mean(x²)
    case rootMeanSquare
    /// (1 + w)·x/√mean(x²)
    case rootMeanSquarePlusOne
    /// w·(x − mean)/√variance + b
    case layer
  }

  /// What queries and keys are normalised over before positions turn them.
  enum QueryKeyNorm: Sendable {
    case none, eachHead, allHeads
  }

  /// transformers' class.
  var className: String
  /// The module that holds everything but the head, which files may leave away.
  var base = "model"
  var embedding = "embed_tokens"
  /// The table of learned positions, in place of rotary ones.
  var positions: String?
  var blocks = "layers"
  var lastNorm = "norm"
  var head = "lm_head"

  var norm = Norm.rootMeanSquare
  /// Norms of what a half of the block is given, and of what it adds to the stream.
  var beforeAttention: String? = "input_layernorm"
  var afterAttention: String?
  var beforeFeedForward: String? = "post_attention_layernorm"
  var afterFeedForward: String?

  /// Queries, keys and values, in one matrix or three.
  var attentionInputs = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]
  /// Whether each head's query, key and value stand together.
  var isInterleaved = false
  var queryKeyNorm = QueryKeyNorm.none
  var output = "self_attn.o_proj"
  /// Gate and up, in one matrix or two, or the first layer where there is no gate.
  var feedForwardInputs = ["mlp.gate_proj", "mlp.up_proj"]
  var isGated = true
  var down = "mlp.down_proj"
  /// Whether linear layers' weights are stored `[inputs, outputs]`.
  var storesInputsFirst = false
  /// Whether the first columns of a head may turn and the others not.
  var allowsPartialRotation = false
  /// The layers that PEFT adapts unless told otherwise.
  var usualAdaptedLayers = ["q_proj", "v_proj"]

  /// Whether queries, keys and values are one matrix in the file.
  var joinsAttentionInputs: Bool { attentionInputs.count == 1 }
}

extension ModelConfiguration.Family {
  /// The family's blocks.
  var architecture: Architecture { Self.architectures[self] ?? description }

  private static let architectures = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.description) })

  private var description: Architecture {
    switch self {
    case .llama: Architecture(className: "LlamaForCausalLM")
    case .mistral: Architecture(className: "MistralForCausalLM")
    case .qwen2: Architecture(className: "Qwen2ForCausalLM")
    case .qwen3: Architecture(className: "Qwen3ForCausalLM", queryKeyNorm: .eachHead)
    case .smollm3: Architecture(className: "SmolLM3ForCausalLM")
    case .gemma: Architecture(className: "GemmaForCausalLM", norm: .rootMeanSquarePlusOne)
    case .gemma2:
      Architecture(
        className: "Gemma2ForCausalLM", norm: .rootMeanSquarePlusOne,
        afterAttention: "post_attention_layernorm", beforeFeedForward: "pre_feedforward_layernorm",
        afterFeedForward: "post_feedforward_layernorm")
    case .olmo2:
      Architecture(
        className: "Olmo2ForCausalLM", beforeAttention: nil, afterAttention: "post_attention_layernorm",
        beforeFeedForward: nil, afterFeedForward: "post_feedforward_layernorm", queryKeyNorm: .allHeads)
    case .phi3:
      Architecture(
        className: "Phi3ForCausalLM", attentionInputs: ["self_attn.qkv_proj"],
        feedForwardInputs: ["mlp.gate_up_proj"], allowsPartialRotation: true,
        usualAdaptedLayers: ["qkv_proj"])
    case .gpt2:
      Architecture(
        className: "GPT2LMHeadModel", base: "transformer", embedding: "wte", positions: "wpe", blocks: "h",
        lastNorm: "ln_f", norm: .layer, beforeAttention: "ln_1", beforeFeedForward: "ln_2",
        attentionInputs: ["attn.c_attn"], output: "attn.c_proj", feedForwardInputs: ["mlp.c_fc"],
        isGated: false, down: "mlp.c_proj", storesInputsFirst: true, usualAdaptedLayers: ["c_attn"])
    case .gptNeoX:
      Architecture(
        className: "GPTNeoXForCausalLM", base: "gpt_neox", embedding: "embed_in",
        lastNorm: "final_layer_norm", head: "embed_out", norm: .layer,
        attentionInputs: ["attention.query_key_value"], isInterleaved: true, output: "attention.dense",
        feedForwardInputs: ["mlp.dense_h_to_4h"], isGated: false, down: "mlp.dense_4h_to_h",
        allowsPartialRotation: true, usualAdaptedLayers: ["query_key_value"])
    }
  }
}

extension ModelConfiguration {
  /// The family's blocks.
  var architecture: Architecture { family.architecture }
  /// The embedding's name, also the head's where the two are tied.
  var embeddingName: String { "\(architecture.base).\(architecture.embedding).weight" }
  /// The name of the table of learned positions, where there is one.
  var positionsName: String? { architecture.positions.map { "\(architecture.base).\($0).weight" } }
  /// The last norm, without `.weight`.
  var lastNormName: String { "\(architecture.base).\(architecture.lastNorm)" }
  /// The name of a head of its own.
  var headName: String { architecture.head + ".weight" }
  /// What the names of block `layer` begin with.
  func blockName(_ layer: Int) -> String { "\(architecture.base).\(architecture.blocks).\(layer)." }

  /// The width of all query heads together, and of all heads of keys.
  var queryWidth: Int { headCount * headWidth }
  var keyWidth: Int { keyValueHeadCount * headWidth }
  /// How many columns the feed-forward layer's first product has.
  var feedForwardInputWidth: Int { (architecture.isGated ? 2 : 1) * feedForwardWidth }
  /// How many matrices of the stream's width and the feed-forward layer's it has: three with a gate.
  public var feedForwardMatrixCount: Int { architecture.isGated ? 3 : 2 }
}

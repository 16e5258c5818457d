// What a decoder is made of: one block described by numbers and switches, not one type per model family.

public import Safetensors
public import VectorKernels

/// The architecture of a decoder language model, as its `config.json` gives it.
public struct ModelConfiguration: Sendable, Hashable {
  /// The model families whose blocks can be described, under transformers' names.
  public enum Family: String, Sendable, CaseIterable {
    case llama, mistral, qwen2, qwen3, gemma, gemma2, phi3, olmo2, smollm3, gpt2
    case gptNeoX = "gpt_neox"
  }

  /// The family, which settles what a file leaves unsaid.
  public var family = Family.llama
  /// How many tokens there are, `V`.
  public var vocabularyCount: Int
  /// The width of the residual stream, `d`.
  public var width: Int
  /// The width inside the feed-forward layers.
  public var feedForwardWidth: Int
  /// How many blocks follow each other.
  public var layerCount: Int
  /// How many query heads each block has.
  public var headCount: Int
  /// How many key and value heads each block has; each serves `headCount / keyValueHeadCount` query heads.
  public var keyValueHeadCount: Int
  /// The width of one head.
  public var headWidth: Int
  /// What keeps root mean squares and variances from 0.
  public var normEpsilon = 1e-6
  /// What the feed-forward layers bend their inner numbers, or their gates, with.
  public var activation = ActivationFunction.silu
  /// How many of a head's columns positions turn; nil for all of them.
  public var rotaryWidth: Int?
  /// Whether each block's positions turn; nil for all of them.
  public var turnedLayers: [Bool]?
  /// The base of the rotary frequencies.
  public var rotaryBase = 10_000.0
  /// How the rotary frequencies are stretched.
  public var rotaryScaling = RotaryScaling.none
  /// Whether the head's weights are the embedding's.
  public var tiesEmbeddings = false
  /// Whether query, key and value projections have biases.
  public var hasQueryBias = false
  /// Whether the attention's output projection has a bias.
  public var hasAttentionOutputBias = false
  /// Whether the feed-forward projections have biases.
  public var hasFeedForwardBias = false
  /// Whether a block's two halves are given the same stream, one beside the other.
  public var isParallel = false
  /// How many tokens back a token sees, itself included; nil for all of them.
  public var attentionWindow: Int?
  /// Whether each block's attention has the window; nil for all of them.
  public var windowedLayers: [Bool]?
  /// Attention's scores are divided by this number's root; nil for ``headWidth``.
  public var attentionDivisor: Double?
  /// Whether block `i`, counted from 0, divides its scores by `i + 1` besides.
  public var dividesAttentionByLayer = false
  /// What attention's scores stay below in size: `cap·tanh(s/cap)`; nil for no limit.
  public var attentionCap: Double?
  /// What the scores of tokens stay below in size; nil for no limit.
  public var scoreCap: Double?
  /// Whether what was computed from the configuration alone, frequencies and the embedding's scale, is rounded to
  /// bfloat16, as in a torch module that was cast whole; see decision 10.
  public var roundsConstants = false
  /// The longest sequence the model was made for, in tokens.
  public var maximumPositions = 2048
  /// The standard deviation of fresh weights.
  public var initializerRange = 0.02
  /// The token whose embedding learns nothing from being read: torch's embeddings spare the one that pads.
  public var paddingToken: Int32?
  /// The tokens that end a generated text.
  public var endTokens: [Int32] = []
  /// The file's own words, kept for when the model is saved.
  public var original: JSONValue?

  /// A Llama with the given measures.
  ///
  /// - Precondition: all are positive, `headWidth` is even and `headCount` a multiple of `keyValueHeadCount`.
  public init(
    vocabularyCount: Int, width: Int, feedForwardWidth: Int, layerCount: Int, headCount: Int,
    keyValueHeadCount: Int? = nil, headWidth: Int? = nil
  ) {
    (self.vocabularyCount, self.width, self.feedForwardWidth) = (vocabularyCount, width, feedForwardWidth)
    (self.layerCount, self.headCount) = (layerCount, headCount)
    self.keyValueHeadCount = keyValueHeadCount ?? headCount
    self.headWidth = headWidth ?? width / max(1, headCount)
    let complaint = self.complaint
    precondition(complaint == nil, "ModelConfiguration: \(complaint ?? "")")
  }

  /// What keeps the measures from fitting together; nil if nothing does.
  var complaint: String? {
    let measures = [
      ("vocab_size", vocabularyCount), ("hidden_size", width), ("intermediate_size", feedForwardWidth),
      ("num_hidden_layers", layerCount), ("num_attention_heads", headCount),
      ("num_key_value_heads", keyValueHeadCount), ("head_dim", headWidth),
    ]
    for (name, value) in measures where value < 1 {
      return "'\(family.spelling(of: name))' is \(value), and must be at least 1"
    }
    let heads = family.spelling(of: "num_attention_heads")
    if headCount % keyValueHeadCount != 0 {
      return "'\(heads)' (\(headCount)) is no multiple of 'num_key_value_heads' (\(keyValueHeadCount))"
    }
    if architecture.joinsAttentionInputs, family != .phi3, queryWidth != width {
      return "'\(family.spelling(of: "hidden_size"))' (\(width)) is no multiple of '\(heads)' (\(headCount))"
    }
    if architecture.positions == nil, headWidth % 2 != 0, (rotaryWidth ?? headWidth) == headWidth {
      return "'head_dim' is \(headWidth), and rotary positions need an even one"
    }
    return nil
  }
}

extension ModelConfiguration {
  /// How many planes of each head positions turn: none where positions are learned.
  var planeCount: Int { architecture.positions == nil ? ((rotaryWidth ?? headWidth) + 1) / 2 : 0 }

  /// The frequencies of the planes in sequences of a regime of ``RotaryScaling``.
  func frequencies(regime: Int) -> [Float] {
    guard planeCount > 0 else { return [] }
    let exact = rotaryScaling.frequencies(
      base: rotaryBase, width: rotaryWidth ?? headWidth, regime: regime)
    // What a module computes anew for long sequences was not there when it was cast.
    return roundsConstants && regime == 0 ? exact.map(\.roundedToBrainFloat) : exact
  }

  /// What embeddings are multiplied by.
  var embeddingScale: Float {
    guard architecture.norm == .rootMeanSquarePlusOne else { return 1 }
    let exact = Float(Double(width).squareRoot())
    return roundsConstants ? exact.roundedToBrainFloat : exact
  }

  /// How many tokens back a token of block `layer` sees, itself included; nil for all of them.
  func window(layer: Int) -> Int? { windowedLayers?[layer] ?? true ? attentionWindow : nil }

  /// Whether positions turn the queries and keys of block `layer`.
  func isTurned(layer: Int) -> Bool { planeCount > 0 && (turnedLayers?[layer] ?? true) }

  /// What the scores of block `layer`'s attention are multiplied by.
  func attentionScale(layer: Int) -> Float {
    let scale = 1 / (attentionDivisor ?? Double(headWidth)).squareRoot()
    return Float(dividesAttentionByLayer ? scale / Double(layer + 1) : scale)
  }
}

extension Float {
  /// The nearest number that bfloat16 holds, ties to even.
  var roundedToBrainFloat: Float {
    Float(bitPattern: (bitPattern &+ 0x7fff &+ (bitPattern >> 16 & 1)) & 0xffff_0000)
  }
}

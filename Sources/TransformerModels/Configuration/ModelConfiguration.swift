// What a decoder is made of: one block described by numbers and switches, not one type per model family.

public import Safetensors

/// The architecture of a decoder language model, as its `config.json` gives it.
public struct ModelConfiguration: Sendable, Hashable {
  /// The model families whose blocks can be described, under transformers' names.
  public enum Family: String, Sendable, CaseIterable {
    case llama, mistral, qwen2
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
  /// What keeps root mean squares from 0.
  public var normEpsilon = 1e-6
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
  /// How many tokens back a token sees, itself included; nil for all of them.
  public var attentionWindow: Int?
  /// The longest sequence the model was made for, in tokens.
  public var maximumPositions = 2048
  /// The standard deviation of fresh weights.
  public var initializerRange = 0.02
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
    for (name, value) in measures where value < 1 { return "'\(name)' is \(value), and must be at least 1" }
    if headCount % keyValueHeadCount != 0 {
      return
        "'num_attention_heads' (\(headCount)) is no multiple of 'num_key_value_heads' (\(keyValueHeadCount))"
    }
    if headWidth % 2 != 0 { return "'head_dim' is \(headWidth), and rotary positions need an even one" }
    return nil
  }
}

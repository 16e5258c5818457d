// Which weights a decoder has: their names as Hugging Face spells them, and their shapes.

import Optimizers

/// One weight that a configuration asks for.
struct WeightSpecification: Sendable, Hashable {
  /// What a weight is for, which settles its first values and whether it decays.
  enum Kind: Sendable {
    case matrix, bias, norm
  }

  let name: ParameterName
  let shape: [Int]
  let kind: Kind

  /// Names one weight.
  init(_ name: String, _ shape: [Int], _ kind: Kind = .matrix) {
    (self.name, self.shape, self.kind) = (ParameterName(name), shape, kind)
  }
}

extension ModelConfiguration {
  /// The embedding's name, also the head's where the two are tied.
  static let embeddingName = "model.embed_tokens.weight"
  /// The last norm's name.
  static let lastNormName = "model.norm.weight"
  /// The name of a head of its own.
  static let headName = "lm_head.weight"

  /// Every weight, in the order of transformers' modules.
  var weights: [WeightSpecification] {
    var list = [WeightSpecification(Self.embeddingName, [vocabularyCount, width])]
    for layer in 0..<layerCount { list += blockWeights(layer) }
    list.append(WeightSpecification(Self.lastNormName, [width], .norm))
    if !tiesEmbeddings { list.append(WeightSpecification(Self.headName, [vocabularyCount, width])) }
    return list
  }

  private func blockWeights(_ layer: Int) -> [WeightSpecification] {
    let prefix = "model.layers.\(layer)."
    let (queries, keys) = (headCount * headWidth, keyValueHeadCount * headWidth)
    func map(_ name: String, _ outputs: Int, _ inputs: Int, _ hasBias: Bool) -> [WeightSpecification] {
      [WeightSpecification(prefix + name + ".weight", [outputs, inputs])]
        + (hasBias ? [WeightSpecification(prefix + name + ".bias", [outputs], .bias)] : [])
    }
    return map("self_attn.q_proj", queries, width, hasQueryBias)
      + map("self_attn.k_proj", keys, width, hasQueryBias)
      + map("self_attn.v_proj", keys, width, hasQueryBias)
      + map("self_attn.o_proj", width, queries, hasAttentionOutputBias)
      + map("mlp.gate_proj", feedForwardWidth, width, hasFeedForwardBias)
      + map("mlp.up_proj", feedForwardWidth, width, hasFeedForwardBias)
      + map("mlp.down_proj", width, feedForwardWidth, hasFeedForwardBias)
      + [
        WeightSpecification(prefix + "input_layernorm.weight", [width], .norm),
        WeightSpecification(prefix + "post_attention_layernorm.weight", [width], .norm),
      ]
  }
}

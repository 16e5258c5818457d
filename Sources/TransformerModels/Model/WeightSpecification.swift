// Which weights a decoder has: their names as Hugging Face spells them, and their shapes.

import Optimizers

/// One weight that a configuration asks for.
struct WeightSpecification: Sendable, Hashable {
  /// What a weight is for, which settles its first values and whether it decays.
  enum Kind: Sendable {
    /// It multiplies; tables are looked up, too, or only.
    case matrix, table, bias, norm
  }

  let name: ParameterName
  let shape: [Int]
  let kind: Kind
  /// Whether the file has it transposed: `[inputs, outputs]`.
  let isTurned: Bool

  /// Names one weight.
  init(_ name: String, _ shape: [Int], _ kind: Kind = .matrix, isTurned: Bool = false) {
    (self.name, self.shape, self.kind, self.isTurned) = (ParameterName(name), shape, kind, isTurned)
  }

  /// The shape that it has in the file.
  var fileShape: [Int] { isTurned ? shape.reversed() : shape }

  /// How many scalars it has.
  var count: Int { shape.reduce(1, *) }
}

extension ModelConfiguration {
  /// Every weight, in the order of transformers' modules.
  var weights: [WeightSpecification] {
    var list = [WeightSpecification(embeddingName, [vocabularyCount, width], .table)]
    if let positionsName {
      list.append(WeightSpecification(positionsName, [maximumPositions, width], .table))
    }
    for layer in 0..<layerCount { list += blockWeights(layer) }
    list += normWeights(lastNormName, width)
    if !tiesEmbeddings { list.append(WeightSpecification(headName, [vocabularyCount, width])) }
    return list
  }

  private func normWeights(_ name: String, _ count: Int) -> [WeightSpecification] {
    [WeightSpecification(name + ".weight", [count], .norm)]
      + (architecture.norm == .layer ? [WeightSpecification(name + ".bias", [count], .bias)] : [])
  }

  private func blockWeights(_ layer: Int) -> [WeightSpecification] {
    let (prefix, parts) = (blockName(layer), architecture)
    var list: [WeightSpecification] = []
    for module in linearModules {
      list.append(
        WeightSpecification(
          prefix + module.name + ".weight", [module.outputs, module.inputs],
          isTurned: parts.storesInputsFirst))
      if module.hasBias {
        list.append(WeightSpecification(prefix + module.name + ".bias", [module.outputs], .bias))
      }
    }
    for (name, count) in queryKeyNorms { list.append(WeightSpecification(prefix + name, [count], .norm)) }
    let norms = [
      parts.beforeAttention, parts.afterAttention, parts.beforeFeedForward, parts.afterFeedForward,
    ]
    for case let name? in norms { list += normWeights(prefix + name, width) }
    return list
  }

  /// The norms of queries and keys, and how many weights each has.
  var queryKeyNorms: [(name: String, count: Int)] {
    let names = ["self_attn.q_norm.weight", "self_attn.k_norm.weight"]
    return switch architecture.queryKeyNorm {
    case .none: []
    case .eachHead: names.map { ($0, headWidth) }
    case .allHeads: [(names[0], queryWidth), (names[1], keyWidth)]
    }
  }
}

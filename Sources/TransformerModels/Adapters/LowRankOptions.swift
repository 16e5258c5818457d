// What a low-rank adapter looks like: rank, scale, dropout, and the layers it sits beside.

/// The measures of a low-rank adapter.
///
///     y = W·x + s·B·(A·x),   s = alpha / rank, or alpha / √rank
///
/// - Source: Hu et al., 2022, arXiv:2106.09685, Section 4.1; Kalajdzievski, 2023, arXiv:2312.03732 for √rank.
public struct LowRankOptions: Sendable, Hashable {
  /// Which linear layers get a pair of matrices.
  public enum Targets: Sendable, Hashable {
    /// What PEFT takes for these architectures unless told otherwise: `q_proj` and `v_proj`.
    case usual
    /// Every linear layer but the head.
    case allLinear
    /// Layers whose name is one of these, or ends in a dot and one of these.
    case named([String])
  }

  /// Rows of A, columns of B.
  public var rank: Int
  /// What the scale is made of.
  public var alpha: Double
  /// The share of A's inputs that is left out at random in training.
  public var dropout: Double
  /// Which layers are adapted.
  public var targets: Targets
  /// Whether the scale divides by √rank instead of rank.
  public var usesRankStabilizedScale: Bool

  /// - Precondition: rank and alpha are positive, dropout is in `0..<1`.
  public init(
    rank: Int = 16, alpha: Double = 32, dropout: Double = 0, targets: Targets = .usual,
    usesRankStabilizedScale: Bool = false
  ) {
    precondition(
      rank > 0 && alpha > 0 && (0..<1).contains(dropout),
      "LowRankOptions: rank \(rank), alpha \(alpha), dropout \(dropout)")
    (self.rank, self.alpha, self.dropout, self.targets) = (rank, alpha, dropout, targets)
    self.usesRankStabilizedScale = usesRankStabilizedScale
  }

  /// The layers of ``Targets/usual``.
  static let usualLayers = ["q_proj", "v_proj"]

  /// What the pairs' part is multiplied by.
  public var scale: Double {
    alpha / (usesRankStabilizedScale ? Double(rank).squareRoot() : Double(rank))
  }
}

/// One linear layer of a block: where it stands among those that share its input.
struct AdaptableLayer: Sendable, Hashable {
  /// The layers of a block that multiply the same activations.
  enum Input: Int, Sendable, CaseIterable {
    case attentionInputs, output, gateAndUp, down
  }

  /// `model.layers.0.self_attn.q_proj`.
  let name: String
  let block: Int
  let input: Input
  /// Its part of what comes out of the joined layers.
  let columns: Range<Int>
  /// How wide its input is.
  let inputs: Int
  /// Its number among all of the model's, adapted or not.
  let place: Int
}

extension ModelConfiguration {
  /// Every linear layer but the head, in the order of transformers' modules.
  var adaptableLayers: [AdaptableLayer] {
    let (queries, keys) = (headCount * headWidth, keyValueHeadCount * headWidth)
    let groups: [(AdaptableLayer.Input, Int, [(String, Int)])] = [
      (
        .attentionInputs, width,
        [("self_attn.q_proj", queries), ("self_attn.k_proj", keys), ("self_attn.v_proj", keys)]
      ),
      (.output, queries, [("self_attn.o_proj", width)]),
      (.gateAndUp, width, [("mlp.gate_proj", feedForwardWidth), ("mlp.up_proj", feedForwardWidth)]),
      (.down, feedForwardWidth, [("mlp.down_proj", width)]),
    ]
    var layers: [AdaptableLayer] = []
    for block in 0..<layerCount {
      for (input, inputs, modules) in groups {
        var first = 0
        for (name, outputs) in modules {
          layers.append(
            AdaptableLayer(
              name: "model.layers.\(block).\(name)", block: block, input: input,
              columns: first..<first + outputs, inputs: inputs, place: layers.count))
          first += outputs
        }
      }
    }
    return layers
  }

  /// The layers that `targets` names.
  ///
  /// - Throws: if a name is no layer's.
  func layers(for targets: LowRankOptions.Targets) throws(ModelError) -> [AdaptableLayer] {
    let all = adaptableLayers
    let wanted: [String]
    switch targets {
    case .allLinear: return all
    case .usual: wanted = LowRankOptions.usualLayers
    case .named(let names): wanted = names
    }
    func isMeant(_ layer: AdaptableLayer, by name: String) -> Bool {
      layer.name == name || layer.name.hasSuffix("." + name)
    }
    if let stranger = wanted.first(where: { name in !all.contains { isMeant($0, by: name) } }) {
      let known = all.prefix { $0.block == 0 }.map { "'\($0.name.split(separator: ".").last ?? "")'" }
      throw ModelError(
        "target_modules '\(stranger)' is no linear layer of this model; there are \(known.joined(separator: ", ")), "
          + "and \"all-linear\" takes them all")
    }
    guard !wanted.isEmpty else {
      throw ModelError("target_modules is empty, so there would be nothing to train; name a layer")
    }
    return all.filter { layer in wanted.contains { isMeant(layer, by: $0) } }
  }
}

// What an adapter looks like: rank, scale, dropout, the layers it sits beside, and what is trained besides.

import Optimizers

/// The measures of a low-rank adapter.
///
///     y = W·x + s·B·(A·x),   s = alpha / rank, or alpha / √rank
///
/// With ``decomposesWeights`` (DoRA), the direction is adapted and the length learned: with `V = W + s·B·A` and one
/// magnitude `m` for each output,
///
///     y = m/‖V‖ ∘ V·x + b
///
/// where `‖V‖`, the norm of each row, is a constant to the gradient.
/// - Source: Hu et al., 2022, arXiv:2106.09685, Section 4.1; Kalajdzievski, 2023, arXiv:2312.03732 for √rank; Liu et
///   al., 2024, arXiv:2402.09353, Section 4.3 for DoRA.
public struct LowRankOptions: Sendable, Hashable {
  /// Which layers are meant.
  public enum Targets: Sendable, Hashable {
    /// What PEFT takes for the architecture unless told otherwise: queries and values, however they are called.
    case usual
    /// Every linear layer but the head.
    case allLinear
    /// Layers whose name is one of these, or ends in a dot and one of these.
    case named([String])
    /// Layers whose whole name matches a regular expression.
    case pattern(String)
  }

  /// Which of the model's own biases are trained.
  public enum Biases: String, Sendable, Hashable, CaseIterable {
    /// None.
    case none
    /// Every one that the model has.
    case all
    /// Those of adapted layers.
    case adapted = "lora_only"
  }

  /// Rows of A, columns of B.
  public var rank: Int
  /// What the scale is made of.
  public var alpha: Double
  /// The share of A's inputs that is left out at random in training.
  public var dropout: Double
  /// Which layers are adapted.
  public var targets: Targets
  /// Layers that are left out all the same.
  public var excluded: Targets?
  /// The blocks whose layers are adapted, where layers are named; all of them unless given.
  public var blocks: [Int]?
  /// What holds those blocks, by PEFT's `layers_pattern`: `layers`, `h`; whatever does unless given.
  public var blockContainers: [String] = []
  /// Other ranks and alphas for layers whose name ends in a match of a regular expression; the first match counts.
  public var ranks: [Exception<Int>] = []
  /// Other alphas.
  public var alphas: [Exception<Double>] = []
  /// Whether the scale divides by √rank instead of rank.
  public var usesRankStabilizedScale: Bool
  /// Whether each output has a magnitude of its own: DoRA.
  public var decomposesWeights = false
  /// Which biases are trained.
  public var biases = Biases.none
  /// Modules that are trained as a whole, by how their names end.
  public var savedModules: [String] = []

  /// A measure that some layers have instead of the usual one.
  public struct Exception<Measure: Sendable & Hashable>: Sendable, Hashable {
    /// A regular expression.
    public var pattern: String
    /// What matching layers have.
    public var measure: Measure

    /// Layers that match `pattern` have `measure`.
    public init(_ pattern: String, _ measure: Measure) { (self.pattern, self.measure) = (pattern, measure) }
  }

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

  /// What the pairs' part is multiplied by, but for layers that are exceptions.
  public var scale: Double { scale(rank: rank, alpha: alpha) }

  /// What a pair's part is multiplied by.
  func scale(rank: Int, alpha: Double) -> Double {
    alpha / (usesRankStabilizedScale ? Double(rank).squareRoot() : Double(rank))
  }

  /// Whether more is trained than pairs beside frozen weights: then the model computes with merged weights.
  public var needsMergedWeights: Bool { decomposesWeights || biases != .none || !savedModules.isEmpty }
}

/// One linear layer of a block: where it stands among those that share its input.
struct AdaptableLayer: Sendable, Hashable {
  /// The layers of a block that multiply the same activations.
  typealias Input = LinearModule.Input

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
  /// Whether files have its weights as `[inputs, outputs]`; in memory they never stand so.
  let isTransposed: Bool
  /// Which end of the model it is, where it is no layer of a block.
  var end: End?
  /// What the model calls its weights, where that is not its name with `.weight`.
  var ownWeightName: String?

  /// Its names: PEFT's, and the model's own where that is another.
  var spellings: [String] {
    ownWeightName == nil ? [name] : [name, ModelConfiguration.module(of: weightName)]
  }

  /// What the model calls its weights.
  var weightName: ParameterName { ParameterName(ownWeightName ?? name + ".weight") }

  /// What stands before the first block and behind the last.
  enum End: Sendable, Hashable { case embedding, head }
}

extension ModelConfiguration {
  /// What PEFT calls the model's `module`: every head is `lm_head`, whatever files of weights call it.
  func adapterName(ofModule module: String) -> String { module == architecture.head ? "lm_head" : module }

  /// The head and the embedding, whose table is as a layer of a row for each token.
  var adaptableEnds: [AdaptableLayer] {
    [(AdaptableLayer.End.head, headName), (.embedding, embeddingName)].enumerated().map { index, end in
      AdaptableLayer(
        name: adapterName(ofModule: String(end.1.dropLast(".weight".count))), block: layerCount + index,
        input: .output, columns: 0..<vocabularyCount, inputs: width,
        place: layerCount * linearModules.count + index, isTransposed: false, end: end.0,
        ownWeightName: end.1)
    }
  }

  /// Every linear layer but the head, in the order of transformers' modules.
  var adaptableLayers: [AdaptableLayer] {
    var layers: [AdaptableLayer] = []
    for block in 0..<layerCount {
      var first = [LinearModule.Input: Int]()
      for module in linearModules {
        let start = first[module.input] ?? 0
        layers.append(
          AdaptableLayer(
            name: blockName(block) + module.name, block: block, input: module.input,
            columns: start..<start + module.outputs, inputs: module.inputs, place: layers.count,
            isTransposed: architecture.storesInputsFirst))
        first[module.input] = start + module.outputs
      }
    }
    return layers
  }
}

// A low-rank adapter: a pair of small matrices beside each adapted layer, in single precision.

public import Optimizers
import VectorKernels

/// Pairs of small matrices beside a model's linear layers, and whatever else is trained with them.
///
/// Parameters carry the names that PEFT gives their tensors.
public final class LowRankAdapter {
  /// Rank, scale, dropout, layers.
  public let options: LowRankOptions
  /// A `[rank, inputs]` and B `[outputs, rank]` of every adapted layer, its magnitudes `[outputs]` where it has
  /// some, then the weights that are trained as a whole.
  public private(set) var parameters: Parameters
  /// The adapted layers that share an input and a rank, their A's below each other in one matrix.
  let groups: [Group]
  /// The model's own weights that are trained with the pairs, by their names in the model.
  let whole: [(weight: WeightSpecification, name: ParameterName)]
  /// The model that it is made for: with a head of its own where head or embedding are trained.
  let configuration: ModelConfiguration
  /// Whether magnitudes and whole weights are still to be taken from the model.
  let isFresh: Bool
  /// The base's own embedding and head, which PEFT writes beside pairs of theirs; they stand in for the model's.
  var ends: [ParameterName: FloatBuffer] = [:]

  /// Whether the adapter can only be had merged: for more than pairs, and for pairs beside embedding or head.
  public var needsMergedWeights: Bool {
    options.needsMergedWeights || pairs.contains { $0.layer.end != nil }
  }

  /// Some layers of one block that multiply the same activations.
  struct Group: Sendable {
    let block: Int
    let input: AdaptableLayer.Input
    let rank: Int
    let scale: Double
    /// All A's. `[layers·rank, inputs]`
    let down: Matrix<Float>
    let pairs: [Pair]
  }

  /// The two matrices beside one layer.
  struct Pair: Sendable {
    let layer: AdaptableLayer
    let rank: Int
    let scale: Double
    /// A `[rank, inputs]` and B `[outputs, rank]`.
    let down: Parameter, up: Parameter
    /// The length of each row of the weights. `[outputs]`
    let magnitude: Parameter?
  }

  /// Makes zeros for what `options` name.
  private init(
    _ configuration: ModelConfiguration, _ options: LowRankOptions, isStrict: Bool, isFresh: Bool
  ) throws(ModelError) {
    (self.options, self.isFresh) = (options, isFresh)
    let layers = try configuration.adaptedLayers(options, isStrict: isStrict)
    self.configuration = try configuration.untied(
      for: options, isStrict: isStrict, always: layers.contains { $0.layer.end != nil })
    groups = Self.groups(layers, options)
    whole = try Self.whole(self.configuration, layers, options, isStrict: isStrict)
    parameters = Parameters([])
    parameters = Parameters(
      groups.flatMap { $0.pairs.flatMap(\.parameters) } + whole.map { Self.parameter($0.weight, $0.name) })
  }

  private init(copying other: LowRankAdapter) {
    (options, configuration, isFresh) = (other.options, other.configuration, false)
    whole = other.whole
    groups = Self.groups(
      other.groups.flatMap { group in
        group.pairs.map { AdaptedLayer(layer: $0.layer, rank: group.rank, scale: group.scale) }
      }, other.options)
    parameters = Parameters([])
    parameters = Parameters(
      groups.flatMap { $0.pairs.flatMap(\.parameters) } + whole.map { Self.parameter($0.weight, $0.name) })
    ends = other.ends
    for (mine, its) in zip(parameters, other.parameters) { VectorKernels.copy(its.values, into: mine.values) }
  }

  private static func groups(_ layers: [AdaptedLayer], _ options: LowRankOptions) -> [Group] {
    var groups: [Group] = []
    var first = 0
    while first < layers.count {
      let start = layers[first]
      let members = layers[first...].prefix {
        $0.layer.block == start.layer.block && $0.layer.input == start.layer.input && $0.rank == start.rank
          && $0.scale == start.scale
      }
      // Dropout gives each layer an input of its own; without it, one product serves all.
      let size = start.rank * start.layer.inputs
      let values = FloatBuffer(count: members.count * size)
      let pairs = members.enumerated().map { place, member in
        pair(member, values.window(place * size..<(place + 1) * size), options)
      }
      groups.append(
        Group(
          block: start.layer.block, input: start.layer.input, rank: start.rank, scale: start.scale,
          down: Matrix(values, rows: members.count * start.rank, columns: start.layer.inputs), pairs: pairs))
      first += members.count
    }
    return groups
  }

  /// What PEFT calls A and B beside an embedding, which its files have turned.
  static let embeddingParts = ["lora_embedding_A", "lora_embedding_B"]

  private static func pair(_ member: AdaptedLayer, _ down: FloatBuffer, _ options: LowRankOptions) -> Pair {
    let (layer, rank, outputs) = (member.layer, member.rank, member.layer.columns.count)
    func name(_ part: String) -> ParameterName { ParameterName("base_model.model.\(layer.name).\(part)") }
    // Beside an embedding PEFT adds (B·A)ᵀ to the table: A, turned, is what stands on the tokens' side.
    let isTable = layer.end == .embedding
    return Pair(
      layer: layer, rank: rank, scale: member.scale,
      down: Parameter(
        name(isTable ? embeddingParts[1] : "lora_A.weight"), shape: [rank, layer.inputs], values: down),
      up: Parameter(
        name(isTable ? embeddingParts[0] : "lora_B.weight"), shape: [outputs, rank],
        values: FloatBuffer(count: outputs * rank)),
      magnitude: options.decomposesWeights
        ? Parameter(name("lora_magnitude_vector"), shape: [outputs], values: FloatBuffer(count: outputs))
        : nil)
  }

  /// Modules that are trained as a whole, then biases, under the names that PEFT writes them by.
  private static func whole(
    _ configuration: ModelConfiguration, _ layers: [AdaptedLayer], _ options: LowRankOptions, isStrict: Bool
  ) throws(ModelError) -> [(weight: WeightSpecification, name: ParameterName)] {
    let saved = try configuration.savedWeights(options, isStrict: isStrict)
    let adapted = Set(layers.map(\.layer.name))
    let biases = configuration.weights.filter { weight in
      guard weight.name.description.hasSuffix(".bias"), !saved.contains(weight) else { return false }
      switch options.biases {
      case .none: return false
      case .all: return true
      case .adapted: return adapted.contains(ModelConfiguration.module(of: weight))
      }
    }
    // PEFT writes such adapters for models without biases, too, and they say nothing.
    guard options.biases == .none || !biases.isEmpty || !isStrict else {
      throw ModelError("bias '\(options.biases.rawValue)': the model has no such bias; leave it out")
    }
    return (saved + biases).map { weight in
      let module = ModelConfiguration.module(of: weight)
      let last = ModelConfiguration.lastPart(weight.name.description)
      // PEFT puts an adapted layer inside another.
      let inner = adapted.contains(module) ? ".base_layer" : ""
      let name = configuration.adapterName(ofModule: module)
      return (weight, ParameterName("base_model.model.\(name)\(inner).\(last)"))
    }
  }

  private static func parameter(
    _ weight: WeightSpecification, _ name: ParameterName, values: FloatBuffer? = nil
  ) -> Parameter {
    Parameter(
      name, shape: weight.shape, values: values ?? FloatBuffer(count: weight.shape.reduce(1, *)),
      isDecayed: weight.kind == .matrix || weight.kind == .table)
  }

  /// A fresh adapter, which changes nothing yet: B is 0, A is uniform within ±1/√inputs, as in PEFT.
  ///
  /// - Throws: if `options` name a layer that the model does not have.
  public convenience init(
    for configuration: ModelConfiguration, _ options: LowRankOptions, seed: UInt64
  ) throws(ModelError) {
    try self.init(configuration, options, isStrict: true, isFresh: true)
    for pair in pairs {
      let bound = 1 / Double(pair.layer.inputs).squareRoot()
      let stream = seed &+ UInt64(pair.layer.place + 1) &* 0xD134_2543_DE82_EF95
      for i in 0..<pair.down.values.count {
        pair.down.values[i] = Float(bound * (2 * uniformNumber(seed: stream, index: i) - 1))
      }
    }
  }

  /// An adapter whose weights `fill` writes.
  ///
  /// - Throws: what `fill` throws, or if `options` fit no layer of the model.
  convenience init(
    for configuration: ModelConfiguration, _ options: LowRankOptions,
    fill: (Parameter) throws(ModelError) -> Void
  ) throws(ModelError) {
    try self.init(configuration, options, isStrict: false, isFresh: false)
    for parameter in parameters { try fill(parameter) }
  }

  /// Every pair, in the order of the model's layers.
  var pairs: [Pair] { groups.flatMap(\.pairs) }

  /// The same weights once more, which training of these does not move.
  func copy() -> LowRankAdapter { LowRankAdapter(copying: self) }

  /// Takes the model's own memory for the weights that are trained as a whole, so that moving one moves the other.
  ///
  /// Values go from here to the model, or from there to here where the adapter is fresh.
  func share(_ weights: Parameters) {
    parameters = Parameters(
      parameters.map { parameter in
        guard let (weight, name) = whole.first(where: { $0.name == parameter.name }),
          let model = weights[weight.name]
        else { return parameter }
        if !isFresh { VectorKernels.copy(parameter.values, into: model.values) }
        return Self.parameter(weight, name, values: model.values)
      })
  }
}

extension LowRankAdapter.Pair {
  /// A, B, and the magnitudes where there are some.
  var parameters: [Parameter] { [down, up] + (magnitude.map { [$0] } ?? []) }
}

extension ModelConfiguration {
  /// This model with a head of its own, where `options` train the head or the embedding: PEFT makes a copy of the
  /// one and leaves the other.
  func untied(
    for options: LowRankOptions, isStrict: Bool, always: Bool
  ) throws(ModelError) -> ModelConfiguration {
    guard tiesEmbeddings else { return self }
    var copy = self
    copy.tiesEmbeddings = false
    if always { return copy }
    let names = try copy.savedWeights(options, isStrict: isStrict).map(\.name.description)
    return names.contains { $0 == headName || $0 == embeddingName } ? copy : self
  }
}

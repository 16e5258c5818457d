// A low-rank adapter: a pair of small matrices beside each adapted layer, in single precision.

public import Optimizers
import VectorKernels

/// Pairs of small matrices beside a model's frozen linear layers.
///
/// Parameters carry the names that PEFT gives their tensors.
public final class LowRankAdapter {
  /// Rank, scale, dropout, layers.
  public let options: LowRankOptions
  /// A and B of every adapted layer, `[rank, inputs]` and `[outputs, rank]`.
  public let parameters: Parameters
  /// The adapted layers that share an input, their A's below each other in one matrix.
  let groups: [Group]

  /// Some layers of one block that multiply the same activations.
  struct Group: Sendable {
    let block: Int
    let input: AdaptableLayer.Input
    /// All A's. `[layers·rank, inputs]`
    let down: Matrix<Float>
    let pairs: [Pair]
  }

  /// The two matrices beside one layer.
  struct Pair: Sendable {
    let layer: AdaptableLayer
    /// A `[rank, inputs]` and B `[outputs, rank]`.
    let down: Parameter, up: Parameter
  }

  /// Makes zeros for the layers that `options` name.
  private convenience init(
    _ configuration: ModelConfiguration, _ options: LowRankOptions
  ) throws(ModelError) {
    self.init(try configuration.layers(for: options.targets), options)
  }

  private convenience init(copying other: LowRankAdapter) {
    self.init(other.groups.flatMap { $0.pairs.map(\.layer) }, other.options)
    for (mine, its) in zip(parameters, other.parameters) { VectorKernels.copy(its.values, into: mine.values) }
  }

  /// Makes zeros for `layers`.
  private init(_ layers: [AdaptableLayer], _ options: LowRankOptions) {
    self.options = options
    let rank = options.rank
    var groups: [Group] = []
    var first = 0
    while first < layers.count {
      let start = layers[first]
      let members = layers[first...].prefix { $0.block == start.block && $0.input == start.input }
      // Dropout gives each layer an input of its own; without it, one product serves all.
      let values = FloatBuffer(count: members.count * rank * start.inputs)
      let size = rank * start.inputs
      let pairs = members.enumerated().map { place, layer in
        Pair(
          layer: layer,
          down: Parameter(
            Self.name(layer, "A"), shape: [rank, layer.inputs],
            values: values.window(place * size..<(place + 1) * size)),
          up: Parameter(
            Self.name(layer, "B"), shape: [layer.columns.count, rank],
            values: FloatBuffer(count: layer.columns.count * rank)))
      }
      groups.append(
        Group(
          block: start.block, input: start.input,
          down: Matrix(values, rows: members.count * rank, columns: start.inputs), pairs: pairs))
      first += members.count
    }
    self.groups = groups
    parameters = Parameters(groups.flatMap { $0.pairs.flatMap { [$0.down, $0.up] } })
  }

  private static func name(_ layer: AdaptableLayer, _ matrix: String) -> ParameterName {
    ParameterName("base_model.model.\(layer.name).lora_\(matrix).weight")
  }

  /// A fresh adapter, which changes nothing yet: B is 0, A is uniform within ±1/√inputs, as in PEFT.
  ///
  /// - Throws: if `options` name a layer that the model does not have.
  public convenience init(
    for configuration: ModelConfiguration, _ options: LowRankOptions, seed: UInt64
  ) throws(ModelError) {
    try self.init(configuration, options)
    for group in groups {
      for pair in group.pairs {
        let bound = 1 / Double(pair.layer.inputs).squareRoot()
        let stream = seed &+ UInt64(pair.layer.place + 1) &* 0xD134_2543_DE82_EF95
        for i in 0..<pair.down.values.count {
          pair.down.values[i] = Float(bound * (2 * uniformNumber(seed: stream, index: i) - 1))
        }
      }
    }
  }

  /// An adapter whose weights `fill` writes.
  ///
  /// - Throws: what `fill` throws, or if `options` name a layer that the model does not have.
  convenience init(
    for configuration: ModelConfiguration, _ options: LowRankOptions,
    fill: (Parameter) throws(ModelError) -> Void
  ) throws(ModelError) {
    try self.init(configuration, options)
    for parameter in parameters { try fill(parameter) }
  }

  /// The same weights once more, which training of these does not move.
  func copy() -> LowRankAdapter { LowRankAdapter(copying: self) }
}

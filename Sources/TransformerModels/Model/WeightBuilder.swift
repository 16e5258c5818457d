// Fills a model's weights one after the other; those that multiply the same activations lie end to end.

import Optimizers
import VectorKernels

/// Weights whose rows follow each other: one matrix that multiplies in one product.
struct JoinedWeights: Sendable {
  /// Whose rows they are, in this order.
  let specifications: [WeightSpecification]
  /// All of them. `[rows, columns]`, or `[rows]` for biases.
  let values: FloatBuffer

  /// The parameters' names.
  var names: [ParameterName] { specifications.map(\.name) }
  /// How many rows there are altogether.
  var rows: Int { specifications.reduce(0) { $0 + $1.shape[0] } }
  /// The length of a row: 1 for biases.
  var columns: Int { specifications.first.map { $0.shape.dropFirst().reduce(1, *) } ?? 0 }
  /// All of them as a matrix.
  var matrix: Matrix<Float> { Matrix(values, rows: rows, columns: columns) }
}

/// Makes weights in the order in which layers ask for them, and notes those that are kept as they are.
struct WeightBuilder<Failure: Error> {
  let configuration: ModelConfiguration
  let use: WeightUse
  let computeType: ComputeType
  /// Writes a weight's values into memory made for it.
  let fill: (WeightSpecification, FloatBuffer) throws(Failure) -> Void
  private let specifications: [String: WeightSpecification]
  /// What is kept in single precision so far.
  private(set) var kept: [ParameterName: Parameter] = [:]

  init(
    _ configuration: ModelConfiguration, use: WeightUse, computeType: ComputeType,
    fill: @escaping (WeightSpecification, FloatBuffer) throws(Failure) -> Void
  ) {
    (self.configuration, self.use, self.computeType) = (configuration, use, computeType)
    self.fill = fill
    specifications = Dictionary(
      uniqueKeysWithValues: configuration.weights.map { ($0.name.description, $0) })
  }

  /// Whether a weight of that name belongs to the model.
  func has(_ name: String) -> Bool { specifications[name] != nil }

  /// A weight that is kept in single precision whatever products use: a norm's.
  mutating func vector(_ name: String) throws(Failure) -> Parameter {
    let weights = try joined([name], isKept: true)
    guard let parameter = kept[ParameterName(name)] else {
      preconditionFailure("WeightBuilder: '\(weights.names)' was not kept")
    }
    return parameter
  }

  /// Weights that multiply the same activations, and their biases where the model has them.
  mutating func map<Scalar: ActivationScalar>(_ names: [String]) throws(Failure) -> LinearMap<Scalar> {
    let biases = names.map { $0 + ".bias" }.filter(has)
    let bias = biases.isEmpty ? nil : try joined(biases, isKept: true)
    let weights = try joined(names.map { $0 + ".weight" }, isKept: use.keepsValues(computeType))
    return LinearMap(weights, bias: bias, use: use, computeType.precision)
  }

  /// Weights end to end in memory of their own, which is gone with the result unless they are kept.
  mutating func joined(_ names: [String], isKept: Bool) throws(Failure) -> JoinedWeights {
    let wanted = names.map { name in
      guard let specification = specifications[name] else {
        preconditionFailure("WeightBuilder: the configuration has no weight '\(name)'")
      }
      return specification
    }
    let counts = wanted.map { $0.shape.reduce(1, *) }
    let values = FloatBuffer(count: counts.reduce(0, +))
    var first = 0
    for (specification, count) in zip(wanted, counts) {
      let window = values.window(first..<first + count)
      try fill(specification, window)
      if isKept {
        kept[specification.name] = Parameter(
          specification.name, shape: specification.shape, values: window,
          isDecayed: specification.kind == .matrix || specification.kind == .table)
      }
      first += count
    }
    return JoinedWeights(specifications: wanted, values: values)
  }

  /// What is kept, in the order of transformers' modules.
  var parameters: Parameters { Parameters(configuration.weights.compactMap { kept[$0.name] }) }
}

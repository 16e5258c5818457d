// Named weights that training moves, and the gradients that are summed for them.

public import Tensors
public import VectorKernels

/// A weight's place in its model, as Hugging Face spells it: `model.layers.0.mlp.up_proj.weight`.
public struct ParameterName: Hashable, Sendable, Codable, Comparable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  public let description: String
  public init(_ text: String) { description = text }
  public init(stringLiteral text: String) { description = text }
  public static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}

/// One trainable weight: single-precision scalars that are updated in place.
public struct Parameter: Sendable {
  public let name: ParameterName
  public let shape: [Int]
  public let values: FloatBuffer
  /// Whether weight decay applies; transformers' trainer spares biases and norm weights.
  public let isDecayed: Bool

  public init(_ name: ParameterName, shape: [Int], values: FloatBuffer, isDecayed: Bool = true) {
    precondition(
      shape.reduce(1, *) == values.count, "Parameter '\(name)': shape \(shape), but \(values.count) scalars")
    (self.name, self.shape, self.values, self.isDecayed) = (name, shape, values, isDecayed)
  }

  /// A weight of its own memory that starts with `scalars`.
  public init(_ name: ParameterName, shape: [Int], scalars: [Float], isDecayed: Bool = true) {
    self.init(name, shape: shape, values: FloatBuffer(scalars), isDecayed: isDecayed)
  }

  /// A copy of the values as a tensor.
  public var tensor: Tensor { Tensor(values.scalars.map(Double.init), shape: shape) }
}

/// The trainable weights of a model, in a fixed order.
public struct Parameters: Sendable, RandomAccessCollection {
  private let ordered: [Parameter]
  private let places: [ParameterName: Int]

  public init(_ parameters: [Parameter]) {
    ordered = parameters
    places = Dictionary(uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { ordered.count }
  public subscript(position: Int) -> Parameter { ordered[position] }
  public subscript(name: ParameterName) -> Parameter? { places[name].map { ordered[$0] } }
}

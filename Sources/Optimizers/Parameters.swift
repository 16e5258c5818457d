// Named weights that training moves, and the gradients that are summed for them.

public import Tensors
public import VectorKernels

/// A weight's place in its model, as Hugging Face spells it: `model.layers.0.mlp.up_proj.weight`.
public struct ParameterName: Hashable, Sendable, Codable, Comparable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  /// The name as text.
  public let description: String

  /// The name that reads `text`.
  public init(_ text: String) { description = text }
  /// The name that reads `text`.
  public init(stringLiteral text: String) { description = text }
  /// Alphabetical order.
  public static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}

/// One trainable weight: single-precision scalars that are updated in place.
public struct Parameter: Sendable {
  /// Its place in the model.
  public let name: ParameterName
  /// Its extent along each axis.
  public let shape: [Int]
  /// Its scalars in row-major order, shared by reference.
  public let values: FloatBuffer
  /// Whether weight decay applies; transformers' trainer spares biases and norm weights.
  public let isDecayed: Bool

  /// A weight whose scalars are `values`, which it does not copy.
  ///
  /// - Precondition: `values` holds as many scalars as `shape`.
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

  /// The weights in this order.
  ///
  /// - Precondition: no name comes twice.
  public init(_ parameters: [Parameter]) {
    ordered = parameters
    places = Dictionary(uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
  }

  /// The first weight's position.
  public var startIndex: Int { 0 }
  /// The position behind the last weight.
  public var endIndex: Int { ordered.count }
  /// The weight at a position.
  public subscript(position: Int) -> Parameter { ordered[position] }
  /// The weight called `name`.
  public subscript(name: ParameterName) -> Parameter? { places[name].map { ordered[$0] } }
  /// The position of the weight called `name`.
  func place(of name: ParameterName) -> Int? { places[name] }
}

// The tensor value: immutable scalars with a shape and, when tracked, a place in a gradient graph.

import VectorKernels

/// An immutable n-dimensional array of real numbers, row-major.
///
/// Operations compute in the wider format of their operands, and gradients come back in each operand's own.
/// A plain number beside a tensor takes the tensor's format.
public struct Tensor: Sendable {
  /// The extent of each axis; empty for a single scalar.
  public let shape: [Int]
  /// The scalars.
  let storage: TensorStorage
  /// The place in a gradient graph, where the tensor is tracked.
  let node: GradientNode?

  /// Double-precision scalars of the given shape; one axis where none is given.
  ///
  /// - Precondition: `shape` holds as many scalars as there are.
  public init(_ scalars: [Double], shape: [Int]? = nil) {
    self.init(TensorStorage(scalars), shape: shape ?? [scalars.count], node: nil)
  }

  /// Single-precision scalars of the given shape; one axis where none is given.
  ///
  /// - Precondition: `shape` holds as many scalars as there are.
  @_disfavoredOverload  // so that Tensor([1, 2]) means double precision
  public init(_ scalars: [Float], shape: [Int]? = nil) {
    let buffer = AlignedBuffer<Float>.unwritten(scalars.count)
    scalars.withUnsafeBufferPointer { from in
      if let base = from.baseAddress { buffer.base.update(from: base, count: from.count) }
    }
    self.init(.float32(buffer), shape: shape ?? [scalars.count], node: nil)
  }

  /// The tensor that an operation made.
  init(_ storage: TensorStorage, shape: [Int], node: GradientNode?) {
    precondition(
      shape.reduce(1, *) == storage.count,
      "Tensor: shape \(shape) holds \(shape.reduce(1, *)) scalars, got \(storage.count)")
    (self.shape, self.storage, self.node) = (shape, storage, node)
  }

  /// A double-precision scalar of shape `[]`.
  public static func scalar(_ value: Double) -> Tensor { Tensor([value], shape: []) }

  /// Zeros.
  public static func zeros(_ shape: [Int], _ type: ScalarType = .float64) -> Tensor {
    Tensor(TensorStorage(zeros: shape.reduce(1, *), type), shape: shape, node: nil)
  }

  /// Ones.
  public static func ones(_ shape: [Int], _ type: ScalarType = .float64) -> Tensor {
    filled(shape, with: 1, type)
  }

  /// `value` everywhere.
  public static func filled(_ shape: [Int], with value: Double, _ type: ScalarType = .float64) -> Tensor {
    Tensor(
      TensorStorage(repeating: value, count: shape.reduce(1, *), type), shape: shape, node: nil)
  }

  /// The number of scalars.
  public var count: Int { storage.count }

  /// The format of the scalars.
  public var scalarType: ScalarType { storage.scalarType }

  /// Whether operations on the tensor are remembered for ``gradients(of:at:)``.
  public var isTracked: Bool { node != nil }

  /// The numbers themselves, in row-major order.
  ///
  /// - Precondition: the tensor is untracked. Reading numbers out of a graph cuts the
  ///   gradient, so say it: `stopGradient(x).scalars`.
  public var scalars: [Double] {
    requireUntracked("scalars")
    return storage.doubles
  }

  /// The numbers themselves in single precision, in row-major order.
  ///
  /// - Precondition: the tensor is untracked; see ``scalars``.
  public var floats: [Float] {
    requireUntracked("floats")
    return storage.floats
  }

  /// The sum of all numbers in double precision, whatever their format.
  ///
  /// - Precondition: the tensor is untracked; see ``scalars``.
  public var total: Double {
    requireUntracked("total")
    return switch storage {
    case .float32(let x): Float.sum(x)
    case .float64(let x): Double.sum(x)
    }
  }

  /// The single scalar of a tensor that holds exactly one.
  ///
  /// - Precondition: the tensor is untracked and holds one scalar.
  public var item: Double {
    requireUntracked("item")
    precondition(storage.count == 1, "Tensor.item: shape \(shape) holds \(storage.count) scalars")
    return storage[0]
  }

  private func requireUntracked(_ property: String) {
    precondition(
      node == nil, "Tensor.\(property): the tensor is tracked; write stopGradient(x).\(property)")
  }

  /// The same scalars as the root of a new gradient graph.
  public func tracked() -> Tensor {
    Tensor(storage, shape: shape, node: GradientNode(storage.count, storage.scalarType, []))
  }

  /// The same numbers in another format. The gradient returns in this tensor's format.
  public func converted(to type: ScalarType) -> Tensor {
    guard type != scalarType else { return self }
    return Tensor(
      storage.converted(to: type), shape: shape,
      node: node.map { input in
        GradientNode(
          storage.count, type, [.init(input, making: { $0.converted(to: input.scalarType) })])
      })
  }

  /// The same scalars under another shape.
  ///
  /// - Precondition: `shape` holds as many scalars.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(
      shape.reduce(1, *) == count, "reshaped: shape \(self.shape) does not fit shape \(shape)")
    return Tensor(
      storage, shape: shape,
      node: node.map { GradientNode(storage.count, scalarType, [.init(passingTo: $0)]) })
  }
}

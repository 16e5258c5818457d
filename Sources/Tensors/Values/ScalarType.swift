// How a tensor stores its scalars, and the arithmetic that goes with it.

import VectorKernels

/// The format a tensor keeps its scalars in: single precision to train, double precision to check.
public enum ScalarType: String, Sendable, Hashable, Codable, CaseIterable {
  case float32, float64

  /// The format that loses nothing of either operand.
  static func wider(_ a: ScalarType, _ b: ScalarType) -> ScalarType { a == .float64 ? a : b }
}

/// `Float` and `Double`, as far as operations need to know them.
protocol TensorScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  /// The storage's own scalars where it has this format already, a converted copy otherwise.
  static func buffer(of storage: TensorStorage) -> AlignedBuffer<Self>
  /// The storage that holds `buffer`.
  static func storage(_ buffer: AlignedBuffer<Self>) -> TensorStorage
  /// The same number in double precision; exact.
  var double: Double { get }
  /// The nearest number in this format.
  init(rounding x: Double)
}

extension Float: TensorScalar {
  static func buffer(of storage: TensorStorage) -> AlignedBuffer<Float> {
    switch storage {
    case .float32(let scalars): return scalars
    case .float64(let scalars):
      let copy = AlignedBuffer<Float>(count: scalars.count)
      for i in 0..<scalars.count { copy.base[i] = Float(scalars.base[i]) }
      return copy
    }
  }
  static func storage(_ buffer: AlignedBuffer<Float>) -> TensorStorage { .float32(buffer) }
  var double: Double { Double(self) }
  init(rounding x: Double) { self = Float(x) }
}

extension Double: TensorScalar {
  static func buffer(of storage: TensorStorage) -> AlignedBuffer<Double> {
    switch storage {
    case .float64(let scalars): return scalars
    case .float32(let scalars):
      let copy = AlignedBuffer<Double>(count: scalars.count)
      for i in 0..<scalars.count { copy.base[i] = Double(scalars.base[i]) }
      return copy
    }
  }
  static func storage(_ buffer: AlignedBuffer<Double>) -> TensorStorage { .float64(buffer) }
  var double: Double { self }
  init(rounding x: Double) { self = x }
}

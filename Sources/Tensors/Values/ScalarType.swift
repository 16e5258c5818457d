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
  /// The sum of all scalars in double precision, in an order that depends on their number alone.
  static func sum(_ x: AlignedBuffer<Self>) -> Double
  /// Writes the sum of the first `counts[n]` of each row of `width` scalars.
  static func sumRows(
    _ x: AlignedBuffer<Self>, width: Int, counts: [Int], into sums: AlignedBuffer<Double>)
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
      let copy = AlignedBuffer<Float>.unwritten(scalars.count)
      forEachRange(of: scalars.count) { for i in $0 { copy.base[i] = Float(scalars.base[i]) } }
      return copy
    }
  }
  static func storage(_ buffer: AlignedBuffer<Float>) -> TensorStorage { .float32(buffer) }
  static func sum(_ x: AlignedBuffer<Float>) -> Double { VectorKernels.sum(x) }
  static func sumRows(
    _ x: AlignedBuffer<Float>, width: Int, counts: [Int], into sums: AlignedBuffer<Double>
  ) { VectorKernels.sumRows(x, width: width, counts: counts, into: sums) }
  var double: Double { Double(self) }
  init(rounding x: Double) { self = Float(x) }
}

extension Double: TensorScalar {
  static func buffer(of storage: TensorStorage) -> AlignedBuffer<Double> {
    switch storage {
    case .float64(let scalars): return scalars
    case .float32(let scalars):
      let copy = AlignedBuffer<Double>.unwritten(scalars.count)
      forEachRange(of: scalars.count) { for i in $0 { copy.base[i] = Double(scalars.base[i]) } }
      return copy
    }
  }
  static func storage(_ buffer: AlignedBuffer<Double>) -> TensorStorage { .float64(buffer) }
  static func sum(_ x: AlignedBuffer<Double>) -> Double {
    var total = 0.0
    for i in 0..<x.count { total += x.base[i] }
    return total
  }
  static func sumRows(
    _ x: AlignedBuffer<Double>, width: Int, counts: [Int], into sums: AlignedBuffer<Double>
  ) {
    forEachRange(of: counts.count, cost: width) { range in
      for row in range {
        var total = 0.0
        for t in 0..<counts[row] { total += x.base[row * width + t] }
        sums.base[row] = total
      }
    }
  }
  var double: Double { self }
  init(rounding x: Double) { self = x }
}

// The scalars of a tensor in memory: written once while the tensor is made, shared and only read afterwards.

import VectorKernels

/// Row-major scalars in one of the formats.
///
/// Storages are shared by reference. Only two kinds are ever written: one that an operation has just made
/// and not yet given away, and the sums of `gradients(of:at:)`, which never leave it before they are final.
enum TensorStorage: Sendable {
  case float32(AlignedBuffer<Float>)
  case float64(AlignedBuffer<Double>)

  /// `count` zeros.
  init(zeros count: Int, _ type: ScalarType) {
    self = type == .float32 ? .float32(.zeros(count)) : .float64(.zeros(count))
  }

  /// A copy of the given numbers in double precision.
  init(_ scalars: [Double]) {
    let buffer = AlignedBuffer<Double>.unwritten(scalars.count)
    scalars.withUnsafeBufferPointer { from in
      if let base = from.baseAddress { buffer.base.update(from: base, count: from.count) }
    }
    self = .float64(buffer)
  }

  /// `value` everywhere, rounded to the format.
  init(repeating value: Double, count: Int, _ type: ScalarType) {
    switch type {
    case .float32: self = Self.filled(Float(value), count)
    case .float64: self = Self.filled(value, count)
    }
  }

  private static func filled<Scalar: TensorScalar>(_ value: Scalar, _ count: Int) -> TensorStorage {
    let buffer = AlignedBuffer<Scalar>.unwritten(count)
    forEachRange(of: count) { (buffer.base + $0.lowerBound).update(repeating: value, count: $0.count) }
    return Scalar.storage(buffer)
  }

  /// A copy in memory of its own.
  var copied: TensorStorage {
    let copy = TensorStorage(zeros: count, scalarType)
    copy.add(self)
    return copy
  }

  /// How many scalars there are.
  var count: Int {
    switch self {
    case .float32(let scalars): scalars.count
    case .float64(let scalars): scalars.count
    }
  }

  /// The format of the scalars.
  var scalarType: ScalarType {
    switch self {
    case .float32: .float32
    case .float64: .float64
    }
  }

  /// The scalar at `index`, in double precision.
  subscript(index: Int) -> Double {
    switch self {
    case .float32(let scalars): Double(scalars[index])
    case .float64(let scalars): scalars[index]
    }
  }

  /// A copy of the scalars as an array in double precision.
  var doubles: [Double] {
    let scalars = Double.buffer(of: self)
    TensorMeter.note(scalars.count, Double.self)
    return [Double](unsafeUninitializedCapacity: scalars.count) { memory, count in
      if let base = memory.baseAddress { base.update(from: scalars.base, count: scalars.count) }
      count = scalars.count
    }
  }

  /// A copy of the scalars as an array in single precision.
  var floats: [Float] {
    let scalars = Float.buffer(of: self)
    TensorMeter.note(scalars.count, Float.self)
    return [Float](unsafeUninitializedCapacity: scalars.count) { memory, count in
      if let base = memory.baseAddress { base.update(from: scalars.base, count: scalars.count) }
      count = scalars.count
    }
  }

  /// The same numbers in another format; shares the memory where the format is the same.
  func converted(to type: ScalarType) -> TensorStorage {
    switch type {
    case .float32: .float32(Float.buffer(of: self))
    case .float64: .float64(Double.buffer(of: self))
    }
  }

  /// Adds `other`, of the same count, in place and in this storage's format.
  func add(_ other: TensorStorage) {
    switch self {
    case .float32(let sum):
      let more = Float.buffer(of: other)
      forEachRange(of: sum.count) { for i in $0 { sum.base[i] += more.base[i] } }
    case .float64(let sum):
      let more = Double.buffer(of: other)
      forEachRange(of: sum.count) { for i in $0 { sum.base[i] += more.base[i] } }
    }
  }
}

// How activations are stored: sixteen at a time from memory into single precision and back.

import ProcessorFeatures
import VectorKernelsInterface

/// What activations are stored in.
///
/// Conformers have no storage of their own, for the reason that `Strip` gives.
protocol Storage {
  associatedtype Scalar: BitwiseCopyable
  /// Reads sixteen.
  static func load(_ source: UnsafePointer<Scalar>) -> Lanes
  /// Reads one.
  static func number(_ scalar: Scalar) -> Float
  /// Writes sixteen.
  static func store(_ value: Lanes, _ target: UnsafeMutablePointer<Scalar>)
  /// What a number becomes in memory.
  static func scalar(_ number: Float) -> Scalar
}

extension Storage {
  /// The scalars at an address.
  @inline(__always)
  static func address(_ base: UnsafeRawPointer) -> UnsafePointer<Scalar> {
    base.assumingMemoryBound(to: Scalar.self)
  }

  /// The scalars at an address.
  @inline(__always)
  static func address(_ base: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Scalar> {
    base.assumingMemoryBound(to: Scalar.self)
  }

  /// Reads the first `count` of sixteen; the others are 0.
  @inline(__always)
  static func loadPart(_ source: UnsafePointer<Scalar>, _ count: Int) -> Lanes {
    var result = Lanes.zero
    for index in 0..<count { result[index] = number(source[index]) }
    return result
  }

  /// Reads sixteen, or the first `count` if that is less; the others are 0.
  @_transparent
  static func load(_ source: UnsafePointer<Scalar>, upTo count: Int) -> Lanes {
    count >= 16 ? load(source) : loadPart(source, count)
  }

  /// Writes sixteen, or the first `count` if that is less.
  @_transparent
  static func store(_ value: Lanes, _ target: UnsafeMutablePointer<Scalar>, upTo count: Int) {
    if count >= 16 { store(value, target) } else { storePart(value, target, count) }
  }

  /// Writes the first `count` of sixteen.
  @inline(__always)
  static func storePart(_ value: Lanes, _ target: UnsafeMutablePointer<Scalar>, _ count: Int) {
    for index in 0..<count { target[index] = scalar(value[index]) }
  }
}

/// Single precision.
enum Plain: Storage {
  @inline(__always) static func load(_ source: Floats) -> Lanes { source.load() }
  @inline(__always) static func number(_ scalar: Float) -> Float { scalar }
  @inline(__always) static func store(_ value: Lanes, _ target: MutableFloats) { target.store(value) }
  @inline(__always) static func scalar(_ number: Float) -> Float { number }
}

/// bfloat16, rounded to nearest, ties to even.
enum Rounded: Storage {
  @inline(__always) static func load(_ source: UnsafePointer<UInt16>) -> Lanes {
    let shorts = UnsafeRawPointer(source).loadUnaligned(as: SIMD16<UInt16>.self)
    return unsafeBitCast(processor_widen_words(shorts) &<< 16, to: Lanes.self)
  }
  @inline(__always) static func number(_ scalar: UInt16) -> Float { Float(bitPattern: UInt32(scalar) << 16) }
  @inline(__always) static func store(_ value: Lanes, _ target: UnsafeMutablePointer<UInt16>) {
    UnsafeMutableRawPointer(target).storeBytes(of: brainFloats(value), as: SIMD16<UInt16>.self)
  }
  @inline(__always) static func scalar(_ number: Float) -> UInt16 {
    let bits = number.bitPattern
    return number.isNaN
      ? UInt16(truncatingIfNeeded: bits >> 16) | 0x40
      : UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
  }
}

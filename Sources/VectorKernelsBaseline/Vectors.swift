// The vectors this instruction set computes with; compiled once per set, like every file of this folder.

import VectorKernelsInterface

/// This instruction set's kernels.
public enum Kernels {}

/// Sixteen numbers: what element-wise kernels work on, in as many registers as the set needs.
typealias Lanes = SIMD16<Float>
/// Sixteen bit patterns.
typealias Words = SIMD16<UInt32>
/// Sixteen integers.
typealias Integers = SIMD16<Int32>

#if LANES16
  /// One register.
  typealias Register = SIMD16<Float>
  /// The bit patterns of one register.
  typealias RegisterWords = SIMD16<UInt32>
#elseif LANES8
  /// One register.
  typealias Register = SIMD8<Float>
  /// The bit patterns of one register.
  typealias RegisterWords = SIMD8<UInt32>
#else
  /// One register.
  typealias Register = SIMD4<Float>
  /// The bit patterns of one register.
  typealias RegisterWords = SIMD4<UInt32>
#endif

/// a·b + c, rounded once where the set has the instruction for it.
@inline(__always)
func fused<V: SIMD>(_ a: V, _ b: V, _ c: V) -> V where V.Scalar == Float {
  #if FMA
    c.addingProduct(a, b)
  #else
    // Without the instruction, `addingProduct` would call a function for every lane.
    a * b + c
  #endif
}

/// a·b + c for one number.
@inline(__always)
func fused(_ a: Float, _ b: Float, _ c: Float) -> Float {
  #if FMA
    c.addingProduct(a, b)
  #else
    a * b + c
  #endif
}

extension UnsafePointer where Pointee == Float {
  /// The vector that starts here.
  @inline(__always)
  func load<V: SIMD>(_: V.Type = V.self) -> V where V.Scalar == Float {
    UnsafeRawPointer(self).loadUnaligned(as: V.self)
  }
}

extension UnsafeMutablePointer where Pointee == Float {
  /// The vector that starts here.
  @inline(__always)
  func load<V: SIMD>(_: V.Type = V.self) -> V where V.Scalar == Float {
    UnsafeRawPointer(self).loadUnaligned(as: V.self)
  }

  /// Writes the vector that starts here.
  @inline(__always)
  func store<V: SIMD>(_ vector: V) where V.Scalar == Float {
    UnsafeMutableRawPointer(self).storeBytes(of: vector, as: V.self)
  }
}

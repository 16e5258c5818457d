// Parts of a tile's rows that stay in registers: one, two or three registers side by side.

import ProcessorFeatures
import VectorKernelsInterface

/// A few registers side by side.
///
/// Conformers have no storage of their own: a struct of vectors would bring functions for copying it along,
/// which the linker shares between modules whatever instruction set they were compiled for.
protocol Strip {
  associatedtype Value
  /// How many numbers there are.
  static var width: Int { get }
  /// Zeros.
  static func zeros() -> Value
  /// Reads `width` numbers.
  static func load(_ source: Floats) -> Value
  /// Writes `width` numbers.
  static func store(_ value: Value, _ target: MutableFloats)
  /// sums + factor·b, of single-precision numbers.
  static func add(_ sums: Value, _ factor: Float, _ b: Value) -> Value
  /// sums + factor·b, of pairs of bfloat16 numbers.
  static func addPairs(_ sums: Value, _ factor: Float, _ b: Value) -> Value
}

#if BF16DOT
  /// sums + a·b for the pairs of bfloat16 that the bits of `a` and `b` are.
  @inline(__always)
  private func dot(_ sums: Register, _ a: Register, _ b: Register) -> Register {
    processor_dot_bfloat16(sums, unsafeBitCast(a, to: Words.self), unsafeBitCast(b, to: Words.self))
  }
#else
  /// Without the instruction, words are single-precision numbers anyway.
  @inline(__always)
  private func dot(_ sums: Register, _ a: Register, _ b: Register) -> Register { fused(a, b, sums) }
#endif

/// One register.
enum Strip1: Strip {
  typealias Value = Register

  @inline(__always) static var width: Int { Register.scalarCount }
  @inline(__always) static func zeros() -> Value { .zero }
  @inline(__always) static func load(_ source: Floats) -> Value { source.load() }
  @inline(__always) static func store(_ value: Value, _ target: MutableFloats) { target.store(value) }
  @inline(__always) static func add(_ sums: Value, _ factor: Float, _ b: Value) -> Value {
    fused(Register(repeating: factor), b, sums)
  }
  @inline(__always) static func addPairs(_ sums: Value, _ factor: Float, _ b: Value) -> Value {
    dot(sums, Register(repeating: factor), b)
  }
}

/// Two registers.
enum Strip2: Strip {
  typealias Value = (Register, Register)

  @inline(__always) static var width: Int { 2 * Register.scalarCount }
  @inline(__always) static func zeros() -> Value { (.zero, .zero) }
  @inline(__always) static func load(_ source: Floats) -> Value {
    (source.load(), (source + Register.scalarCount).load())
  }
  @inline(__always) static func store(_ value: Value, _ target: MutableFloats) {
    target.store(value.0)
    (target + Register.scalarCount).store(value.1)
  }
  @inline(__always) static func add(_ sums: Value, _ factor: Float, _ b: Value) -> Value {
    let a = Register(repeating: factor)
    return (fused(a, b.0, sums.0), fused(a, b.1, sums.1))
  }
  @inline(__always) static func addPairs(_ sums: Value, _ factor: Float, _ b: Value) -> Value {
    let a = Register(repeating: factor)
    return (dot(sums.0, a, b.0), dot(sums.1, a, b.1))
  }
}

#if REGISTERS32
  /// Three registers.
  enum Strip3: Strip {
    typealias Value = (Register, Register, Register)

    @inline(__always) static var width: Int { 3 * Register.scalarCount }
    @inline(__always) static func zeros() -> Value { (.zero, .zero, .zero) }
    @inline(__always) static func load(_ source: Floats) -> Value {
      (source.load(), (source + Register.scalarCount).load(), (source + 2 * Register.scalarCount).load())
    }
    @inline(__always) static func store(_ value: Value, _ target: MutableFloats) {
      target.store(value.0)
      (target + Register.scalarCount).store(value.1)
      (target + 2 * Register.scalarCount).store(value.2)
    }
    @inline(__always) static func add(_ sums: Value, _ factor: Float, _ b: Value) -> Value {
      let a = Register(repeating: factor)
      return (fused(a, b.0, sums.0), fused(a, b.1, sums.1), fused(a, b.2, sums.2))
    }
    @inline(__always) static func addPairs(_ sums: Value, _ factor: Float, _ b: Value) -> Value {
      let a = Register(repeating: factor)
      return (dot(sums.0, a, b.0), dot(sums.1, a, b.1), dot(sums.2, a, b.2))
    }
  }

  /// As many registers as a tile is wide.
  typealias FullStrip = Strip3
#else
  /// As many registers as a tile is wide.
  typealias FullStrip = Strip2
#endif

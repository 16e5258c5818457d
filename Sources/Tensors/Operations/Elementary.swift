// The C library's elementary functions under one name on every platform, without Foundation.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Elementary functions of one real number, in double precision.
///
/// For losses whose link functions need care number by number; see ``Tensor/mapped(value:derivative:)``.
public enum Elementary {
  /// `e^x`.
  @inline(__always) public static func exp(_ x: Double) -> Double {
    #if canImport(Glibc)
      Glibc.exp(x)
    #elseif canImport(Musl)
      Musl.exp(x)
    #else
      Darwin.exp(x)
    #endif
  }
  /// `e^x − 1`, exact near 0.
  @inline(__always) public static func expm1(_ x: Double) -> Double {
    #if canImport(Glibc)
      Glibc.expm1(x)
    #elseif canImport(Musl)
      Musl.expm1(x)
    #else
      Darwin.expm1(x)
    #endif
  }
  /// The natural logarithm.
  @inline(__always) public static func log(_ x: Double) -> Double {
    #if canImport(Glibc)
      Glibc.log(x)
    #elseif canImport(Musl)
      Musl.log(x)
    #else
      Darwin.log(x)
    #endif
  }
  /// `log(1 + x)`, exact near 0.
  @inline(__always) public static func log1p(_ x: Double) -> Double {
    #if canImport(Glibc)
      Glibc.log1p(x)
    #elseif canImport(Musl)
      Musl.log1p(x)
    #else
      Darwin.log1p(x)
    #endif
  }
  /// The angle of the point `(x, y)` from the positive `x` axis, in `(−π, π]`.
  @inline(__always) public static func atan2(_ y: Double, _ x: Double) -> Double {
    #if canImport(Glibc)
      Glibc.atan2(y, x)
    #elseif canImport(Musl)
      Musl.atan2(y, x)
    #else
      Darwin.atan2(y, x)
    #endif
  }
  @inline(__always) static func tanh(_ x: Double) -> Double {
    #if canImport(Glibc)
      Glibc.tanh(x)
    #elseif canImport(Musl)
      Musl.tanh(x)
    #else
      Darwin.tanh(x)
    #endif
  }
  @inline(__always) static func cos(_ x: Double) -> Double {
    #if canImport(Glibc)
      Glibc.cos(x)
    #elseif canImport(Musl)
      Musl.cos(x)
    #else
      Darwin.cos(x)
    #endif
  }
  @inline(__always) static func pow(_ x: Double, _ y: Double) -> Double {
    #if canImport(Glibc)
      Glibc.pow(x, y)
    #elseif canImport(Musl)
      Musl.pow(x, y)
    #else
      Darwin.pow(x, y)
    #endif
  }

  /// `σ(x)`, without overflow.
  @inline(__always) public static func sigmoid(_ x: Double) -> Double {
    let e = exp(-abs(x))
    return (x >= 0 ? 1 : e) / (1 + e)
  }
}

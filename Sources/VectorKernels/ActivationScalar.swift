// What activations are stored in, so that layers can be written once for single precision and for bfloat16.

/// A number that activations are stored in: `Float`, or `UInt16` for bfloat16.
///
/// Products sum in single precision, or exactly, whatever it is.
public protocol ActivationScalar: BitwiseCopyable, Sendable {
  /// Writes `a·b` into `c`, or adds it; either operand may be given transposed.
  static func multiply(
    _ a: Matrix<Self>, transposed aTransposed: Bool, by b: Matrix<Self>, transposed bTransposed: Bool,
    into c: Matrix<Float>, accumulating: Bool, _ precision: ProductPrecision)
  /// Writes `a·b` into `c`, or adds it, `b` having been laid out before.
  static func multiply(
    _ a: Matrix<Self>, transposed: Bool, by b: PackedMatrix<Self>, into c: Matrix<Float>, accumulating: Bool)
  /// Writes `a·b`, rounded to what `Self` holds, into `c`; either operand may be given transposed.
  static func multiply(
    _ a: Matrix<Self>, transposed aTransposed: Bool, by b: Matrix<Self>, transposed bTransposed: Bool,
    into c: Matrix<Self>, _ precision: ProductPrecision)
  /// Writes `a·b`, rounded to what `Self` holds, into `c`, `b` having been laid out before.
  static func multiply(_ a: Matrix<Self>, transposed: Bool, by b: PackedMatrix<Self>, into c: Matrix<Self>)
}

extension Float: ActivationScalar {
  public static func multiply(
    _ a: Matrix<Float>, transposed aTransposed: Bool, by b: Matrix<Float>, transposed bTransposed: Bool,
    into c: Matrix<Float>, accumulating: Bool, _ precision: ProductPrecision
  ) {
    VectorKernels.multiply(
      a, transposed: aTransposed, by: b, transposed: bTransposed, into: c, accumulating: accumulating,
      precision)
  }

  public static func multiply(
    _ a: Matrix<Float>, transposed: Bool, by b: PackedMatrix<Float>, into c: Matrix<Float>, accumulating: Bool
  ) {
    VectorKernels.multiply(a, transposed: transposed, by: b, into: c, accumulating: accumulating)
  }

  public static func multiply(
    _ a: Matrix<Float>, transposed aTransposed: Bool, by b: Matrix<Float>, transposed bTransposed: Bool,
    into c: Matrix<Float>, _ precision: ProductPrecision
  ) {
    VectorKernels.multiply(a, transposed: aTransposed, by: b, transposed: bTransposed, into: c, precision)
  }

  public static func multiply(
    _ a: Matrix<Float>, transposed: Bool, by b: PackedMatrix<Float>, into c: Matrix<Float>
  ) {
    VectorKernels.multiply(a, transposed: transposed, by: b, into: c)
  }
}

extension UInt16: ActivationScalar {
  public static func multiply(
    _ a: Matrix<UInt16>, transposed aTransposed: Bool, by b: Matrix<UInt16>, transposed bTransposed: Bool,
    into c: Matrix<Float>, accumulating: Bool, _ precision: ProductPrecision
  ) {
    VectorKernels.multiply(
      a, transposed: aTransposed, by: b, transposed: bTransposed, into: c, accumulating: accumulating,
      precision)
  }

  public static func multiply(
    _ a: Matrix<UInt16>, transposed: Bool, by b: PackedMatrix<UInt16>, into c: Matrix<Float>,
    accumulating: Bool
  ) {
    VectorKernels.multiply(a, transposed: transposed, by: b, into: c, accumulating: accumulating)
  }

  public static func multiply(
    _ a: Matrix<UInt16>, transposed aTransposed: Bool, by b: Matrix<UInt16>, transposed bTransposed: Bool,
    into c: Matrix<UInt16>, _ precision: ProductPrecision
  ) {
    VectorKernels.multiply(a, transposed: aTransposed, by: b, transposed: bTransposed, into: c, precision)
  }

  public static func multiply(
    _ a: Matrix<UInt16>, transposed: Bool, by b: PackedMatrix<UInt16>, into c: Matrix<UInt16>
  ) {
    VectorKernels.multiply(a, transposed: transposed, by: b, into: c)
  }
}

/// Writes `a·b` into `c`, or adds it, whatever activations are stored in.
public func multiply<Scalar: ActivationScalar>(
  _ a: Matrix<Scalar>, transposed aTransposed: Bool = false, by b: Matrix<Scalar>,
  transposed bTransposed: Bool = false, into c: Matrix<Float>, accumulating: Bool = false,
  _ precision: ProductPrecision = .full
) {
  Scalar.multiply(
    a, transposed: aTransposed, by: b, transposed: bTransposed, into: c, accumulating: accumulating,
    precision)
}

/// Writes `a·b` into `c`, or adds it, whatever activations are stored in.
public func multiply<Scalar: ActivationScalar>(
  _ a: Matrix<Scalar>, transposed: Bool = false, by b: PackedMatrix<Scalar>, into c: Matrix<Float>,
  accumulating: Bool = false
) {
  Scalar.multiply(a, transposed: transposed, by: b, into: c, accumulating: accumulating)
}

/// Writes `a·b`, rounded to what activations are stored in, into `c`.
public func multiply<Scalar: ActivationScalar>(
  _ a: Matrix<Scalar>, transposed aTransposed: Bool = false, by b: Matrix<Scalar>,
  transposed bTransposed: Bool = false, into c: Matrix<Scalar>, _ precision: ProductPrecision = .full
) {
  Scalar.multiply(a, transposed: aTransposed, by: b, transposed: bTransposed, into: c, precision)
}

/// Writes `a·b`, rounded to what activations are stored in, into `c`.
public func multiply<Scalar: ActivationScalar>(
  _ a: Matrix<Scalar>, transposed: Bool = false, by b: PackedMatrix<Scalar>, into c: Matrix<Scalar>
) {
  Scalar.multiply(a, transposed: transposed, by: b, into: c)
}

// Sums, differences, products and quotients: of tensors, and of tensors with plain numbers.

extension Tensor {
  /// The sum; shapes broadcast.
  public static func + (a: Tensor, b: Tensor) -> Tensor { combining(Sum(), a, b) }
  /// The difference; shapes broadcast.
  public static func - (a: Tensor, b: Tensor) -> Tensor { combining(Difference(), a, b) }
  /// The product of each pair of scalars; shapes broadcast.
  public static func * (a: Tensor, b: Tensor) -> Tensor { combining(Product(), a, b) }
  /// The quotient of each pair of scalars; shapes broadcast.
  public static func / (a: Tensor, b: Tensor) -> Tensor { combining(Quotient(), a, b) }

  /// `b` added to every scalar.
  public static func + (a: Tensor, b: Double) -> Tensor { a.applying(Affine(scale: 1, shift: b)) }
  /// `a` added to every scalar.
  public static func + (a: Double, b: Tensor) -> Tensor { b.applying(Affine(scale: 1, shift: a)) }
  /// `b` taken from every scalar.
  public static func - (a: Tensor, b: Double) -> Tensor { a.applying(Affine(scale: 1, shift: -b)) }
  /// Every scalar taken from `a`.
  public static func - (a: Double, b: Tensor) -> Tensor { b.applying(Affine(scale: -1, shift: a)) }
  /// Every scalar times `b`.
  public static func * (a: Tensor, b: Double) -> Tensor { a.applying(Scale(scale: b)) }
  /// Every scalar times `a`.
  public static func * (a: Double, b: Tensor) -> Tensor { b.applying(Scale(scale: a)) }
  /// Every scalar divided by `b`.
  public static func / (a: Tensor, b: Double) -> Tensor { a.applying(Division(divisor: b)) }
  /// `a` divided by every scalar.
  public static func / (a: Double, b: Tensor) -> Tensor { b.applying(Reciprocal(scale: a)) }
  /// Every scalar with its sign changed.
  public static prefix func - (a: Tensor) -> Tensor { a.applying(Scale(scale: -1)) }
}

private struct Sum: PairFunction {
  var name: String { "+" }
  func value<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { a + b }
  func first<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { 1 }
  func second<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { 1 }
}

private struct Difference: PairFunction {
  var name: String { "-" }
  func value<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { a - b }
  func first<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { 1 }
  func second<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { -1 }
}

private struct Product: PairFunction {
  var name: String { "*" }
  func value<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { a * b }
  func first<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { b }
  func second<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { a }
}

private struct Quotient: PairFunction {
  var name: String { "/" }
  func value<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { a / b }
  func first<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { 1 / b }
  func second<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { -(a / b) / b }
}

private struct Affine: ElementFunction {
  let scale: Double
  let shift: Double
  func value(_ x: Double) -> Double { scale * x + shift }
  func derivative(_ x: Double, _ y: Double) -> Double { scale }
  var slope: Double? { scale }
}

private struct Scale: ElementFunction {
  let scale: Double
  func value(_ x: Double) -> Double { scale * x }
  func derivative(_ x: Double, _ y: Double) -> Double { scale }
  var slope: Double? { scale }
}

private struct Division: ElementFunction {
  let divisor: Double
  func value(_ x: Double) -> Double { x / divisor }
  func derivative(_ x: Double, _ y: Double) -> Double { 1 / divisor }
  var slope: Double? { 1 / divisor }
}

private struct Reciprocal: ElementFunction {
  let scale: Double
  func value(_ x: Double) -> Double { scale / x }
  func derivative(_ x: Double, _ y: Double) -> Double { -(scale / x) / x }
}

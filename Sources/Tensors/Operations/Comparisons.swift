// Choosing between numbers: extremes, clamps, comparison masks and selection by a mask.

import VectorKernels

/// The smaller of each pair; shapes broadcast. Where they tie, each gets half of the gradient.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.combining(Extreme(sign: -1), a, b) }

/// The larger of each pair; shapes broadcast. Where they tie, each gets half of the gradient.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.combining(Extreme(sign: 1), a, b) }

/// The smaller of each scalar and `limit`. Where they tie, the scalar keeps its whole gradient.
public func minimum(_ x: Tensor, _ limit: Double) -> Tensor {
  x.applying(Clamp(lower: -.infinity, upper: limit))
}

/// The larger of each scalar and `limit`. Where they tie, the scalar keeps its whole gradient.
public func maximum(_ x: Tensor, _ limit: Double) -> Tensor {
  x.applying(Clamp(lower: limit, upper: .infinity))
}

/// Each scalar drawn into `range`. Those inside it, its ends included, keep their gradient.
public func clamp(_ x: Tensor, to range: ClosedRange<Double>) -> Tensor {
  x.applying(Clamp(lower: range.lowerBound, upper: range.upperBound))
}

/// `a` where `mask` is not 0, `b` elsewhere; shapes broadcast. The mask has no gradient.
///
/// What is not selected does not matter at all, neither its value nor its gradient, even where it is
/// infinite or not a number.
public func select(_ mask: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  let shape = Broadcast("select", Broadcast("select", a.shape, b.shape).shape, mask.shape).shape
  let type = ScalarType.wider(a.scalarType, b.scalarType)
  let count = shape.reduce(1, *)
  let zero = Tensor.zeros(shape)
  let selected = (zero + stopTracking(mask)).storage.doubles
  let (left, right) = (spread(a, to: zero, type), spread(b, to: zero, type))
  let result = TensorStorage(zeros: count, type)
  result.move(from: left.storage) { selected[$0] != 0 }
  result.move(from: right.storage) { selected[$0] == 0 }
  var edges: [GradientNode.Edge] = []
  if let input = left.node {
    edges.append(.init(input) { upstream, sum in sum.move(from: upstream) { selected[$0] != 0 } })
  }
  if let input = right.node {
    edges.append(.init(input) { upstream, sum in sum.move(from: upstream) { selected[$0] == 0 } })
  }
  return Tensor(result, shape: shape, node: edges.isEmpty ? nil : GradientNode(count, type, edges))
}

/// `a` where `mask` holds, `b` elsewhere; the mask has as many values as the result.
public func select(_ mask: [Bool], _ a: Tensor, _ b: Tensor) -> Tensor {
  let shape = Broadcast("select", a.shape, b.shape).shape
  precondition(
    mask.count == shape.reduce(1, *),
    "select: a mask of \(mask.count) values for tensors of shapes \(a.shape) and \(b.shape)")
  return select(Tensor(mask.map { $0 ? 1 : 0 }, shape: shape), a, b)
}

/// The same scalars without a graph; for what has no gradient anyway.
private func stopTracking(_ x: Tensor) -> Tensor { Tensor(x.storage, shape: x.shape, node: nil) }

/// `x` repeated to the shape of `zero`.
private func spread(_ x: Tensor, to zero: Tensor, _ type: ScalarType) -> Tensor {
  let whole = x.shape == zero.shape ? x : Tensor.combining(Second(), zero, x)
  return whole.converted(to: type)
}

extension TensorStorage {
  /// Adds those scalars of `other` whose place is `included`.
  fileprivate func move(from other: TensorStorage, where included: (Int) -> Bool) {
    switch self {
    case .float32(let sum):
      let from = Float.buffer(of: other)
      for i in 0..<sum.count where included(i) { sum.base[i] += from.base[i] }
    case .float64(let sum):
      let from = Double.buffer(of: other)
      for i in 0..<sum.count where included(i) { sum.base[i] += from.base[i] }
    }
  }
}

/// Comparisons give untracked masks of 1 and 0; shapes broadcast.
extension Tensor {
  /// 1 where the left side is greater.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { comparing(a, b) { $0 > $1 } }
  /// 1 where the left side is greater or equal.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { comparing(a, b) { $0 >= $1 } }
  /// 1 where the left side is less.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { comparing(a, b) { $0 < $1 } }
  /// 1 where the left side is less or equal.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { comparing(a, b) { $0 <= $1 } }
  /// 1 where both sides are equal.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { comparing(a, b) { $0 == $1 } }

  /// 1 where the scalar is greater than `b`.
  public static func .> (a: Tensor, b: Double) -> Tensor { a .> .scalar(b) }
  /// 1 where the scalar is greater than or equal to `b`.
  public static func .>= (a: Tensor, b: Double) -> Tensor { a .>= .scalar(b) }
  /// 1 where the scalar is less than `b`.
  public static func .< (a: Tensor, b: Double) -> Tensor { a .< .scalar(b) }
  /// 1 where the scalar is less than or equal to `b`.
  public static func .<= (a: Tensor, b: Double) -> Tensor { a .<= .scalar(b) }
  /// 1 where the scalar equals `b`.
  public static func .== (a: Tensor, b: Double) -> Tensor { a .== .scalar(b) }

  private static func comparing(
    _ a: Tensor, _ b: Tensor, _ holds: @escaping @Sendable (Double, Double) -> Bool
  ) -> Tensor {
    let mask = Tensor.mapped(
      stopTracking(a), stopTracking(b), value: { holds($0, $1) ? 1 : 0 }, derivatives: { _, _ in (0, 0) })
    return mask.converted(to: ScalarType.wider(a.scalarType, b.scalarType))
  }
}

private struct Extreme: PairFunction {
  /// 1 for the larger, −1 for the smaller.
  let sign: Int8
  var name: String { sign > 0 ? "maximum" : "minimum" }
  func value<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar {
    if a.isNaN || b.isNaN { return .nan }
    return (sign > 0) == (a > b) ? a : b
  }
  func first<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar {
    a == b ? 0.5 : (sign > 0) == (a > b) ? 1 : 0
  }
  func second<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { first(b, a) }
}

private struct Clamp: ElementFunction {
  let lower: Double
  let upper: Double
  func value(_ x: Double) -> Double { x.isNaN ? x : min(max(x, lower), upper) }
  func derivative(_ x: Double, _ y: Double) -> Double { x >= lower && x <= upper ? 1 : 0 }
}

/// The second operand, repeated to the shape of both.
private struct Second: PairFunction {
  var name: String { "select" }
  func value<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { b }
  func first<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { 0 }
  func second<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { 1 }
}

// Functions of two scalars, applied to two tensors whose shapes broadcast, with their exact derivatives.

import VectorKernels

/// A differentiable function of two real numbers.
protocol PairFunction: Sendable {
  /// What a message calls the operation.
  var name: String { get }
  /// `f(a, b)`.
  func value<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar
  /// `∂f/∂a`.
  func first<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar
  /// `∂f/∂b`.
  func second<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar
}

extension Tensor {
  /// `function` of every pair of scalars, by NumPy's broadcasting rule, in the wider format of the two.
  static func combining<Function: PairFunction>(_ function: Function, _ a: Tensor, _ b: Tensor) -> Tensor {
    switch ScalarType.wider(a.scalarType, b.scalarType) {
    case .float32: combining(function, a, b, Float.self)
    case .float64: combining(function, a, b, Double.self)
    }
  }

  @inline(__always)
  private static func combining<Function: PairFunction, Scalar: TensorScalar>(
    _ function: Function, _ a: Tensor, _ b: Tensor, _ scalar: Scalar.Type
  ) -> Tensor {
    let walk = Broadcast(function.name, a.shape, b.shape)
    let (x, y) = (Scalar.buffer(of: a.storage), Scalar.buffer(of: b.storage))
    let result = AlignedBuffer<Scalar>.unwritten(walk.count)
    function.evaluate(walk, x, y, result)
    var edges: [GradientNode.Edge] = []
    if let input = a.node { edges.append(function.edge(to: input, walk, x, y)) }
    if let input = b.node { edges.append(Swapped(of: function).edge(to: input, walk.swapped, y, x)) }
    let output = Scalar.storage(result)
    return Tensor(
      output, shape: walk.shape,
      node: edges.isEmpty ? nil : GradientNode(result.count, output.scalarType, edges))
  }

  /// `value` of every pair of scalars, with derivatives given by hand.
  ///
  /// For exact element-wise functions of two tensors whose shapes broadcast. All are computed in double
  /// precision; `derivatives` are `∂value/∂a` and `∂value/∂b`.
  public static func mapped(
    _ a: Tensor, _ b: Tensor, value: @escaping @Sendable (_ a: Double, _ b: Double) -> Double,
    derivatives: @escaping @Sendable (_ a: Double, _ b: Double) -> (Double, Double)
  ) -> Tensor {
    combining(GivenPairFunction(given: value, slopes: derivatives), a, b)
  }
}

extension PairFunction {
  @inline(__always)
  fileprivate func evaluate<Scalar: TensorScalar>(
    _ walk: Broadcast, _ x: AlignedBuffer<Scalar>, _ y: AlignedBuffer<Scalar>, _ result: AlignedBuffer<Scalar>
  ) {
    if walk.isPlain {
      forEachRange(of: result.count) { range in
        for i in range { result.base[i] = value(x.base[i], y.base[i]) }
      }
      return
    }
    let count = walk.inner.extent
    walk.forEachRun { place, first, second in
      let (result, x, y) = (result.base + place, x.base + first, y.base + second)
      if walk.inner.second == 0 {
        let b = y[0]
        for i in 0..<count { result[i] = value(x[i], b) }
      } else if walk.inner.first == 0 {
        let a = x[0]
        for i in 0..<count { result[i] = value(a, y[i]) }
      } else {
        for i in 0..<count { result[i] = value(x[i], y[i]) }
      }
    }
  }

  /// The way back to the first operand.
  fileprivate func edge<Scalar: TensorScalar>(
    to input: GradientNode, _ walk: Broadcast, _ x: AlignedBuffer<Scalar>, _ y: AlignedBuffer<Scalar>
  ) -> GradientNode.Edge {
    guard walk.isPlain, Scalar.storage(x).scalarType == input.scalarType else {
      return .init(input, adding: { pull($0, walk, x, y, $1) })
    }
    return .init(input, making: { .dense(Scalar.storage(pulled(Scalar.buffer(of: $0.storage), x, y))) })
  }

  /// `upstream · ∂f/∂a` where nothing was repeated.
  @inline(__always)
  private func pulled<Scalar: TensorScalar>(
    _ g: AlignedBuffer<Scalar>, _ x: AlignedBuffer<Scalar>, _ y: AlignedBuffer<Scalar>
  ) -> AlignedBuffer<Scalar> {
    let result = AlignedBuffer<Scalar>.unwritten(x.count)
    forEachRange(of: x.count) { range in
      for i in range { result.base[i] = g.base[i] == 0 ? 0 : g.base[i] * first(x.base[i], y.base[i]) }
    }
    return result
  }

  /// Adds `upstream · ∂f/∂a` to `sum`, added up where the first operand was repeated.
  ///
  /// As with functions of one scalar, a gradient of exactly zero passes back as zero.
  @inline(__always)
  fileprivate func pull<Scalar: TensorScalar>(
    _ upstream: TensorStorage, _ walk: Broadcast, _ x: AlignedBuffer<Scalar>, _ y: AlignedBuffer<Scalar>,
    _ sum: TensorStorage
  ) {
    let g = Scalar.buffer(of: upstream).base
    let ownFormat = Scalar.storage(x).scalarType == sum.scalarType
    let total = ownFormat ? Scalar.buffer(of: sum) : AlignedBuffer<Scalar>.zeros(x.count)
    let count = walk.inner.extent
    walk.forEachRun { place, firstPlace, secondPlace in
      let (g, total, x, y) = (g + place, total.base + firstPlace, x.base + firstPlace, y.base + secondPlace)
      if walk.inner.second == 0 {
        let b = y[0]
        for i in 0..<count { total[i] += g[i] == 0 ? 0 : g[i] * first(x[i], b) }
      } else if walk.inner.first == 0 {
        let a = x[0]
        var run = 0.0
        for i in 0..<count { run += g[i] == 0 ? 0 : (g[i] * first(a, y[i])).double }
        total[0] += Scalar(rounding: run)
      } else {
        for i in 0..<count { total[i] += g[i] == 0 ? 0 : g[i] * first(x[i], y[i]) }
      }
    }
    if !ownFormat { sum.add(Scalar.storage(total)) }
  }
}

/// A function with its operands changed about.
private struct Swapped<Function: PairFunction>: PairFunction {
  let of: Function
  var name: String { of.name }
  func value<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { of.value(b, a) }
  func first<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { of.second(b, a) }
  func second<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar { of.first(b, a) }
}

private struct GivenPairFunction: PairFunction {
  let given: @Sendable (Double, Double) -> Double
  let slopes: @Sendable (Double, Double) -> (Double, Double)
  var name: String { "mapped" }
  func value<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar {
    Scalar(rounding: given(a.double, b.double))
  }
  func first<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar {
    Scalar(rounding: slopes(a.double, b.double).0)
  }
  func second<Scalar: TensorScalar>(_ a: Scalar, _ b: Scalar) -> Scalar {
    Scalar(rounding: slopes(a.double, b.double).1)
  }
}

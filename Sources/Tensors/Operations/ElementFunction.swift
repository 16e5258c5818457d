// Functions of one scalar, applied to every scalar of a tensor, with their exact derivatives.

import VectorKernels

/// A differentiable function of one real number.
protocol ElementFunction: Sendable {
  /// `f(x)`.
  func value(_ x: Double) -> Double
  /// `f′(x)`, where `y = f(x)` is at hand.
  func derivative(_ x: Double, _ y: Double) -> Double
  /// `f′`, where it is the same everywhere.
  var slope: Double? { get }
}

extension ElementFunction {
  var slope: Double? { nil }
}

extension Tensor {
  /// `function` of every scalar, computed in double precision and rounded to this tensor's format.
  ///
  /// A gradient of exactly zero passes back as zero whatever the derivative is, so that places which the
  /// objective does not depend on cannot poison it with `0 · ∞`.
  func applying<Function: ElementFunction>(_ function: Function) -> Tensor {
    switch storage {
    case .float32(let x): applying(function, x)
    case .float64(let x): applying(function, x)
    }
  }

  @inline(__always)
  private func applying<Function: ElementFunction, Scalar: TensorScalar>(
    _ function: Function, _ x: AlignedBuffer<Scalar>
  ) -> Tensor {
    let y = AlignedBuffer<Scalar>.unwritten(x.count)
    forEachRange(of: x.count) { range in
      for i in range { y.base[i] = Scalar(rounding: function.value(x.base[i].double)) }
    }
    return Tensor(
      Scalar.storage(y), shape: shape,
      node: node.map { input in
        GradientNode(x.count, scalarType, [.init(input, making: { function.pull($0, x, y) })])
      })
  }

  /// `value` of every scalar, with a derivative given by hand.
  ///
  /// For exact element-wise functions that are not among the built-in ones. Both are computed in double
  /// precision; `derivative` is given `x` and `y = value(x)` and must be the derivative of `value`.
  public func mapped(
    value: @escaping @Sendable (_ x: Double) -> Double,
    derivative: @escaping @Sendable (_ x: Double, _ y: Double) -> Double
  ) -> Tensor {
    applying(GivenFunction(given: value, slope: derivative))
  }
}

extension ElementFunction {
  /// `upstream · f′(x)`.
  @inline(__always)
  fileprivate func pull<Scalar: TensorScalar>(
    _ upstream: Cotangent, _ x: AlignedBuffer<Scalar>, _ y: AlignedBuffer<Scalar>
  ) -> Cotangent {
    if case .uniform(let value, let count, let type) = upstream, let slope {
      return .uniform(value == 0 ? 0 : value * slope, count: count, type)
    }
    let (g, result) = (Scalar.buffer(of: upstream.storage), AlignedBuffer<Scalar>.unwritten(x.count))
    forEachRange(of: x.count) { range in
      for i in range {
        let upstream = g.base[i]
        result.base[i] =
          upstream == 0
          ? 0 : Scalar(rounding: upstream.double * (slope ?? derivative(x.base[i].double, y.base[i].double)))
      }
    }
    return .dense(Scalar.storage(result))
  }
}

private struct GivenFunction: ElementFunction {
  let given: @Sendable (Double) -> Double
  let slope: @Sendable (Double, Double) -> Double
  func value(_ x: Double) -> Double { given(x) }
  func derivative(_ x: Double, _ y: Double) -> Double { slope(x, y) }
}

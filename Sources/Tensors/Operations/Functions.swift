// Elementary functions of every scalar, stable and with exact derivatives wherever they are finite.

/// `e^x`.
public func exp(_ x: Tensor) -> Tensor { x.applying(Exponential()) }

/// `e^x − 1`, exact where `x` is small.
public func expm1(_ x: Tensor) -> Tensor { x.applying(ExponentialMinusOne()) }

/// The natural logarithm.
public func log(_ x: Tensor) -> Tensor { x.applying(Logarithm()) }

/// `log(1 + x)`, exact where `x` is small.
public func log1p(_ x: Tensor) -> Tensor { x.applying(LogarithmOfOnePlus()) }

/// The square root. Its derivative at 0 is infinite.
public func sqrt(_ x: Tensor) -> Tensor { x.applying(SquareRoot()) }

/// `x²`.
public func square(_ x: Tensor) -> Tensor { x.applying(Square()) }

/// `x` to a constant power.
public func power(_ x: Tensor, _ exponent: Double) -> Tensor { x.applying(Power(exponent: exponent)) }

/// The hyperbolic tangent.
public func tanh(_ x: Tensor) -> Tensor { x.applying(HyperbolicTangent()) }

/// `|x|`. The derivative at 0 is 0.
public func abs(_ x: Tensor) -> Tensor { x.applying(Magnitude()) }

/// The logistic function `σ(x) = 1 / (1 + e^−x)`.
public func sigmoid(_ x: Tensor) -> Tensor { x.applying(Logistic()) }

/// `log σ(x) = min(x, 0) − log(1 + e^−|x|)`, exact to the last bits for large `|x|`.
public func logSigmoid(_ x: Tensor) -> Tensor { x.applying(LogLogistic()) }

/// `log(1 + e^x) = −log σ(−x)`, exact to the last bits for large `|x|`.
public func softplus(_ x: Tensor) -> Tensor { x.applying(SoftPlus()) }

/// `max(x, 0)`. The derivative at 0 is 0.
public func relu(_ x: Tensor) -> Tensor { x.applying(Ramp()) }

private struct Exponential: ElementFunction {
  func value(_ x: Double) -> Double { Elementary.exp(x) }
  func derivative(_ x: Double, _ y: Double) -> Double { y }
}

private struct ExponentialMinusOne: ElementFunction {
  func value(_ x: Double) -> Double { Elementary.expm1(x) }
  func derivative(_ x: Double, _ y: Double) -> Double { Elementary.exp(x) }
}

private struct Logarithm: ElementFunction {
  func value(_ x: Double) -> Double { Elementary.log(x) }
  func derivative(_ x: Double, _ y: Double) -> Double { 1 / x }
}

private struct LogarithmOfOnePlus: ElementFunction {
  func value(_ x: Double) -> Double { Elementary.log1p(x) }
  func derivative(_ x: Double, _ y: Double) -> Double { 1 / (1 + x) }
}

private struct SquareRoot: ElementFunction {
  func value(_ x: Double) -> Double { x.squareRoot() }
  func derivative(_ x: Double, _ y: Double) -> Double { 0.5 / x.squareRoot() }
}

private struct Square: ElementFunction {
  func value(_ x: Double) -> Double { x * x }
  func derivative(_ x: Double, _ y: Double) -> Double { 2 * x }
}

private struct Power: ElementFunction {
  let exponent: Double
  func value(_ x: Double) -> Double { Elementary.pow(x, exponent) }
  func derivative(_ x: Double, _ y: Double) -> Double {
    exponent == 0 ? 0 : exponent * Elementary.pow(x, exponent - 1)
  }
}

private struct HyperbolicTangent: ElementFunction {
  func value(_ x: Double) -> Double { Elementary.tanh(x) }
  /// `1/cosh²x` from `e^−2|x|`: `1 − y²` would be 0 from `|x| = 19` on.
  func derivative(_ x: Double, _ y: Double) -> Double {
    let e = Elementary.exp(-2 * Swift.abs(x))
    return 4 * e / ((1 + e) * (1 + e))
  }
}

private struct Magnitude: ElementFunction {
  func value(_ x: Double) -> Double { Swift.abs(x) }
  func derivative(_ x: Double, _ y: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : 0 }
}

private struct Logistic: ElementFunction {
  func value(_ x: Double) -> Double { Elementary.sigmoid(x) }
  /// From `e^−|x|`: `y (1 − y)` would be 0 from `x = 37` on.
  func derivative(_ x: Double, _ y: Double) -> Double {
    let e = Elementary.exp(-Swift.abs(x))
    return e / ((1 + e) * (1 + e))
  }
}

private struct LogLogistic: ElementFunction {
  func value(_ x: Double) -> Double { min(x, 0) - Elementary.log1p(Elementary.exp(-Swift.abs(x))) }
  func derivative(_ x: Double, _ y: Double) -> Double { Elementary.sigmoid(-x) }
}

private struct SoftPlus: ElementFunction {
  func value(_ x: Double) -> Double { max(x, 0) + Elementary.log1p(Elementary.exp(-Swift.abs(x))) }
  func derivative(_ x: Double, _ y: Double) -> Double { Elementary.sigmoid(x) }
}

private struct Ramp: ElementFunction {
  func value(_ x: Double) -> Double { max(x, 0) }
  func derivative(_ x: Double, _ y: Double) -> Double { x > 0 ? 1 : 0 }
}

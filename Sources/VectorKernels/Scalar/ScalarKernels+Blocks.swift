// The scalar twins of the other families' kernels, one element at a time, sums in double precision.

package import VectorKernelsInterface

extension ActivationKind {
  /// The function and its derivative, in double precision.
  package func valueAndSlope(_ x: Double) -> (value: Double, slope: Double) {
    switch self {
    case .silu:
      let gate = Oracle.sigmoid(x)
      return (x * gate, gate * (1 + x * (1 - gate)))
    case .gelu:
      let share = Oracle.normalDistribution(x)
      return (x * share, share + x * Oracle.exponential(-x * x / 2) / (2 * Double.pi).squareRoot())
    case .geluTanh:
      let root = (2 / Double.pi).squareRoot()
      let bent = Oracle.hyperbolicTangent(root * (x + 0.044715 * x * x * x))
      let inner = root * (1 + 3 * 0.044715 * x * x)
      return (x * (1 + bent) / 2, (1 + bent) / 2 + x / 2 * (1 - bent * bent) * inner)
    case .relu: return (max(x, 0), x > 0 ? 1 : 0)
    }
  }
}

extension ScalarKernels {
  package static func layerNormalize(
    _ x: Floats, _ weight: Floats, _ bias: Floats, _ epsilon: Float, _ y: MutableScalars, _ n: Int
  ) -> (mean: Float, factor: Float) {
    var total = 0.0
    for i in 0..<n { total += Double(x[i]) }
    let mean = Float(total / Double(n))
    var squares = 0.0
    for i in 0..<n {
      let centred = Double(x[i] - mean)
      squares += centred * centred
    }
    let factor = Float(1 / (squares / Double(n) + Double(epsilon)).squareRoot())
    layerNormalize(x, weight, bias, mean: mean, factor: factor, y, n)
    return (mean, factor)
  }

  package static func layerNormalize(
    _ x: Floats, _ weight: Floats, _ bias: Floats, mean: Float, factor: Float, _ y: MutableScalars, _ n: Int
  ) {
    for i in 0..<n { y[i] = weight[i] * ((x[i] - mean) * factor) + bias[i] }
  }

  package static func layerNormalizeGradient(
    _ upstream: Scalars, _ x: Floats, _ weight: Floats, mean: Float, factor: Float, _ dx: MutableFloats,
    _ accumulating: Bool, _ dw: MutableFloats, _ db: MutableFloats, _ n: Int
  ) {
    var (level, projection) = (0.0, 0.0)
    for i in 0..<n {
      let unit = (x[i] - mean) * factor
      level += Double(upstream[i] * weight[i])
      projection += Double(upstream[i] * weight[i]) * Double(unit)
      dw[i] += upstream[i] * unit
      db[i] += upstream[i]
    }
    for i in 0..<n {
      let unit = Double((x[i] - mean) * factor)
      let pulled = Double(upstream[i]) * Double(weight[i]) - (level + unit * projection) / Double(n)
      let slope = Float(Double(factor) * pulled)
      dx[i] = accumulating ? dx[i] + slope : slope
    }
  }

  package static func normalizeActivations(
    _ x: Scalars, _ weight: Floats, _ epsilon: Float, _ y: MutableScalars, _ n: Int
  ) -> Float {
    var squares = 0.0
    for i in 0..<n { squares += Double(x[i]) * Double(x[i]) }
    let factor = Float(1 / (squares / Double(n) + Double(epsilon)).squareRoot())
    for i in 0..<n { y[i] = weight[i] * (x[i] * factor) }
    return factor
  }

  package static func normalizeActivationsGradient(
    _ upstream: Scalars, _ x: Scalars, _ weight: Floats, _ factor: Float, _ dx: MutableScalars,
    _ dw: MutableFloats, _ n: Int
  ) {
    var projection = 0.0
    for i in 0..<n {
      projection += Double(upstream[i]) * Double(weight[i]) * Double(x[i])
      dw[i] += upstream[i] * factor * x[i]
    }
    let pull = Float(projection * Double(factor) * Double(factor) / Double(n))
    for i in 0..<n { dx[i] = factor * (upstream[i] * weight[i] - pull * x[i]) }
  }

  package static func activate(_ function: ActivationKind, _ x: Scalars, _ y: MutableScalars, _ n: Int) {
    for i in 0..<n { y[i] = Float(function.valueAndSlope(Double(x[i])).value) }
  }

  package static func activateGradient(
    _ function: ActivationKind, _ upstream: MutableScalars, _ x: Scalars, _ dx: MutableScalars, _ n: Int
  ) {
    for i in 0..<n {
      let (value, slope) = function.valueAndSlope(Double(x[i]))
      dx[i] = Float(Double(upstream[i]) * slope)
      upstream[i] = Float(value)
    }
  }

  package static func gated(
    _ function: ActivationKind, _ gate: Scalars, _ up: Scalars, _ out: MutableScalars, _ n: Int
  ) {
    for i in 0..<n { out[i] = Float(function.valueAndSlope(Double(gate[i])).value) * up[i] }
  }

  package static func gatedGradient(
    _ function: ActivationKind, _ upstream: MutableScalars, _ gate: Scalars, _ up: Scalars,
    _ gateGradient: MutableScalars, _ upGradient: MutableScalars, _ n: Int
  ) {
    for i in 0..<n {
      let (value, slope) = function.valueAndSlope(Double(gate[i]))
      let (incoming, linear) = (Double(upstream[i]), Double(up[i]))
      gateGradient[i] = Float(incoming * linear * slope)
      upGradient[i] = Float(incoming * value)
      upstream[i] = Float(value) * Float(linear)
    }
  }

  package static func softCap(_ x: MutableFloats, scale s: Float, _ cap: Float, _ n: Int) {
    for i in 0..<n {
      x[i] = Float(Double(cap) * Oracle.hyperbolicTangent(Double(x[i]) * Double(s) / Double(cap)))
    }
  }

  package static func softCapGradient(
    _ capped: Floats, scale s: Float, _ cap: Float, _ slopes: MutableScalars, _ n: Int
  ) {
    for i in 0..<n {
      let share = Double(capped[i]) / Double(cap)
      slopes[i] = Float(Double(s) * (1 - share * share) * Double(slopes[i]))
    }
  }
}

// The scalar twins of the kernels on activations, one element at a time.

package import VectorKernelsInterface

extension Scalars {
  /// One scalar.
  subscript(index: Int) -> Float {
    isBrainFloat
      ? Float(bitPattern: UInt32(base.assumingMemoryBound(to: UInt16.self)[index]) << 16)
      : base.assumingMemoryBound(to: Float.self)[index]
  }
}

extension MutableScalars {
  /// One scalar, rounded when it is written.
  subscript(index: Int) -> Float {
    get { Scalars(UnsafeRawPointer(base), isBrainFloat: isBrainFloat)[index] }
    nonmutating set {
      guard isBrainFloat else {
        base.assumingMemoryBound(to: Float.self)[index] = newValue
        return
      }
      withUnsafePointer(to: newValue) {
        ScalarKernels.toBrainFloat($0, base.assumingMemoryBound(to: UInt16.self) + index, 1)
      }
    }
  }
}

extension ScalarKernels {
  package static func normalize(
    _ x: Floats, _ weight: Floats, _ epsilon: Float, _ y: MutableScalars, _ n: Int
  ) -> Float {
    var squares = 0.0
    for i in 0..<n { squares += Double(x[i]) * Double(x[i]) }
    let factor = Float(1 / (squares / Double(n) + Double(epsilon)).squareRoot())
    normalize(x, weight, by: factor, y, n)
    return factor
  }

  package static func addAndNormalize(
    _ a: Floats, _ b: Floats, _ sum: MutableFloats, _ weight: Floats, _ epsilon: Float, _ y: MutableScalars,
    _ n: Int
  ) -> Float {
    for i in 0..<n { sum[i] = a[i] + b[i] }
    return normalize(sum, weight, epsilon, y, n)
  }

  package static func normalize(
    _ x: Floats, _ weight: Floats, by factor: Float, _ y: MutableScalars, _ n: Int
  ) {
    for i in 0..<n { y[i] = weight[i] * (x[i] * factor) }
  }

  package static func normalizeGradient(
    _ upstream: Scalars, _ x: Floats, _ weight: Floats, _ factor: Float, _ dx: MutableFloats,
    _ accumulating: Bool, _ dw: MutableFloats, _ n: Int
  ) {
    var projection = 0.0
    for i in 0..<n {
      projection += Double(upstream[i]) * Double(weight[i]) * Double(x[i])
      dw[i] += upstream[i] * factor * x[i]
    }
    let pull = Float(projection * Double(factor) * Double(factor) / Double(n))
    for i in 0..<n {
      let slope = factor * (upstream[i] * weight[i] - pull * x[i])
      dx[i] = accumulating ? dx[i] + slope : slope
    }
  }

  package static func rotate(
    _ x: MutableScalars, _ heads: Int, _ step: Int, _ width: Int, _ cosines: Floats, _ sines: Floats,
    _ inverse: Bool
  ) {
    let half = width / 2
    for first in stride(from: 0, to: heads * step, by: step) {
      for i in 0..<half {
        let (a, b) = (x[first + i], x[first + i + half])
        let sine = inverse ? -sines[i] : sines[i]
        x[first + i] = a * cosines[i] - b * sine
        x[first + i + half] = b * cosines[i] + a * sine
      }
    }
  }

  package static func add(_ x: Scalars, _ y: MutableFloats, _ n: Int) {
    for i in 0..<n { y[i] += x[i] }
  }

  package static func add(_ x: Floats, _ y: MutableScalars, _ n: Int) {
    for i in 0..<n { y[i] += x[i] }
  }

  package static func cotangent(_ scores: Floats, _ slopes: ScoreSlopes, _ out: MutableScalars, _ n: Int) {
    for i in 0..<n {
      let shifted = Double(scores[i]) - Double(slopes.logSum)
      let p = Oracle.exponential(shifted)
      let linear = Double(slopes.probability) + Double(slopes.entropy) * shifted
      out[i] = Float(p * (linear + Double(slopes.collision) * p) + Double(slopes.constant))
    }
  }
}

// The Kendall link of the Mallows model: its negative logarithm and slope, exact for every φ and margin.

import PreferenceCore

/// `−log g(z)` and its slope, for one `λ = −log φ ≥ 0`.
///
/// For `z ≥ 0`, with `u = λz` and `D(u) = u/(e^u − 1)`,
///
///     1 − g(z) = [D(u) − D(u + λ)]/λ = ∫₀¹ E(u + λx) dx,     E = −D′
///     g′(z)    = E(u) − E(u + λ)     = λ ∫₀¹ F(u + λx) dx,   F = −E′
///
/// and `g(−z) = 1 − g(z)`. The differences cancel for small `λ`, the integrals do not; the integrands
/// are analytic up to `|u| = 2π`, so that eight points are exact to rounding for `λ ≤ 1`. Everything is
/// computed as a multiple of `e^(−u)`, so that the losing side stays right where `1 − g` underflows.
///
/// **At 0** the link jumps from `1 − g(0⁺)` to `g(0⁺) = 1/(1−φ) − 1/λ > 1/2`. The right branch is
/// taken there: training starts at margin 0 exactly, and the sign function of the printed formula
/// would give it no gradient. With `smoothing = δ > 0` the branches are joined instead on `|z| < δ` by
/// `g = 1/2 + Az + Kz³`, which has their values and slopes at `±δ` and increases throughout.
struct KendallLink {
  /// `−log φ`, 0 where there is no agreement at all.
  let lambda: Double
  /// The half-width `δ` of the joint; 0 for none.
  let smoothing: Double

  /// `−log g(z)`.
  func loss(_ z: Double) -> Double {
    if Swift.abs(z) < smoothing {
      let miss = joint(Swift.abs(z)).miss
      return z >= 0 ? -Elementary.log1p(-miss) : -Elementary.log(miss)
    }
    let u = lambda * Swift.abs(z)
    let miss = scaledMiss(u)
    return z >= 0 ? -Elementary.log1p(-miss * Elementary.exp(-u)) : u - Elementary.log(miss)
  }

  /// The derivative of ``loss(_:)``; the right branch's at 0.
  func slope(_ z: Double) -> Double {
    if Swift.abs(z) < smoothing {
      let (miss, slope) = joint(Swift.abs(z))
      return -slope / (z >= 0 ? 1 - miss : miss)
    }
    let u = lambda * Swift.abs(z)
    if z < 0 { return -scaledSlope(u) / scaledMiss(u) }
    let decay = Elementary.exp(-u)
    return -scaledSlope(u) * decay / (1 - scaledMiss(u) * decay)
  }

  // MARK: The right branch, times e^u

  /// `(1 − g) e^u`.
  private func scaledMiss(_ u: Double) -> Double {
    if lambda <= 1 { return integral { Self.scaledE(u + lambda * $0) * Elementary.exp(-lambda * $0) } }
    // u/(1 − e^−u) is 1 in the limit of 0.
    let first = u == 0 ? 1 : -u / Elementary.expm1(-u)
    let second = -(u + lambda) * Elementary.exp(-lambda) / Elementary.expm1(-(u + lambda))
    return (first - second) / lambda
  }

  /// `g′ e^u`.
  private func scaledSlope(_ u: Double) -> Double {
    if lambda <= 1 {
      return lambda * integral { Self.scaledF(u + lambda * $0) * Elementary.exp(-lambda * $0) }
    }
    return Self.scaledE(u) - Self.scaledE(u + lambda) * Elementary.exp(-lambda)
  }

  /// `E(t) e^t`; `E(t) = (te^t − e^t + 1)/(e^t − 1)²`.
  private static func scaledE(_ t: Double) -> Double {
    if t < 1 { return (0.5 - Self.series(t, deficit) * t) * Elementary.exp(t) }
    let x = Elementary.exp(-t)
    return (t - 1 + x) / ((1 - x) * (1 - x))
  }

  /// `F(t) e^t`; `F(t) = e^(−t)[t − 2 + e^(−t)(t + 2)]/(1 − e^(−t))³`.
  private static func scaledF(_ t: Double) -> Double {
    if t < 1 { return Self.series(t, curvature) * Elementary.exp(t) }
    let x = Elementary.exp(-t)
    return (t - 2 + x * (t + 2)) / ((1 - x) * (1 - x) * (1 - x))
  }

  // MARK: The joint at 0

  /// `1 − g(a)` and `g′(a)` on the cubic, for `0 ≤ a ≤ δ`.
  ///
  /// Expanded around `a = δ`, where all summands are positive: nothing cancels, however small `1 − g(δ)` is.
  private func joint(_ a: Double) -> (miss: Double, slope: Double) {
    let delta = smoothing
    let u = lambda * delta
    let decay = Elementary.exp(-u)
    let slope = scaledSlope(u) * decay
    // g(δ) − 1/2 over δ: for small λ an integral of 1/2 − E, which does not cancel.
    let rise =
      lambda <= 1
      ? integral { x in
        let t = u + lambda * x
        return t < 1 ? t * Self.series(t, Self.deficit) : 0.5 - Self.scaledE(t) * Elementary.exp(-t)
      } : 0.5 - scaledMiss(u) * decay
    // −K ≥ 0, because the right branch is concave.
    let bend = (rise / delta - slope) / (2 * delta * delta)
    let y = delta - a
    return (
      scaledMiss(u) * decay + slope * y + bend * y * y * (3 * delta - y),
      slope + 3 * bend * y * (2 * delta - y)
    )
  }

  // MARK: Quadrature and series

  /// `∫₀¹ f(x) dx` by Gauss and Legendre's eight points.
  private func integral(_ f: (Double) -> Double) -> Double {
    var sum = 0.0
    for (node, weight) in Self.nodes { sum += weight * (f(node) + f(1 - node)) }
    return sum
  }

  private static let nodes: [(Double, Double)] = [
    (0.019855071751231884158, 0.050614268145188129576),
    (0.1016667612931866302, 0.11119051722668723527),
    (0.23723379504183550709, 0.15685332293894364367),
    (0.40828267875217509753, 0.18134189168918099148),
  ]

  /// `Σ_k c_k t^(2k)`.
  private static func series(_ t: Double, _ coefficients: [Double]) -> Double {
    let square = t * t
    return coefficients.reversed().reduce(0) { $0 * square + $1 }
  }

  /// `(1/2 − E(t))/t` in powers of `t²`: `B_2k/(2k−1)!`, Bernoulli numbers above.
  private static let deficit: [Double] = [
    0.16666666666666666667, -0.0055555555555555555556, 0.0001984126984126984127, -6.6137566137566137566e-6,
    2.0876756987868098979e-7, -6.3410281664249918218e-9, 1.8735551142958550366e-10,
    -5.4234884741161325869e-12, 1.5454911701300120215e-13, -4.3497373971161237461e-15,
    1.2119806222392504933e-16,
  ]

  /// `F(t)` in powers of `t²`: `B_2k/(2k−2)!`.
  private static let curvature: [Double] = [
    0.16666666666666666667, -0.016666666666666666667, 0.00099206349206349206349,
    -0.000046296296296296296296, 1.8789081289081289081e-6, -6.975130983067491004e-8,
    2.4356216485846115476e-9, -8.1352327111741988804e-11, 2.6273349892210204366e-12,
    -8.2645010545206351176e-14, 2.545159306702426036e-15,
  ]
}

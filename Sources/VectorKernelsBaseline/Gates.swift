// The functions that feed-forward layers bend numbers with, alone or as gates, and soft caps.

public import VectorKernelsInterface

/// A function and its slope. Conformers have no storage of their own, for the reason that `Strip` gives.
private protocol Bend {
  static func value(_ x: Lanes) -> Lanes
  static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes)
}

private enum SiLU: Bend {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x * Curves.gate(x) }
  @inline(__always) static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let gate = Curves.gate(x)
    return (x * gate, gate * fused(x, 1 - gate, Lanes(repeating: 1)))
  }
}

private enum TanhGELU: Bend {
  /// 2√(2/π)·(x + 0.044715·x³)
  @inline(__always) private static func twice(_ x: Lanes, _ square: Lanes) -> Lanes {
    x * fused(square, Lanes(repeating: 0.071_354_816), Lanes(repeating: 1.595_769_12))
  }
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x * Curves.gate(twice(x, x * x)) }
  @inline(__always) static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let square = x * x
    let gate = Curves.gate(twice(x, square))
    let inner = x * fused(square, Lanes(repeating: 0.214_064_45), Lanes(repeating: 1.595_769_12))
    return (x * gate, gate * fused(inner, 1 - gate, Lanes(repeating: 1)))
  }
}

private enum NormalGELU: Bend {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x * distribution(x) }
  @inline(__always) static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let share = distribution(x)
    let density = Curves.exponential(x * x * -0.5) * 0.398_942_28
    return (x * share, fused(x, density, share))
  }

  /// Φ(x) = (1 + erf(x/√2))/2
  @inline(__always) private static func distribution(_ x: Lanes) -> Lanes {
    let t = x * 0.707_106_78
    let sign = unsafeBitCast(t, to: Words.self) & 0x8000_0000
    var size = unsafeBitCast(unsafeBitCast(t, to: Words.self) & 0x7fff_ffff, to: Lanes.self)
    // erf(4) is 1 in single precision.
    size.replace(with: 4, where: size .> 4)
    // Near 0, t + t·p(t²), minimax in relative error on 0...1: 1.2e-9 before rounding.
    let square = size * size
    var p = Lanes(repeating: 7.853_906_73e-5)
    p = fused(p, square, Lanes(repeating: -8.010_208_50e-4))
    p = fused(p, square, Lanes(repeating: 5.188_329_57e-3))
    p = fused(p, square, Lanes(repeating: -2.685_381_31e-2))
    p = fused(p, square, Lanes(repeating: 1.128_358_52e-1))
    p = fused(p, square, Lanes(repeating: -3.761_262_58e-1))
    p = fused(p, square, Lanes(repeating: 1.283_791_66e-1))
    let near = fused(p, size, size)
    // Elsewhere 1 − e^−q(t), on 0.97...4: 1.2e-9.
    var q = Lanes(repeating: -1.900_325_36e-4)
    q = fused(q, size, Lanes(repeating: 2.984_613_05e-3))
    q = fused(q, size, Lanes(repeating: -2.199_032_30e-2))
    q = fused(q, size, Lanes(repeating: 1.034_339_99e-1))
    q = fused(q, size, Lanes(repeating: 6.377_576_22e-1))
    q = fused(q, size, Lanes(repeating: 1.127_328_53))
    q = fused(q, size, Lanes(repeating: 2.810_956_57e-4))
    let far = 1 - Curves.exponential(-q)
    let erf = far.replacing(with: near, where: size .< 0.98)
    return fused(
      unsafeBitCast(unsafeBitCast(erf, to: Words.self) | sign, to: Lanes.self), Lanes(repeating: 0.5),
      Lanes(repeating: 0.5))
  }
}

private enum ReLU: Bend {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x.replacing(with: 0, where: x .< 0) }
  @inline(__always) static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    (x.replacing(with: 0, where: x .< 0), Lanes.zero.replacing(with: 1, where: x .> 0))
  }
}

extension Kernels {
  public static func activate(
    _ function: ActivationKind, _ x: Scalars, _ y: MutableScalars, _ n: Int
  ) {
    switch function {
    case .silu: activate(SiLU.self, x, y, n)
    case .gelu: activate(NormalGELU.self, x, y, n)
    case .geluTanh: activate(TanhGELU.self, x, y, n)
    case .relu: activate(ReLU.self, x, y, n)
    }
  }

  @inline(__always)
  private static func activate<B: Bend>(_: B.Type, _ x: Scalars, _ y: MutableScalars, _ n: Int) {
    x.isBrainFloat
      ? activate(B.self, Rounded.self, x.base, y.base, n) : activate(B.self, Plain.self, x.base, y.base, n)
  }

  @inline(__always)
  private static func activate<B: Bend, S: Storage>(
    _: B.Type, _: S.Type, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ n: Int
  ) {
    let (x, y) = (S.address(x), S.address(y))
    for start in stride(from: 0, to: n, by: 16) {
      S.store(B.value(S.load(x + start, upTo: n - start)), y + start, upTo: n - start)
    }
  }

  public static func activateGradient(
    _ function: ActivationKind, _ upstream: MutableScalars, _ x: Scalars, _ dx: MutableScalars, _ n: Int
  ) {
    switch function {
    case .silu: activateGradient(SiLU.self, upstream, x, dx, n)
    case .gelu: activateGradient(NormalGELU.self, upstream, x, dx, n)
    case .geluTanh: activateGradient(TanhGELU.self, upstream, x, dx, n)
    case .relu: activateGradient(ReLU.self, upstream, x, dx, n)
    }
  }

  @inline(__always)
  private static func activateGradient<B: Bend>(
    _: B.Type, _ upstream: MutableScalars, _ x: Scalars, _ dx: MutableScalars, _ n: Int
  ) {
    x.isBrainFloat
      ? activateGradient(B.self, Rounded.self, upstream.base, x.base, dx.base, n)
      : activateGradient(B.self, Plain.self, upstream.base, x.base, dx.base, n)
  }

  @inline(__always)
  private static func activateGradient<B: Bend, S: Storage>(
    _: B.Type, _: S.Type, _ upstream: UnsafeMutableRawPointer, _ x: UnsafeRawPointer,
    _ dx: UnsafeMutableRawPointer, _ n: Int
  ) {
    let (upstream, x, dx) = (S.address(upstream), S.address(x), S.address(dx))
    for start in stride(from: 0, to: n, by: 16) {
      let rest = n - start
      let (value, slope) = B.valueAndSlope(S.load(x + start, upTo: rest))
      S.store(S.load(upstream + start, upTo: rest) * slope, dx + start, upTo: rest)
      S.store(value, upstream + start, upTo: rest)
    }
  }

  public static func gated(
    _ function: ActivationKind, _ gate: Scalars, _ up: Scalars, _ out: MutableScalars, _ n: Int
  ) {
    switch function {
    case .silu: gated(SiLU.self, gate, up, out, n)
    case .gelu: gated(NormalGELU.self, gate, up, out, n)
    case .geluTanh: gated(TanhGELU.self, gate, up, out, n)
    case .relu: gated(ReLU.self, gate, up, out, n)
    }
  }

  @inline(__always)
  private static func gated<B: Bend>(
    _: B.Type, _ gate: Scalars, _ up: Scalars, _ out: MutableScalars, _ n: Int
  ) {
    gate.isBrainFloat
      ? gated(B.self, Rounded.self, gate.base, up.base, out.base, n)
      : gated(B.self, Plain.self, gate.base, up.base, out.base, n)
  }

  @inline(__always)
  private static func gated<B: Bend, S: Storage>(
    _: B.Type, _: S.Type, _ gate: UnsafeRawPointer, _ up: UnsafeRawPointer, _ out: UnsafeMutableRawPointer,
    _ n: Int
  ) {
    let (gate, up, out) = (S.address(gate), S.address(up), S.address(out))
    // One loop, with the last few in it: closures as long as this would be called, not inlined.
    for start in stride(from: 0, to: n, by: 16) {
      let rest = n - start
      let value = B.value(S.load(gate + start, upTo: rest))
      S.store(value * S.load(up + start, upTo: rest), out + start, upTo: rest)
    }
  }

  public static func gatedGradient(
    _ function: ActivationKind, _ upstream: MutableScalars, _ gate: Scalars, _ up: Scalars,
    _ gateGradient: MutableScalars, _ upGradient: MutableScalars, _ n: Int
  ) {
    switch function {
    case .silu: gatedGradient(SiLU.self, upstream, gate, up, gateGradient, upGradient, n)
    case .gelu: gatedGradient(NormalGELU.self, upstream, gate, up, gateGradient, upGradient, n)
    case .geluTanh: gatedGradient(TanhGELU.self, upstream, gate, up, gateGradient, upGradient, n)
    case .relu: gatedGradient(ReLU.self, upstream, gate, up, gateGradient, upGradient, n)
    }
  }

  @inline(__always)
  private static func gatedGradient<B: Bend>(
    _: B.Type, _ upstream: MutableScalars, _ gate: Scalars, _ up: Scalars, _ gateGradient: MutableScalars,
    _ upGradient: MutableScalars, _ n: Int
  ) {
    gate.isBrainFloat
      ? gatedGradient(
        B.self, Rounded.self, upstream.base, gate.base, up.base, gateGradient.base, upGradient.base, n)
      : gatedGradient(
        B.self, Plain.self, upstream.base, gate.base, up.base, gateGradient.base, upGradient.base, n)
  }

  @inline(__always)
  private static func gatedGradient<B: Bend, S: Storage>(
    _: B.Type, _: S.Type, _ upstream: UnsafeMutableRawPointer, _ gate: UnsafeRawPointer,
    _ up: UnsafeRawPointer, _ gateGradient: UnsafeMutableRawPointer, _ upGradient: UnsafeMutableRawPointer,
    _ n: Int
  ) {
    let (upstream, gate, up) = (S.address(upstream), S.address(gate), S.address(up))
    let (gateGradient, upGradient) = (S.address(gateGradient), S.address(upGradient))
    for start in stride(from: 0, to: n, by: 16) {
      let rest = n - start
      let (value, slope) = B.valueAndSlope(S.load(gate + start, upTo: rest))
      let (incoming, other) = (S.load(upstream + start, upTo: rest), S.load(up + start, upTo: rest))
      S.store(incoming * other * slope, gateGradient + start, upTo: rest)
      S.store(incoming * value, upGradient + start, upTo: rest)
      S.store(value * other, upstream + start, upTo: rest)
    }
  }

  public static func softCap(_ x: MutableFloats, scale s: Float, _ cap: Float, _ n: Int) {
    let inner = s / cap
    mapLanes(x, x, n) { Curves.hyperbolicTangent($0 * inner) * cap }
  }

  public static func softCapGradient(
    _ capped: Floats, scale s: Float, _ cap: Float, _ slopes: MutableScalars, _ n: Int
  ) {
    slopes.isBrainFloat
      ? softCapGradient(Rounded.self, capped, s, 1 / cap, slopes.base, n)
      : softCapGradient(Plain.self, capped, s, 1 / cap, slopes.base, n)
  }

  @inline(__always)
  private static func softCapGradient<S: Storage>(
    _: S.Type, _ capped: Floats, _ scale: Float, _ inverse: Float, _ slopes: UnsafeMutableRawPointer, _ n: Int
  ) {
    let slopes = S.address(slopes)
    @inline(__always) func slope(_ capped: Lanes) -> Lanes {
      let share = capped * inverse
      return fused(-share, share, Lanes(repeating: 1)) * scale
    }
    forEachRun(n) {
      S.store(S.load(slopes + $0) * slope((capped + $0).load()), slopes + $0)
    } _: {
      S.storePart(S.loadPart(slopes + $0, $1) * slope(loadPart(capped + $0, $1, 0)), slopes + $0, $1)
    }
  }
}

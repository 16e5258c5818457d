// Rotary positions, gates and biases, on activations as they are stored.

public import VectorKernelsInterface

extension Kernels {
  public static func rotate(
    _ x: MutableScalars, _ heads: Int, _ step: Int, _ width: Int, _ cosines: Floats, _ sines: Floats,
    _ inverse: Bool
  ) {
    x.isBrainFloat
      ? rotate(Rounded.self, x.base, heads, step, width, cosines, sines, inverse)
      : rotate(Plain.self, x.base, heads, step, width, cosines, sines, inverse)
  }

  @inline(__always)
  private static func rotate<S: Storage>(
    _: S.Type, _ x: UnsafeMutableRawPointer, _ heads: Int, _ step: Int, _ width: Int, _ cosines: Floats,
    _ sines: Floats, _ inverse: Bool
  ) {
    let half = width / 2
    let direction: Float = inverse ? -1 : 1
    for head in 0..<heads {
      let left = S.address(x) + head * step
      let right = left + half
      forEachRun(half) {
        let (a, b) = (S.load(left + $0), S.load(right + $0))
        let (cosine, sine) = ((cosines + $0).load(Lanes.self), (sines + $0).load(Lanes.self) * direction)
        S.store(a * cosine - b * sine, left + $0)
        S.store(b * cosine + a * sine, right + $0)
      } _: {
        let (a, b) = (S.loadPart(left + $0, $1), S.loadPart(right + $0, $1))
        let (cosine, sine) = (loadPart(cosines + $0, $1, 0), loadPart(sines + $0, $1, 0) * direction)
        S.storePart(a * cosine - b * sine, left + $0, $1)
        S.storePart(b * cosine + a * sine, right + $0, $1)
      }
    }
  }

  public static func gatedSiLU(_ gate: Scalars, _ up: Scalars, _ out: MutableScalars, _ n: Int) {
    gate.isBrainFloat
      ? gatedSiLU(Rounded.self, gate.base, up.base, out.base, n)
      : gatedSiLU(Plain.self, gate.base, up.base, out.base, n)
  }

  @inline(__always)
  private static func gatedSiLU<S: Storage>(
    _: S.Type, _ gate: UnsafeRawPointer, _ up: UnsafeRawPointer, _ out: UnsafeMutableRawPointer, _ n: Int
  ) {
    let (gate, up, out) = (S.address(gate), S.address(up), S.address(out))
    // One loop, with the last few in it: closures as long as this would be called, not inlined.
    for start in stride(from: 0, to: n, by: 16) {
      let x = S.load(gate + start, upTo: n - start)
      S.store(x * Curves.gate(x) * S.load(up + start, upTo: n - start), out + start, upTo: n - start)
    }
  }

  public static func gatedSiLUGradient(
    _ upstream: MutableScalars, _ gate: Scalars, _ up: Scalars, _ gateGradient: MutableScalars,
    _ upGradient: MutableScalars, _ n: Int
  ) {
    gate.isBrainFloat
      ? slopes(Rounded.self, upstream.base, gate.base, up.base, gateGradient.base, upGradient.base, n)
      : slopes(Plain.self, upstream.base, gate.base, up.base, gateGradient.base, upGradient.base, n)
  }

  @inline(__always)
  private static func slopes<S: Storage>(
    _: S.Type, _ upstream: UnsafeMutableRawPointer, _ gate: UnsafeRawPointer, _ up: UnsafeRawPointer,
    _ gateGradient: UnsafeMutableRawPointer, _ upGradient: UnsafeMutableRawPointer, _ n: Int
  ) {
    let (upstream, gate, up) = (S.address(upstream), S.address(gate), S.address(up))
    let (gateGradient, upGradient) = (S.address(gateGradient), S.address(upGradient))
    for start in stride(from: 0, to: n, by: 16) {
      let rest = n - start
      let (x, y) = (S.load(gate + start, upTo: rest), S.load(up + start, upTo: rest))
      let activation = Curves.gate(x)
      let incoming = S.load(upstream + start, upTo: rest) * activation
      let slope = incoming * y * fused(x, 1 - activation, Lanes(repeating: 1))
      S.store(slope, gateGradient + start, upTo: rest)
      S.store(incoming * x, upGradient + start, upTo: rest)
      S.store(x * activation * y, upstream + start, upTo: rest)
    }
  }

  public static func add(_ x: Scalars, _ y: MutableFloats, _ n: Int) {
    x.isBrainFloat ? add(Rounded.self, x.base, y, n) : add(Plain.self, x.base, y, n)
  }

  @inline(__always)
  private static func add<S: Storage>(_: S.Type, _ x: UnsafeRawPointer, _ y: MutableFloats, _ n: Int) {
    let x = S.address(x)
    forEachRun(n) {
      (y + $0).store((y + $0).load(Lanes.self) + S.load(x + $0))
    } _: {
      storePart(loadPart(y + $0, $1, 0) + S.loadPart(x + $0, $1), y + $0, $1)
    }
  }

  public static func add(_ x: Floats, _ y: MutableScalars, _ n: Int) {
    y.isBrainFloat ? add(Rounded.self, x, y.base, n) : add(Plain.self, x, y.base, n)
  }

  @inline(__always)
  private static func add<S: Storage>(_: S.Type, _ x: Floats, _ y: UnsafeMutableRawPointer, _ n: Int) {
    let y = S.address(y)
    forEachRun(n) {
      S.store(S.load(y + $0) + (x + $0).load(Lanes.self), y + $0)
    } _: {
      S.storePart(S.loadPart(y + $0, $1) + loadPart(x + $0, $1, 0), y + $0, $1)
    }
  }
}

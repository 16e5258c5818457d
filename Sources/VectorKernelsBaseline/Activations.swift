// Rotary positions and biases, on activations as they are stored.

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

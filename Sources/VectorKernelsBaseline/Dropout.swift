// Dropout: a hash of key and column for every element, sixteen at a time.

public import VectorKernelsInterface

/// Numbers in 1..<2 for sixteen columns from `start` on; the scalar twin draws the same.
@inline(__always)
private func draw(_ key: UInt64, _ start: Int) -> Lanes {
  let columns =
    Words(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) &+ UInt32(truncatingIfNeeded: start)
  var h = (columns &* 0x9E37_79B1) ^ UInt32(truncatingIfNeeded: key)
  h = (h ^ (h &>> 15)) &* 0x2C1B_3C6D
  h = (h ^ (h &>> 12)) &+ UInt32(truncatingIfNeeded: key >> 32)
  h = (h ^ (h &>> 13)) &* 0x297A_2D39
  h = h ^ (h &>> 15)
  return unsafeBitCast((h &>> 9) | 0x3f80_0000, to: Lanes.self)
}

/// See `DropoutKernels.drop`.
@inline(__always)
private func dropRow<S: Storage>(
  _: S.Type, _ x: UnsafePointer<S.Scalar>, _ key: UInt64, _ probability: Float,
  _ y: UnsafeMutablePointer<S.Scalar>, _ n: Int
) {
  let (threshold, factor) = (1 + probability, 1 / (1 - probability))
  forEachRun(n) {
    let kept = (S.load(x + $0) * factor).replacing(with: 0, where: draw(key, $0) .< threshold)
    S.store(kept, y + $0)
  } _: {
    let kept = (S.loadPart(x + $0, $1) * factor).replacing(with: 0, where: draw(key, $0) .< threshold)
    S.storePart(kept, y + $0, $1)
  }
}

extension Kernels: DropoutKernels {
  public static func drop(
    _ x: Scalars, _ key: UInt64, _ probability: Float, _ y: MutableScalars, _ n: Int
  ) {
    if x.isBrainFloat {
      dropRow(Rounded.self, Rounded.address(x.base), key, probability, Rounded.address(y.base), n)
    } else {
      dropRow(Plain.self, Plain.address(x.base), key, probability, Plain.address(y.base), n)
    }
  }
}

// The scalar twin of dropout: the same hash, one element at a time.

package import VectorKernelsInterface

extension ScalarKernels: DropoutKernels {
  package static func drop(
    _ x: Scalars, _ key: UInt64, _ probability: Float, _ y: MutableScalars, _ n: Int
  ) {
    for i in 0..<n {
      let isLeftOut = draw(key, UInt32(truncatingIfNeeded: i)) < 1 + probability
      if x.isBrainFloat {
        let number = Float(bitPattern: UInt32(x.base.assumingMemoryBound(to: UInt16.self)[i]) << 16)
        var result = isLeftOut ? 0 : number * (1 / (1 - probability))
        toBrainFloat(&result, y.base.assumingMemoryBound(to: UInt16.self) + i, 1)
      } else {
        let number = x.base.assumingMemoryBound(to: Float.self)[i]
        y.base.assumingMemoryBound(to: Float.self)[i] = isLeftOut ? 0 : number * (1 / (1 - probability))
      }
    }
  }

  /// A number in 1..<2.
  private static func draw(_ key: UInt64, _ column: UInt32) -> Float {
    var h = (column &* 0x9E37_79B1) ^ UInt32(truncatingIfNeeded: key)
    h = (h ^ (h >> 15)) &* 0x2C1B_3C6D
    h = (h ^ (h >> 12)) &+ UInt32(truncatingIfNeeded: key >> 32)
    h = (h ^ (h >> 13)) &* 0x297A_2D39
    h ^= h >> 15
    return Float(bitPattern: (h >> 9) | 0x3f80_0000)
  }
}

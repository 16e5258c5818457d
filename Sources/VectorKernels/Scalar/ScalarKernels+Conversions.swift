// The scalar twins of the conversions between 32-bit and 16-bit floating point.

package import VectorKernelsInterface

extension ScalarKernels {
  package static func fromBrainFloat(_ x: UnsafePointer<UInt16>, _ y: MutableFloats, _ n: Int) {
    for i in 0..<n { y[i] = Float(bitPattern: UInt32(x[i]) << 16) }
  }

  package static func toBrainFloat(_ x: Floats, _ y: UnsafeMutablePointer<UInt16>, _ n: Int) {
    for i in 0..<n {
      let bits = x[i].bitPattern
      if x[i].isNaN {
        y[i] = UInt16(bits >> 16) | 0x40
      } else {
        y[i] = UInt16((bits + 0x7fff + (bits >> 16 & 1)) >> 16)
      }
    }
  }

  package static func fromHalf(_ x: UnsafePointer<UInt16>, _ y: MutableFloats, _ n: Int) {
    for i in 0..<n {
      let (sign, exponent, fraction) = (UInt32(x[i] & 0x8000) << 16, x[i] >> 10 & 31, UInt32(x[i] & 0x3ff))
      let magnitude: UInt32
      switch exponent {
      case 0: magnitude = (Float(fraction) * 0x1p-24).bitPattern
      case 31: magnitude = 0x7f80_0000 | fraction << 13
      default: magnitude = (UInt32(exponent) + 112) << 23 | fraction << 13
      }
      y[i] = Float(bitPattern: sign | magnitude)
    }
  }

  package static func toHalf(_ x: Floats, _ y: UnsafeMutablePointer<UInt16>, _ n: Int) {
    for i in 0..<n {
      let bits = x[i].bitPattern
      let (sign, magnitude) = (UInt16(bits >> 16 & 0x8000), bits & 0x7fff_ffff)
      if magnitude > 0x7f80_0000 {
        y[i] = sign | 0x7e00 | UInt16(magnitude >> 13 & 0x3ff)
      } else if magnitude >= 0x477f_f000 {  // 65520 and beyond round to infinity
        y[i] = sign | 0x7c00
      } else if magnitude < 0x3880_0000 {  // below 2⁻¹⁴: multiples of 2⁻²⁴, rounded by adding ½
        y[i] = sign | UInt16((Float(bitPattern: magnitude) + 0.5).bitPattern & 0x7ff)
      } else {
        y[i] = sign | UInt16((magnitude - 0x3800_0000 + 0xfff + (magnitude >> 13 & 1)) >> 13)
      }
    }
  }
}

// Conversions between single precision and the two half precisions, until VectorKernels has them.

import VectorKernels

/// bfloat16 to single precision: exact.
func convert(_ source: BrainFloatBuffer, into target: FloatBuffer) {
  for i in 0..<source.count { target[i] = Float(bitPattern: UInt32(source[i]) << 16) }
}

/// Single precision to bfloat16, rounded to nearest even.
func convert(_ source: FloatBuffer, into target: BrainFloatBuffer) {
  for i in 0..<source.count {
    let bits = source[i].bitPattern
    target[i] =
      source[i].isNaN ? UInt16(bits >> 16) | 0x40 : UInt16((bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
}

/// IEEE half precision to single precision: exact.
func convertHalf(_ source: AlignedBuffer<UInt16>, into target: FloatBuffer) {
  for i in 0..<source.count { target[i] = Float(Float16(bitPattern: source[i])) }
}

/// Single precision to IEEE half precision, rounded to nearest even.
func convertHalf(_ source: FloatBuffer, into target: AlignedBuffer<UInt16>) {
  for i in 0..<source.count { target[i] = Float16(source[i]).bitPattern }
}

// Conversions of whole buffers between single precision, bfloat16 and IEEE half precision.

import VectorKernelsInterface

/// Widens bfloat16 to single precision; exact.
public func convert(_ x: BrainFloatBuffer, into y: FloatBuffer) {
  requireEqualCounts(x, y, "convert")
  forEachBlock(of: x.count) { activeKernels.fromBrainFloat(x.base + $0, y.base + $0, $1) }
}

/// Rounds to the nearest bfloat16, ties to even; NaN stays NaN.
public func convert(_ x: FloatBuffer, into y: BrainFloatBuffer) {
  requireEqualCounts(x, y, "convert")
  forEachBlock(of: x.count) { activeKernels.toBrainFloat(x.base + $0, y.base + $0, $1) }
}

/// Widens IEEE half precision, given by its bits, to single precision; exact.
public func convertHalf(_ x: AlignedBuffer<UInt16>, into y: FloatBuffer) {
  requireEqualCounts(x, y, "convertHalf")
  forEachBlock(of: x.count) { activeKernels.fromHalf(x.base + $0, y.base + $0, $1) }
}

/// Rounds to the nearest IEEE half, ties to even, as bits; too large becomes infinite, NaN stays NaN.
public func convertToHalf(_ x: FloatBuffer, into y: AlignedBuffer<UInt16>) {
  requireEqualCounts(x, y, "convertToHalf")
  forEachBlock(of: x.count) { activeKernels.toHalf(x.base + $0, y.base + $0, $1) }
}

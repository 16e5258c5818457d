// Activations in whichever type they are stored: rows as kernels take them, rounding, rotary positions.

import VectorKernelsInterface

extension Matrix where Scalar: ActivationScalar {
  /// Row `row` from column `column` on, as kernels read it.
  @inline(__always)
  func scalars(_ row: Int, from column: Int = 0) -> Scalars {
    Scalars(UnsafeRawPointer(self.row(row) + column), isBrainFloat: Scalar.self == UInt16.self)
  }

  /// Row `row` from column `column` on, as kernels write it.
  @inline(__always)
  func scalars(_ row: Int, from column: Int = 0) -> MutableScalars {
    MutableScalars(UnsafeMutableRawPointer(self.row(row) + column), isBrainFloat: Scalar.self == UInt16.self)
  }

  /// Row `row` from column `column` on, if it is stored in bfloat16.
  ///
  /// A cast of the whole matrix would count references for every row, on a count that all threads share.
  @inline(__always)
  func brainFloats(_ row: Int, from column: Int = 0) -> UnsafeMutablePointer<UInt16>? {
    guard Scalar.self == UInt16.self else { return nil }
    return UnsafeMutableRawPointer(self.row(row) + column).assumingMemoryBound(to: UInt16.self)
  }

  /// Writes one number, rounded to what is stored.
  func set(_ number: Float, _ row: Int, _ column: Int) {
    if let word = brainFloats(row, from: column) {
      withUnsafePointer(to: number) { activeKernels.toBrainFloat($0, word, 1) }
    } else {
      UnsafeMutableRawPointer(self.row(row) + column).storeBytes(of: number, as: Float.self)
    }
  }
}

/// `x` as activations are stored: itself in single precision, else its rounding in `room`.
///
/// - Shapes: `room` makes a matrix of `x`'s shape.
public func stored<Scalar: ActivationScalar>(_ x: Matrix<Float>, in room: () -> Matrix<Scalar>) -> Matrix<
  Scalar
> {
  if let same = x as? Matrix<Scalar> { return same }
  let rounded = room()
  requireEqualShapes(x, rounded, "stored")
  forEachRowRange(x.rows, columns: x.columns) { range in
    for i in range {
      let target: MutableScalars = rounded.scalars(i)
      activeKernels.toBrainFloat(x.row(i), target.base.assumingMemoryBound(to: UInt16.self), x.columns)
    }
  }
  return rounded
}

/// Turns pairs of columns by their token's angles, in place; `inverse` turns them back (the gradient).
///
/// Of every head the first columns are turned, as many as there are angles twice: column `i` pairs with the one as
/// many columns further as there are angles, as in the Llama family. The others stay.
/// - Parameters:
///   - headWidth: the columns of a head.
///   - step: how far apart heads begin; `headWidth` unless given.
/// - Shapes: `x` `[tokens, (heads − 1)·step + headWidth]`; row `t` of `cosines` and `sines` `[tokens, angles]` is
///   token `t`'s.
public func rotate<Scalar: ActivationScalar>(
  x: Matrix<Scalar>, headWidth: Int, step: Int? = nil, cosines: Matrix<Float>, sines: Matrix<Float>,
  inverse: Bool = false
) {
  let (step, width) = (step ?? headWidth, 2 * cosines.columns)
  precondition(
    headWidth > 0 && width <= headWidth && step >= headWidth && (x.columns - headWidth) % step == 0,
    "rotate: \(width) columns of heads of \(headWidth), \(step) apart, in \(x.columns) columns")
  requireEqualShapes(cosines, sines, "rotate")
  precondition(cosines.rows == x.rows, "rotate: angles of \(cosines.rows) tokens for \(x.rows)")
  let heads = (x.columns - headWidth) / step + 1
  forEachRowRange(x.rows, columns: x.columns) { range in
    for t in range {
      activeKernels.rotate(x.scalars(t), heads, step, width, cosines.row(t), sines.row(t), inverse)
    }
  }
}

// Weights that multiply, and the one place that decides in which precision they do.

import Optimizers
import VectorKernels

/// One side of a product: single precision, and its bfloat16 rounding where products use that.
struct Operand: Sendable {
  let plain: Matrix<Float>
  let rounded: Matrix<UInt16>?

  /// `plain` as products take it; its rounding, if one is needed, stands in `workspace`.
  init(_ plain: Matrix<Float>, rounding: Bool, _ workspace: Workspace) {
    self.plain = plain
    rounded = rounding ? workspace.matrix(plain.rows, plain.columns) : nil
    if let rounded { convert(plain.buffer, into: rounded.buffer) }
  }

  /// A matrix with a rounding that is kept up to date elsewhere.
  init(_ plain: Matrix<Float>, rounded: Matrix<UInt16>?) {
    (self.plain, self.rounded) = (plain, rounded)
  }

  /// Some rows of both.
  func rows(_ range: Range<Int>) -> Operand { Operand(plain.rows(range), rounded: rounded?.rows(range)) }

  /// Writes `a·b` into `c`, or adds it: in bfloat16 with single-precision sums where both sides are rounded.
  static func multiply(
    _ a: Operand, transposed aTransposed: Bool = false, by b: Operand, transposed bTransposed: Bool = false,
    into c: Matrix<Float>, accumulating: Bool = false
  ) {
    guard c.rows > 0 else { return }
    if let x = a.rounded, let y = b.rounded {
      VectorKernels.multiply(
        x, transposed: aTransposed, by: y, transposed: bTransposed, into: c, accumulating: accumulating)
    } else {
      VectorKernels.multiply(
        a.plain, transposed: aTransposed, by: b.plain, transposed: bTransposed, into: c,
        accumulating: accumulating)
    }
  }
}

/// `y = x·Wᵀ + b`.
///
/// - Shapes: `W` `[outputs, inputs]`, `b` `[outputs]`.
struct LinearMap: Sendable {
  let weight: Parameter
  let bias: Parameter?
  private let rounded: Matrix<UInt16>?
  private var layout: Layout?

  /// A weight laid out once for many products.
  private enum Layout: Sendable {
    case plain(PackedMatrix<Float>)
    case rounded(PackedMatrix<UInt16>)
  }

  /// Joins a weight and a bias; `rounding` keeps a bfloat16 copy of the weight.
  init(_ weight: Parameter, bias: Parameter? = nil, rounding: Bool) {
    (self.weight, self.bias) = (weight, bias)
    rounded = rounding ? Matrix(rows: weight.shape[0], columns: weight.shape[1]) : nil
    roundAgain()
  }

  /// Makes the bfloat16 copy anew, after the weight moved.
  func roundAgain() {
    if let rounded { convert(weight.values, into: rounded.buffer) }
  }

  /// The same map for many products of few rows: laying the weight out for each would cost more than the
  /// product itself. Does not follow later moves of the weight.
  func packed() -> LinearMap {
    var copy = self
    if let rounded {
      copy.layout = .rounded(PackedMatrix(rounded, transposed: true))
    } else {
      copy.layout = .plain(PackedMatrix(operand.plain, transposed: true))
    }
    return copy
  }

  /// The weight as products take it.
  var operand: Operand {
    Operand(Matrix(weight.values, rows: weight.shape[0], columns: weight.shape[1]), rounded: rounded)
  }

  /// Writes `x·Wᵀ + b` into `y`, or adds it.
  func apply(_ x: Operand, into y: Matrix<Float>, accumulating: Bool = false) {
    switch (layout, x.rounded) {
    case (.plain(let weight), _): multiply(x.plain, by: weight, into: y, accumulating: accumulating)
    case (.rounded(let weight), let x?): multiply(x, by: weight, into: y, accumulating: accumulating)
    default:
      Operand.multiply(
        x, transposed: false, by: operand, transposed: true, into: y, accumulating: accumulating)
    }
    if let bias { addBias(bias.values, to: y) }
  }

  /// Writes `dy·W`, the gradient by `x`, into `dx`, or adds it.
  func pullBack(_ dy: Operand, into dx: Matrix<Float>, accumulating: Bool = false) {
    Operand.multiply(dy, by: operand, into: dx, accumulating: accumulating)
  }

  /// Adds the gradients by weight and bias: `dyᵀ·x` and the sum of `dy`'s rows.
  func addGradient(_ dy: Operand, _ x: Operand, to gradients: borrowing GradientAccumulator) {
    let sum = gradients.buffer(for: weight.name)
    Operand.multiply(
      dy, transposed: true, by: x, into: Matrix(sum, rows: weight.shape[0], columns: weight.shape[1]),
      accumulating: true)
    if let bias { addRowSum(of: dy.plain, to: gradients.buffer(for: bias.name)) }
  }
}

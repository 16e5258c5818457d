// Weights that multiply, and the one place that decides how they are kept for it.

import Optimizers
import VectorKernels

/// `y = x·Wᵀ + b`, for activations stored as `Scalar`.
///
/// In single precision products read the weights where they are; frozen ones that bfloat16 holds as they are, as
/// checkpoints mostly store them, take half the work, for the same bits. In bfloat16 they are laid out once, rounded, for
/// each direction that is used: again after every move, or once where nothing moves them.
/// - Shapes: `W` `[outputs, inputs]`, `b` `[outputs]`.
struct LinearMap<Scalar: ActivationScalar>: Sendable {
  let outputs: Int, inputs: Int
  /// Whether weights and bias have gradients.
  let isTrained: Bool
  private let names: [ParameterName]
  /// The weights, where they are kept in single precision.
  private let values: Matrix<Float>?
  private let bias: JoinedWeights?
  /// What products take of numbers, unless the weights have less: forwards and for the weights' gradient, and backwards.
  private let precision: ProductPrecision, slopePrecision: ProductPrecision
  /// Whether the weights stay, and bfloat16 holds them as they are.
  private let isExact: Bool
  /// `Wᵀ` and `W` as right operands.
  private var forward: PackedMatrix<Scalar>?
  private var backward: PackedMatrix<Scalar>?

  /// Joins weights and biases.
  init(
    _ weights: JoinedWeights, bias: JoinedWeights? = nil, use: WeightUse,
    _ precision: ProductPrecision = .full
  ) {
    self.init(weights, rows: 0..<weights.rows, bias: bias, use: use, precision)
  }

  /// Some of the weights' rows as a map of its own.
  init(
    _ weights: JoinedWeights, rows: Range<Int>, bias: JoinedWeights? = nil, use: WeightUse,
    _ precision: ProductPrecision = .full, slopes: ProductPrecision? = nil
  ) {
    let matrix = weights.matrix.rows(rows)
    (outputs, inputs, names, self.bias) = (matrix.rows, matrix.columns, weights.names, bias)
    isTrained = use == .trained
    let isLaidOut = Scalar.self != Float.self
    values = use.keepsValues(isLaidOut ? .bfloat16 : .float32) ? matrix : nil
    (self.precision, slopePrecision) = (precision, slopes ?? precision)
    isExact = !isLaidOut && use.isFrozen && holdsBrainFloats(matrix.buffer)
    forward = isLaidOut ? PackedMatrix(rounding: matrix, transposed: true, precision) : nil
    backward = isLaidOut && use.pullsBack ? PackedMatrix(rounding: matrix, slopePrecision) : nil
  }

  /// Lays the weights out again, after they moved.
  func parametersChanged() {
    guard let values else { return }
    precondition(!isExact || holdsBrainFloats(values.buffer), "LinearMap: frozen weights '\(names)' moved")
    forward?.refill(from: values)
    backward?.refill(from: values)
  }

  /// The same map for many products of few rows: laying the weight out for each would cost more than the
  /// product itself. Does not follow later moves of the weight.
  func packed() -> LinearMap {
    guard forward == nil, let values else { return self }
    var copy = self
    copy.forward = PackedMatrix(rounding: values, transposed: true, ofWeights(precision))
    return copy
  }

  /// Writes `x·Wᵀ + b` into `y`.
  func apply(_ x: Matrix<Scalar>, into y: Matrix<Scalar>) {
    guard y.rows > 0 else { return }
    let lap = PhaseClock.lap(.linear)
    defer { lap.end() }
    if let forward {
      multiply(x, by: forward, into: y)
    } else {
      multiply(x, transposed: false, by: plain, transposed: true, into: y, ofWeights(precision))
    }
    if let bias { addBias(bias.values, to: y) }
  }

  /// Writes `x·Wᵀ + b` into `y` in single precision.
  func applyExactly(_ x: Matrix<Scalar>, into y: Matrix<Float>) {
    guard y.rows > 0 else { return }
    let lap = PhaseClock.lap(.linear)
    defer { lap.end() }
    if let forward {
      multiply(x, by: forward, into: y)
    } else {
      multiply(x, transposed: false, by: plain, transposed: true, into: y, ofWeights(precision))
    }
    if let bias { addBias(bias.values, to: y) }
  }

  /// Writes `dy·W`, the gradient by `x`, into `dx`.
  func pullBack(_ dy: Matrix<Scalar>, into dx: Matrix<Scalar>) {
    guard dx.rows > 0 else { return }
    let lap = PhaseClock.lap(.linear)
    defer { lap.end() }
    if let backward {
      multiply(dy, by: backward, into: dx)
    } else {
      multiply(dy, by: plain, into: dx, ofWeights(slopePrecision))
    }
  }

  /// Adds the gradients by weights and biases, if they are trained: `dyᵀ·x` and the sum of `dy`'s rows.
  func addGradient(_ dy: Matrix<Scalar>, _ x: Matrix<Scalar>, to gradients: borrowing GradientAccumulator) {
    guard isTrained else { return }
    let lap = PhaseClock.lap(.linear)
    defer { lap.end() }
    let sum = gradients.target(for: names)
    multiply(
      dy, transposed: true, by: x, into: Matrix(sum.values, rows: outputs, columns: inputs),
      accumulating: sum.isBegun, precision)
    if let bias {
      let sum = gradients.target(for: bias.names)
      if !sum.isBegun { clear(sum.values) }
      addRowSum(of: dy, to: sum.values)
    }
  }

  /// `Wᵀ` as a right operand: as it is kept, or laid out in `memory`.
  func forward(in memory: () -> FloatBuffer) -> PackedMatrix<Scalar> {
    forward ?? PackedMatrix(plain, transposed: true, ofWeights(precision), in: memory())
  }

  /// `W` as a right operand: as it is kept, or laid out in `memory`.
  func backward(in memory: () -> FloatBuffer) -> PackedMatrix<Scalar> {
    backward ?? PackedMatrix(plain, ofWeights(slopePrecision), in: memory())
  }

  /// Floats of memory that laying out in each direction takes.
  var layoutCount: Int {
    forward != nil
      ? 0
      : max(
        PackedMatrix<Scalar>.floatCount(rows: inputs, columns: outputs, precision),
        PackedMatrix<Scalar>.floatCount(rows: outputs, columns: inputs, precision))
  }

  /// What products by the weights take where they would take `precision` of others.
  private func ofWeights(_ precision: ProductPrecision) -> ProductPrecision {
    isExact ? precision.byBrainFloats : precision
  }

  /// The weights as products in single precision read them.
  private var plain: Matrix<Scalar> {
    guard let values = values as? Matrix<Scalar> else {
      preconditionFailure("LinearMap: weights of '\(names)' are not laid out in this direction")
    }
    return values
  }
}

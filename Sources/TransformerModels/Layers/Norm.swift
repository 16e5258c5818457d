// The norms of all families behind one face, so that blocks and head need not know which one they have.

import Optimizers
import VectorKernels

/// A norm's weights, and what is computed with them.
struct Norm: Sendable {
  /// What the weights multiply by is the parameter's own memory, or one more than it.
  private let factors: FloatBuffer
  private let bias: Parameter?
  private let addsOne: Bool
  let weight: Parameter
  let epsilon: Float

  /// What a norm found out about every row, which the way back needs.
  struct Measures {
    /// `1/√(mean square + ε)`, or of the variance.
    let inverses: FloatBuffer
    /// The rows' means, where they count.
    let means: FloatBuffer?

    /// Room for the measures of `rows` rows.
    init(rows: Int, _ configuration: ModelConfiguration, _ workspace: Workspace) {
      inverses = workspace.buffer(rows)
      means = configuration.architecture.norm == .layer ? workspace.buffer(rows) : nil
    }

    /// What they take, in bytes.
    static func byteCount(rows: Int, _ configuration: ModelConfiguration) -> Int {
      Workspace.byteCount(
        of: Float.self, configuration.architecture.norm == .layer ? [rows, rows] : [rows])
    }
  }

  /// The norm of that name, without `.weight`.
  init<Failure: Error>(_ name: String, from weights: inout WeightBuilder<Failure>) throws(Failure) {
    let kind = weights.configuration.architecture.norm
    weight = try weights.vector(name + ".weight")
    bias = kind == .layer ? try weights.vector(name + ".bias") : nil
    epsilon = Float(weights.configuration.normEpsilon)
    addsOne = kind == .rootMeanSquarePlusOne
    factors = addsOne ? FloatBuffer(count: weight.values.count) : weight.values
    parametersChanged()
  }

  /// Makes anew what was derived from the weights.
  func parametersChanged() {
    guard addsOne else { return }
    VectorKernels.copy(weight.values, into: factors)
    addConstant(1, to: factors)
  }

  /// Writes the norm of every row of `x`.
  ///
  /// - Shapes: `x` and `y` `[rows, d]`.
  func apply<Scalar: ActivationScalar>(
    _ x: Matrix<Float>, into y: Matrix<Scalar>, measuring measures: Measures
  ) {
    if let bias, let means = measures.means {
      layerNorm(
        x: x, weight: factors, bias: bias.values, epsilon: epsilon, into: y, means: means,
        factors: measures.inverses)
    } else {
      rootMeanSquareNorm(x: x, weight: factors, epsilon: epsilon, into: y, inverses: measures.inverses)
    }
  }

  /// Writes the norm once more, from what was measured.
  func apply<Scalar: ActivationScalar>(
    _ x: Matrix<Float>, measured measures: Measures, into y: Matrix<Scalar>
  ) {
    if let bias, let means = measures.means {
      layerNorm(
        x: x, weight: factors, bias: bias.values, knownMeans: means, factors: measures.inverses, into: y)
    } else {
      rootMeanSquareNorm(x: x, weight: factors, knownInverses: measures.inverses, into: y)
    }
  }

  /// Writes `a + b` into `sum`, and its norm into `y`.
  ///
  /// - Shapes: all `[rows, d]`; `sum` may be `a` or `b`.
  func addAndApply<Scalar: ActivationScalar>(
    _ a: Matrix<Float>, _ b: Matrix<Float>, into sum: Matrix<Float>, normed y: Matrix<Scalar>,
    measuring measures: Measures
  ) {
    guard bias == nil else {
      add(a, b, into: sum)
      return apply(sum, into: y, measuring: measures)
    }
    addAndNormalize(
      a, b, into: sum, weight: factors, epsilon: epsilon, normed: y, inverses: measures.inverses)
  }

  /// Writes the gradient by `x`, or adds it to `dx`; adds those by the weights to `gradients`, where there are some.
  ///
  /// - Shapes: `upstream`, `x` and `dx` `[rows, d]`.
  func pullBack<Scalar: ActivationScalar>(
    _ upstream: Matrix<Scalar>, at x: Matrix<Float>, _ measures: Measures, into dx: Matrix<Float>,
    accumulating: Bool, isTrained: Bool, to gradients: borrowing GradientAccumulator
  ) {
    let weightGradient = isTrained ? gradients.buffer(for: weight.name) : nil
    if let bias, let means = measures.means {
      layerNormGradient(
        upstream: upstream, x: x, weight: factors, means: means, factors: measures.inverses, into: dx,
        accumulating: accumulating, weightGradient: weightGradient,
        biasGradient: isTrained ? gradients.buffer(for: bias.name) : nil)
    } else {
      rootMeanSquareNormGradient(
        upstream: upstream, x: x, weight: factors, inverses: measures.inverses, into: dx,
        accumulating: accumulating, weightGradient: weightGradient)
    }
  }
}

/// The norms of queries and keys before positions turn them.
struct QueryKeyNorm: Sendable {
  private let queries: Parameter, keys: Parameter
  private let epsilon: Float
  /// How many norms each row has.
  private let queryCount: Int, keyCount: Int

  /// The norms of the block whose names begin with `prefix`; nil where it has none.
  init?<Failure: Error>(_ prefix: String, from weights: inout WeightBuilder<Failure>) throws(Failure) {
    let configuration = weights.configuration
    let norms = configuration.queryKeyNorms
    guard norms.count == 2 else { return nil }
    queries = try weights.vector(prefix + norms[0].name)
    keys = try weights.vector(prefix + norms[1].name)
    epsilon = Float(configuration.normEpsilon)
    (queryCount, keyCount) = Self.counts(configuration)
  }

  private static func counts(_ configuration: ModelConfiguration) -> (Int, Int) {
    switch configuration.architecture.queryKeyNorm {
    case .none: (0, 0)
    case .eachHead: (configuration.headCount, configuration.keyValueHeadCount)
    case .allHeads: (1, 1)
    }
  }

  /// How many norms a row has, of queries and keys together.
  static func count(_ configuration: ModelConfiguration) -> Int {
    let (queries, keys) = counts(configuration)
    return queries + keys
  }

  /// Writes the norms of the queries and keys side by side in `x`.
  ///
  /// - Shapes: `x` and `y` `[rows, queries + keys]`, `inverses` `[rows · norms]`.
  func apply<Scalar: ActivationScalar>(
    _ x: Matrix<Scalar>, into y: Matrix<Scalar>, inverses: FloatBuffer
  ) {
    for part in parts(x, inverses) {
      headNorm(
        x: part.x, weight: part.norm.values, epsilon: epsilon, into: y.block(0..<x.rows, part.columns),
        inverses: part.inverses)
    }
  }

  /// Turns the gradient by what was written into the one by `x`, in place.
  func pullBack<Scalar: ActivationScalar>(
    _ gradient: Matrix<Scalar>, at x: Matrix<Scalar>, inverses: FloatBuffer, isTrained: Bool,
    to gradients: borrowing GradientAccumulator
  ) {
    for part in parts(x, inverses) {
      headNormGradient(
        gradient.block(0..<x.rows, part.columns), x: part.x, weight: part.norm.values,
        inverses: part.inverses, weightGradient: isTrained ? gradients.buffer(for: part.norm.name) : nil)
    }
  }

  private func parts<Scalar: ActivationScalar>(
    _ x: Matrix<Scalar>, _ inverses: FloatBuffer
  ) -> [(norm: Parameter, columns: Range<Int>, x: Matrix<Scalar>, inverses: FloatBuffer)] {
    let border = queries.values.count * queryCount
    let split = x.rows * queryCount
    return [(queries, 0..<border, 0..<split), (keys, border..<x.columns, split..<split + x.rows * keyCount)]
      .map { ($0, $1, x.block(0..<x.rows, $1), inverses.window($2)) }
  }
}

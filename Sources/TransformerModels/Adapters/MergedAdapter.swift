// An adapter merged into a model's weights, again after every move: for what pairs beside frozen weights cannot do.

import Optimizers
import VectorKernels

/// A model whose weights are those of its base with the adapter's part in them.
///
/// For each adapted layer, with `V = W + s·B·A` and `c = m/‖V‖`, or 1 without magnitudes,
///
///     W' = c ∘ V    P = s·G·Aᵀ    dB = c ∘ P    dA = s·(c ∘ B)ᵀ·G    dm = (W·G + B·P) / ‖V‖
///
/// where `G` is the gradient by `W'` and products without a sign run over each output's row. The norms are constant
/// to the gradient. Costs what training all weights costs, in time and memory.
final class MergedAdapter {
  private let adapter: LowRankAdapter
  private let weights: Parameters
  private let layers: [Layer]
  /// The gradients by the model's weights, which only passes of training need.
  private var sums: Sums?

  /// One adapted layer.
  fileprivate struct Layer {
    let pair: LowRankAdapter.Pair
    let weight: Parameter
    /// The base's weights.
    let base: FloatBuffer
    /// `‖V‖` and `c`. `[outputs]`
    let norms: FloatBuffer, factors: FloatBuffer
  }

  private final class Sums {
    var gradients: GradientAccumulator
    let names: [ParameterName]
    init(_ parameters: [Parameter]) {
      gradients = GradientAccumulator(for: Parameters(parameters))
      names = parameters.map(\.name)
    }
  }

  /// Merges `adapter` into `weights`.
  ///
  /// - Precondition: `weights` are those of the model that the adapter was made for, in single precision.
  init(_ adapter: LowRankAdapter, into weights: Parameters) {
    (self.adapter, self.weights) = (adapter, weights)
    for (name, values) in adapter.ends {
      if let weight = weights[name] { VectorKernels.copy(values, into: weight.values) }
    }
    layers = adapter.pairs.map { pair in
      guard let weight = weights[pair.layer.weightName] else {
        preconditionFailure("MergedAdapter: the model has no weight '\(pair.layer.name)'")
      }
      let base = FloatBuffer(count: weight.values.count)
      VectorKernels.copy(weight.values, into: base)
      let outputs = pair.layer.columns.count
      return Layer(
        pair: pair, weight: weight, base: base, norms: FloatBuffer(count: outputs),
        factors: FloatBuffer(count: outputs))
    }
    adapter.share(weights)
    if adapter.isFresh {
      for layer in layers {
        guard let magnitude = layer.pair.magnitude else { continue }
        for row in 0..<magnitude.values.count {
          magnitude.values[row] = Float(sumOfSquares(layer.row(row, of: layer.base)).squareRoot())
        }
      }
    }
    merge()
  }

  /// Bytes kept besides the model's weights: the base's, and while training the gradients by all of them.
  func byteCount(isTraining: Bool) -> Int {
    let bases = layers.reduce(0) { $0 + 4 * $1.base.count }
    return bases + (isTraining ? weights.reduce(0) { $0 + 4 * $1.values.count } : 0)
  }

  /// Writes the merged weights.
  func merge() {
    for layer in layers {
      let (pair, outputs) = (layer.pair, layer.pair.layer.columns.count)
      VectorKernels.copy(layer.base, into: layer.weight.values)
      let (down, up) = (pair.scaledDown, pair.upMatrix)
      multiply(up, transposed: false, by: down, into: layer.matrix, accumulating: true)
      guard let magnitude = pair.magnitude else {
        clear(layer.factors)
        addConstant(1, to: layer.factors)
        continue
      }
      for row in 0..<outputs {
        let values = layer.row(row, of: layer.weight.values)
        layer.norms[row] = Float(sumOfSquares(values).squareRoot())
        layer.factors[row] = magnitude.values[row] / layer.norms[row]
        scale(values, by: layer.factors[row])
      }
    }
  }

  /// Lets `pass` add the gradients by the merged weights, and adds those by the adapter's to `gradients`.
  ///
  /// - Parameter besides: what is trained besides the adapter.
  func accumulate(
    into gradients: borrowing GradientAccumulator, besides: [Parameter],
    _ pass: (borrowing GradientAccumulator) -> Void
  ) {
    let all = Array(weights) + besides
    let known = sums.flatMap { $0.names.count == all.count ? $0 : nil }
    let sums = known ?? Sums(all)
    self.sums = sums
    sums.gradients.begin()
    pass(sums.gradients)
    for layer in layers { pull(sums.gradients.buffer(for: layer.weight.name), of: layer, to: gradients) }
    for parameter in besides {
      add(sums.gradients.buffer(for: parameter.name), to: gradients.buffer(for: parameter.name))
    }
    for (weight, name) in adapter.whole {
      add(sums.gradients.buffer(for: weight.name), to: gradients.buffer(for: name))
    }
  }

  /// Takes the gradient by one layer's merged weights apart.
  private func pull(_ slope: FloatBuffer, of layer: Layer, to gradients: borrowing GradientAccumulator) {
    let (pair, outputs) = (layer.pair, layer.pair.layer.columns.count)
    let byWeight = Matrix(slope, rows: layer.matrix.rows, columns: layer.matrix.columns)
    let inner = Matrix<Float>(rows: outputs, columns: pair.rank)
    multiply(byWeight, transposed: false, by: pair.scaledDown, transposed: true, into: inner)
    let up = pair.upMatrix
    if let magnitude = pair.magnitude {
      let sum = gradients.buffer(for: magnitude.name)
      for row in 0..<outputs {
        let own = dot(layer.row(row, of: layer.base), layer.row(row, of: slope))
        let change = dot(up.rows(row..<row + 1).buffer, inner.rows(row..<row + 1).buffer)
        sum[row] += Float((own + change) / Double(layer.norms[row]))
      }
    }
    let scaledUp = Matrix<Float>(rows: outputs, columns: pair.rank)
    VectorKernels.copy(up.buffer, into: scaledUp.buffer)
    for row in 0..<outputs {
      scale(inner.rows(row..<row + 1).buffer, by: layer.factors[row])
      scale(scaledUp.rows(row..<row + 1).buffer, by: layer.factors[row] * Float(pair.scale))
    }
    add(inner.buffer, to: gradients.buffer(for: pair.up.name))
    let down = gradients.buffer(for: pair.down.name)
    multiply(
      scaledUp, transposed: true, by: byWeight,
      into: Matrix(down, rows: pair.rank, columns: pair.layer.inputs), accumulating: true)
  }
}

extension MergedAdapter.Layer {
  /// The weights, a row for each output.
  fileprivate var matrix: Matrix<Float> {
    Matrix(weight.values, rows: weight.shape[0], columns: weight.shape[1])
  }

  /// The weights of one output, of some values that stand as the weights do.
  fileprivate func row(_ row: Int, of values: FloatBuffer) -> FloatBuffer {
    values.window(row * pair.layer.inputs..<(row + 1) * pair.layer.inputs)
  }
}

extension LowRankAdapter.Pair {
  /// `s·A`. `[rank, inputs]`
  fileprivate var scaledDown: Matrix<Float> {
    let copy = FloatBuffer(count: down.values.count)
    VectorKernels.copy(down.values, into: copy)
    VectorKernels.scale(copy, by: Float(scale))
    return Matrix(copy, rows: rank, columns: layer.inputs)
  }

  /// B. `[outputs, rank]`
  fileprivate var upMatrix: Matrix<Float> { Matrix(up.values, rows: up.shape[0], columns: rank) }
}

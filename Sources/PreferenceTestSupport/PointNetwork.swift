// The network behind the denoiser of points: two hidden layers, forward and backward.

import Optimizers
import PreferenceCore
import VectorKernels

/// `ε = W₃ tanh(W₂ tanh(W₁ u + b₁) + b₂) + b₃` of a point, a time and a condition.
struct PointNetwork {
  let contexts: Int
  let parameters: Parameters
  private let layers: [Layer]
  private static let timeFeatures = 3

  /// A weight `[outputs, inputs]` and a bias `[outputs]`.
  private struct Layer {
    let weight: Parameter, bias: Parameter
    var matrix: Matrix<Float> {
      Matrix(weight.values, rows: weight.shape[0], columns: weight.shape[1])
    }
  }

  /// Activations of a pass: the inputs of every layer, and the outputs of the last.
  struct Trace {
    let inputs: [Matrix<Float>]
    let outputs: Matrix<Float>
  }

  init(contexts: Int, hidden: Int, seed: UInt64) {
    var dice = SplitMix(seed: seed)
    let widths = [2 + Self.timeFeatures + contexts, hidden, hidden, 2]
    self.init(
      contexts: contexts,
      (0..<3).map { layer in
        let (inputs, outputs) = (widths[layer], widths[layer + 1])
        let scale = 1 / Double(inputs).squareRoot()
        return Layer(
          weight: Parameter(
            ParameterName("layers.\(layer).weight"), shape: [outputs, inputs],
            scalars: (0..<inputs * outputs).map { _ in Float(scale * dice.normal()) }),
          bias: Parameter(
            ParameterName("layers.\(layer).bias"), shape: [outputs],
            scalars: [Float](repeating: 0, count: outputs), isDecayed: false))
      })
  }

  private init(contexts: Int, _ layers: [Layer]) {
    (self.contexts, self.layers) = (contexts, layers)
    parameters = Parameters(layers.flatMap { [$0.weight, $0.bias] })
  }

  /// The same network with weights of its own.
  func copy() -> PointNetwork {
    func copy(_ parameter: Parameter) -> Parameter {
      Parameter(
        parameter.name, shape: parameter.shape, scalars: parameter.values.scalars,
        isDecayed: parameter.isDecayed)
    }
    return PointNetwork(
      contexts: contexts, layers.map { Layer(weight: copy($0.weight), bias: copy($0.bias)) })
  }

  /// Points, times and conditions as the network takes them, `[rows, inputs]`.
  func inputs(
    _ rows: [(place: [Double], time: Int, context: Int)], _ schedule: NoiseSchedule
  ) -> Matrix<Float> {
    let matrix = Matrix<Float>(rows: rows.count, columns: 2 + Self.timeFeatures + contexts)
    for (i, row) in rows.enumerated() {
      let kept = schedule.kept[row.time]
      let features = [
        row.place[0], row.place[1], (1 - kept).squareRoot(), kept,
        2 * Double(row.time) / Double(schedule.steps) - 1,
      ]
      for (j, feature) in features.enumerated() { matrix[i, j] = Float(feature) }
      matrix[i, features.count + row.context] = 1
    }
    return matrix
  }

  /// Runs the network.
  func trace(_ inputs: Matrix<Float>) -> Trace {
    var kept: [Matrix<Float>] = []
    var x = inputs
    for (place, layer) in layers.enumerated() {
      kept.append(x)
      let y = Matrix<Float>(rows: x.rows, columns: layer.weight.shape[0])
      multiply(x, by: layer.matrix, transposed: true, into: y)
      addBias(layer.bias.values, to: y)
      if place < layers.count - 1 { tanh(y.buffer, into: y.buffer) }
      x = y
    }
    return Trace(inputs: kept, outputs: x)
  }

  /// Adds every weight's gradient, given the one by the outputs.
  func pullBack(_ slopes: Matrix<Float>, _ trace: Trace, to gradients: borrowing GradientAccumulator) {
    var upstream = slopes
    for (place, layer) in layers.enumerated().reversed() {
      let (inputs, rows) = (trace.inputs[place], upstream.rows)
      let byWeight = gradients.buffer(for: layer.weight.name)
      multiply(
        upstream, transposed: true, by: inputs,
        into: Matrix(byWeight, rows: layer.weight.shape[0], columns: layer.weight.shape[1]),
        accumulating: true)
      addRowSum(of: upstream, to: gradients.buffer(for: layer.bias.name))
      guard place > 0 else { return }
      let below = Matrix<Float>(rows: rows, columns: inputs.columns)
      multiply(upstream, by: layer.matrix, into: below)
      // Behind tanh: its slope is 1 − tanh².
      for i in 0..<below.buffer.count {
        let value = inputs.buffer[i]
        below.buffer[i] *= 1 - value * value
      }
      upstream = below
    }
  }
}

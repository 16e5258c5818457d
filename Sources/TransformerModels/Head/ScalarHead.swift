// A number from the last state: value estimates and judgements, trained with the model.

import Optimizers
import VectorKernels

/// `w·norm(x) + b` of a state, with the model's own last norm.
struct ScalarHead: Sendable {
  /// What statistics call it.
  let name: String
  /// `w`, `[1, d]`, and `b`, `[1]`.
  let weight: Parameter, bias: Parameter

  /// A head that says 0 of everything.
  init(_ name: String, width: Int) {
    self.name = name
    weight = Parameter(
      ParameterName("scalar_heads.\(name).weight"), shape: [1, width], values: FloatBuffer(count: width))
    bias = Parameter(
      ParameterName("scalar_heads.\(name).bias"), shape: [1], values: FloatBuffer(count: 1), isDecayed: false)
  }

  /// What training moves.
  var parameters: [Parameter] { [weight, bias] }
}

/// A scalar head, and where it is read: at the state that predicts a token, or at the one that has read it.
struct HeadReading {
  let head: ScalarHead
  let isBehind: Bool

  /// The rows of the stream that are read, one for each prediction.
  private func rows(_ layout: RaggedLayout) -> [Int32] { isBehind ? layout.behind : layout.sources }

  /// The head's output at every prediction.
  ///
  /// - Shapes: `stream` `[rows, d]`.
  func apply<Scalar>(_ stream: Matrix<Float>, _ owner: StatisticsHead<Scalar>, _ pass: PassContext)
    -> [Double]
  {
    let mark = pass.workspace.mark
    defer { pass.workspace.release(to: mark) }
    let states = owner.states(of: stream, at: rows(pass.layout), pass)
    let offset = Double(head.bias.values[0])
    return (0..<states.normed.rows).map {
      dot(states.normed.rows($0..<$0 + 1).buffer, head.weight.values) + offset
    }
  }

  /// Adds the gradient by the stream to `gradient`, and those by the weights to `gradients`.
  ///
  /// - Parameter cotangents: the derivative by every output.
  func pullBack<Scalar>(
    _ cotangents: [Double], _ stream: Matrix<Float>, _ owner: StatisticsHead<Scalar>,
    into gradient: Matrix<Float>, to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    let mark = pass.workspace.mark
    defer { pass.workspace.release(to: mark) }
    let rows = rows(pass.layout)
    let states = owner.states(of: stream, at: rows, pass)
    let (byWeight, byBias) = (gradients.buffer(for: head.weight.name), gradients.buffer(for: head.bias.name))
    let upstream: Matrix<Float> = pass.workspace.matrix(rows.count, stream.columns)
    clear(upstream.buffer)
    for (row, cotangent) in cotangents.enumerated() where cotangent != 0 {
      addScaled(states.normed.rows(row..<row + 1).buffer, by: Float(cotangent), to: byWeight)
      addScaled(head.weight.values, by: Float(cotangent), to: upstream.rows(row..<row + 1).buffer)
      byBias[0] += Float(cotangent)
    }
    owner.pullBack(upstream, states, from: rows, into: gradient, to: gradients, pass)
  }
}

extension StatisticsHead {
  /// Some rows of the stream, and what the last norm makes of them in single precision.
  struct States {
    let picked: Matrix<Float>, normed: Matrix<Float>
    let measures: Norm.Measures
  }

  /// Picks rows of the stream and norms them. `stream`: `[rows, d]`.
  func states(of stream: Matrix<Float>, at rows: [Int32], _ pass: PassContext) -> States {
    let workspace = pass.workspace
    let picked: Matrix<Float> = workspace.matrix(rows.count, stream.columns)
    gatherRows(of: stream, rows, into: picked)
    let normed: Matrix<Float> = workspace.matrix(rows.count, stream.columns)
    let measures = Norm.Measures(rows: rows.count, pass.configuration, workspace)
    norm.apply(picked, into: normed, measuring: measures)
    return States(picked: picked, normed: normed, measures: measures)
  }

  /// Adds the gradient by the stream, given the one by the normed rows, `upstream`.
  fileprivate func pullBack(
    _ upstream: Matrix<Float>, _ states: States, from rows: [Int32], into gradient: Matrix<Float>,
    to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    let byStream: Matrix<Float> = pass.workspace.matrix(rows.count, gradient.columns)
    norm.pullBack(
      upstream, at: states.picked, states.measures, into: byStream, accumulating: false, isTrained: isTrained,
      to: gradients)
    scatterAddRows(byStream, rows, to: gradient)
  }
}

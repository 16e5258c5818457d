// A block backwards, written out by hand.

import Optimizers
import VectorKernels

extension DecoderBlock {
  /// Turns the gradient by the stream behind the block into the one by the stream before it, in place,
  /// and adds the gradients by the block's weights.
  ///
  /// - Shapes: `gradient` and `x` `[rows, d]`.
  func pullBack(
    _ gradient: Matrix<Float>, x: Matrix<Float>, _ kept: BlockActivations<Scalar>,
    to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    pullBackFeedForward(gradient, kept, to: gradients, pass)
    pullBackAttention(gradient, x: x, kept, to: gradients, pass)
  }

  private func pullBackFeedForward(
    _ gradient: Matrix<Float>, _ kept: BlockActivations<Scalar>, to gradients: borrowing GradientAccumulator,
    _ pass: PassContext
  ) {
    let workspace = pass.workspace
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let (rows, inner) = (gradient.rows, kept.gate.columns)

    let upstream: Matrix<Scalar> = stored(gradient) { workspace.matrix(rows, gradient.columns) }
    let gated: Matrix<Scalar> = workspace.matrix(rows, inner)
    let slopes: Matrix<Scalar> = workspace.matrix(rows, 2 * inner)
    down.pullBack(upstream, into: gated)
    gatedSiLUGradient(
      upstreamThenValue: gated, gate: kept.gate, up: kept.up, gateGradient: slopes.block(0..<rows, 0..<inner),
      upGradient: slopes.block(0..<rows, inner..<2 * inner))
    down.addGradient(upstream, gated, to: gradients)

    pullBack(
      slopes, through: gateAndUp, secondNorm, at: kept.middle, kept.secondInverses, addingTo: gradient,
      to: gradients, workspace)
  }

  private func pullBackAttention(
    _ gradient: Matrix<Float>, x: Matrix<Float>, _ kept: BlockActivations<Scalar>,
    to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    let workspace = pass.workspace
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let rows = gradient.rows
    let (queryEnd, keyEnd) = (kept.queries.columns, kept.turned.columns)

    let upstream: Matrix<Scalar> = stored(gradient) { workspace.matrix(rows, gradient.columns) }
    output.addGradient(upstream, kept.mixed, to: gradients)
    let mixed: Matrix<Scalar> = workspace.matrix(rows, queryEnd)
    output.pullBack(upstream, into: mixed)
    let slopes: Matrix<Scalar> = workspace.matrix(rows, kept.joined.columns)
    attention.pullBack(
      upstream: mixed, queries: kept.queries, keys: kept.keys, values: kept.values,
      queryGradient: slopes.block(0..<rows, 0..<queryEnd),
      keyGradient: slopes.block(0..<rows, queryEnd..<keyEnd),
      valueGradient: slopes.block(0..<rows, keyEnd..<slopes.columns), pass.layout, workspace)
    turn(slopes.block(0..<rows, 0..<keyEnd), pass, inverse: true)

    pullBack(
      slopes, through: attentionInputs, firstNorm, at: x, kept.firstInverses, addingTo: gradient,
      to: gradients, workspace)
  }

  /// Pulls `slopes` back through a map and the norm before it, and adds the result to `gradient`.
  private func pullBack(
    _ slopes: Matrix<Scalar>, through map: LinearMap<Scalar>, _ norm: Parameter, at x: Matrix<Float>,
    _ inverses: FloatBuffer, addingTo gradient: Matrix<Float>, to gradients: borrowing GradientAccumulator,
    _ workspace: Workspace
  ) {
    let normed: Matrix<Scalar> = workspace.matrix(x.rows, x.columns)
    if map.isTrained {
      rootMeanSquareNorm(x: x, weight: norm.values, knownInverses: inverses, into: normed)
      map.addGradient(slopes, normed, to: gradients)
    }
    map.pullBack(slopes, into: normed)
    rootMeanSquareNormGradient(
      upstream: normed, x: x, weight: norm.values, inverses: inverses, into: gradient, accumulating: true,
      weightGradient: map.isTrained ? gradients.buffer(for: norm.name) : nil)
  }
}

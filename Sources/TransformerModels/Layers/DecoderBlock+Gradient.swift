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
    let (rows, width) = (gradient.rows, kept.gate.columns)

    let upstream: Matrix<Scalar> = stored(gradient) { workspace.matrix(rows, gradient.columns) }
    let gated: Matrix<Scalar> = workspace.matrix(rows, width)
    let slopes: Matrix<Scalar> = workspace.matrix(rows, 2 * width)
    let adapted = adapted(pass)
    let inner = adapted?.slopes(.down, upstream, pass) ?? []
    down.pullBack(upstream, into: gated)
    adapted?.addInputGradient(.down, inner, to: gated, pass)
    gatedSiLUGradient(
      upstreamThenValue: gated, gate: kept.gate, up: kept.up, gateGradient: slopes.block(0..<rows, 0..<width),
      upGradient: slopes.block(0..<rows, width..<2 * width))
    down.addGradient(upstream, gated, to: gradients)
    adapted?.addGradients(.down, upstream, inner, gated, to: gradients, pass)

    pullBack(
      slopes, through: gateAndUp, .gateAndUp, secondNorm, at: kept.middle, kept.secondInverses,
      addingTo: gradient, to: gradients, pass)
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
    let adapted = adapted(pass)
    let inner = adapted?.slopes(.output, upstream, pass) ?? []
    adapted?.addGradients(.output, upstream, inner, kept.mixed, to: gradients, pass)
    let mixed: Matrix<Scalar> = workspace.matrix(rows, queryEnd)
    output.pullBack(upstream, into: mixed)
    adapted?.addInputGradient(.output, inner, to: mixed, pass)
    let slopes: Matrix<Scalar> = workspace.matrix(rows, kept.joined.columns)
    attention.pullBack(
      upstream: mixed, queries: kept.queries, keys: kept.keys, values: kept.values,
      queryGradient: slopes.block(0..<rows, 0..<queryEnd),
      keyGradient: slopes.block(0..<rows, queryEnd..<keyEnd),
      valueGradient: slopes.block(0..<rows, keyEnd..<slopes.columns), pass.layout, workspace)
    turn(slopes.block(0..<rows, 0..<keyEnd), pass, inverse: true)

    pullBack(
      slopes, through: attentionInputs, .attentionInputs, firstNorm, at: x, kept.firstInverses,
      addingTo: gradient, to: gradients, pass)
  }

  /// Pulls `slopes` back through a map and the norm before it, and adds the result to `gradient`.
  private func pullBack(
    _ slopes: Matrix<Scalar>, through map: LinearMap<Scalar>, _ input: AdaptableLayer.Input,
    _ norm: Parameter,
    at x: Matrix<Float>, _ inverses: FloatBuffer, addingTo gradient: Matrix<Float>,
    to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    let adapted = adapted(pass)
    let inner = adapted?.slopes(input, slopes, pass) ?? []
    let normed: Matrix<Scalar> = pass.workspace.matrix(x.rows, x.columns)
    if map.isTrained || !inner.isEmpty {
      rootMeanSquareNorm(x: x, weight: norm.values, knownInverses: inverses, into: normed)
      map.addGradient(slopes, normed, to: gradients)
      adapted?.addGradients(input, slopes, inner, normed, to: gradients, pass)
    }
    map.pullBack(slopes, into: normed)
    adapted?.addInputGradient(input, inner, to: normed, pass)
    rootMeanSquareNormGradient(
      upstream: normed, x: x, weight: norm.values, inverses: inverses, into: gradient, accumulating: true,
      weightGradient: map.isTrained ? gradients.buffer(for: norm.name) : nil)
  }
}

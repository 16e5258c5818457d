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
    let mark = pass.workspace.mark
    defer { pass.workspace.release(to: mark) }
    var behind = gradient
    if isParallel {
      // Both halves are asked by the stream behind them, and add to the one before them.
      behind = pass.workspace.matrix(gradient.rows, gradient.columns)
      copy(gradient, into: behind)
    }
    pullBackFeedForward(behind, addingTo: gradient, x: x, kept, to: gradients, pass)
    pullBackAttention(behind, addingTo: gradient, x: x, kept, to: gradients, pass)
  }

  private func pullBackFeedForward(
    _ behind: Matrix<Float>, addingTo gradient: Matrix<Float>, x: Matrix<Float>,
    _ kept: BlockActivations<Scalar>, to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    let workspace = pass.workspace
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let (rows, width) = (gradient.rows, kept.gate.columns)

    let upstream = upstream(
      behind, afterFeedForward, kept.feedForwardChange, kept.afterFeedForward, to: gradients, pass)
    let bent: Matrix<Scalar> = workspace.operand(rows, width)
    let slopes: Matrix<Scalar> = workspace.operand(rows, kept.gateAndUp.columns)
    let adapted = adapted(pass)
    let inner = adapted?.slopes(.down, upstream, pass) ?? []
    down.pullBack(upstream, into: bent)
    adapted?.addInputGradient(.down, inner, to: bent, pass)
    if let up = kept.up {
      gatedGradient(
        activation, upstreamThenValue: bent, gate: kept.gate, up: up,
        gateGradient: slopes.block(0..<rows, 0..<width),
        upGradient: slopes.block(0..<rows, width..<2 * width))
    } else {
      activateGradient(activation, upstreamThenValue: bent, x: kept.gate, into: slopes)
    }
    down.addGradient(upstream, bent, to: gradients)
    adapted?.addGradients(.down, upstream, inner, bent, to: gradients, pass)

    pullBack(
      slopes, through: gateAndUp, .gateAndUp, beforeFeedForward, at: isParallel ? x : kept.middle,
      kept.beforeFeedForward, addingTo: gradient, to: gradients, pass)
  }

  private func pullBackAttention(
    _ behind: Matrix<Float>, addingTo gradient: Matrix<Float>, x: Matrix<Float>,
    _ kept: BlockActivations<Scalar>, to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    let workspace = pass.workspace
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let rows = gradient.rows

    let upstream = upstream(
      behind, afterAttention, kept.attentionChange, kept.afterAttention, to: gradients, pass)
    output.addGradient(upstream, kept.mixed, to: gradients)
    let adapted = adapted(pass)
    let inner = adapted?.slopes(.output, upstream, pass) ?? []
    adapted?.addGradients(.output, upstream, inner, kept.mixed, to: gradients, pass)
    let mixed: Matrix<Scalar> = workspace.matrix(rows, kept.mixed.columns)
    output.pullBack(upstream, into: mixed)
    adapted?.addInputGradient(.output, inner, to: mixed, pass)
    let slopes: Matrix<Scalar> = workspace.operand(rows, kept.joined.columns)
    attention.pullBack(
      upstream: Heads(mixed, width: attention.headWidth), queries: kept.queries, keys: kept.keys,
      values: kept.values, queryGradient: columns.queries(of: slopes), keyGradient: columns.keys(of: slopes),
      valueGradient: columns.values(of: slopes), pass.layout, workspace)
    turn(slopes, pass, inverse: true)
    if let queryKeyNorm, let turned = kept.turned, let inverses = kept.headInverses {
      let part = 0..<turned.columns
      queryKeyNorm.pullBack(
        slopes.block(0..<rows, part), at: kept.joined.block(0..<rows, part), inverses: inverses,
        isTrained: attentionInputs.isTrained, to: gradients)
    }

    pullBack(
      slopes, through: attentionInputs, .attentionInputs, beforeAttention, at: x, kept.beforeAttention,
      addingTo: gradient, to: gradients, pass)
  }

  /// The gradient by what a half of the block made, as products take it: `behind`, pulled back through the norm of
  /// the change where there is one.
  private func upstream(
    _ behind: Matrix<Float>, _ norm: Norm?, _ change: Matrix<Float>?, _ measures: Norm.Measures?,
    to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) -> Matrix<Scalar> {
    let workspace = pass.workspace
    guard let norm, let change, let measures else {
      return stored(behind) { workspace.operand(behind.rows, behind.columns) }
    }
    let room: Matrix<Scalar> = workspace.operand(behind.rows, behind.columns)
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let byChange: Matrix<Float> = (room as? Matrix<Float>) ?? workspace.matrix(behind.rows, behind.columns)
    norm.pullBack(
      behind, at: change, measures, into: byChange, accumulating: false, isTrained: output.isTrained,
      to: gradients)
    return stored(byChange) { room }
  }

  /// Pulls `slopes` back through a map and the norm before it, and adds the result to `gradient`.
  private func pullBack(
    _ slopes: Matrix<Scalar>, through map: LinearMap<Scalar>, _ input: LinearModule.Input, _ norm: Norm?,
    at x: Matrix<Float>, _ measures: Norm.Measures, addingTo gradient: Matrix<Float>,
    to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    let adapted = adapted(pass)
    let inner = adapted?.slopes(input, slopes, pass) ?? []
    let room: Matrix<Scalar> = pass.workspace.operand(x.rows, x.columns)
    if map.isTrained || !inner.isEmpty {
      var given = room
      if let norm {
        norm.apply(x, measured: measures, into: room)
      } else {
        given = stored(x) { room }
      }
      map.addGradient(slopes, given, to: gradients)
      adapted?.addGradients(input, slopes, inner, given, to: gradients, pass)
    }
    map.pullBack(slopes, into: room)
    adapted?.addInputGradient(input, inner, to: room, pass)
    guard let norm else { return add(room, to: gradient) }
    norm.pullBack(
      room, at: x, measures, into: gradient, accumulating: true, isTrained: map.isTrained, to: gradients)
  }
}

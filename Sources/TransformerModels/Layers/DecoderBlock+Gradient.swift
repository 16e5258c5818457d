// A block backwards, written out by hand.

import Optimizers
import VectorKernels

extension DecoderBlock {
  /// Turns the gradient by the stream behind the block into the one by the stream before it, in place,
  /// and adds the gradients by the block's weights.
  ///
  /// - Shapes: `gradient` and `x` `[rows, d]`.
  func pullBack(
    _ gradient: Matrix<Float>, x: Matrix<Float>, _ kept: BlockActivations,
    to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    pullBackFeedForward(gradient, kept, to: gradients, pass)
    pullBackAttention(gradient, x: x, kept, to: gradients, pass)
  }

  private func pullBackFeedForward(
    _ gradient: Matrix<Float>, _ kept: BlockActivations, to gradients: borrowing GradientAccumulator,
    _ pass: PassContext
  ) {
    let workspace = pass.workspace
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let (rows, inner) = (gradient.rows, kept.gate.columns)

    let upstream = pass.operand(gradient)
    let gated = workspace.matrix(rows, inner, of: Float.self)
    gatedSiLU(gate: kept.gate.buffer, up: kept.up.buffer, into: gated.buffer)
    down.addGradient(upstream, pass.operand(gated), to: gradients)
    let slope = workspace.matrix(rows, inner, of: Float.self)
    down.pullBack(upstream, into: slope)

    // The gated product is done with: its room takes the gate's gradient.
    gatedSiLUGradient(
      upstream: slope.buffer, gate: kept.gate.buffer, up: kept.up.buffer, gateGradient: gated.buffer,
      upGradient: slope.buffer)
    let (gateSlope, upSlope) = (pass.operand(gated), pass.operand(slope))
    let normed = workspace.matrix(rows, gradient.columns, of: Float.self)
    rootMeanSquareNorm(
      x: kept.middle, weight: secondNorm.values, epsilon: epsilon, into: normed, inverses: kept.secondInverses
    )
    let fed = pass.operand(normed)
    gate.addGradient(gateSlope, fed, to: gradients)
    up.addGradient(upSlope, fed, to: gradients)
    gate.pullBack(gateSlope, into: normed)
    up.pullBack(upSlope, into: normed, accumulating: true)
    rootMeanSquareNormGradient(
      upstream: normed, x: kept.middle, weight: secondNorm.values, inverses: kept.secondInverses,
      into: gradient, accumulating: true, weightGradient: gradients.buffer(for: secondNorm.name))
  }

  private func pullBackAttention(
    _ gradient: Matrix<Float>, x: Matrix<Float>, _ kept: BlockActivations,
    to gradients: borrowing GradientAccumulator, _ pass: PassContext
  ) {
    let workspace = pass.workspace
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let rows = gradient.rows

    let upstream = pass.operand(gradient)
    output.addGradient(upstream, pass.operand(kept.mixed), to: gradients)
    let mixedSlope = workspace.matrix(rows, kept.mixed.columns, of: Float.self)
    output.pullBack(upstream, into: mixedSlope)
    let querySlope = workspace.matrix(rows, kept.queries.columns, of: Float.self)
    let keySlope = workspace.matrix(rows, kept.keys.columns, of: Float.self)
    let valueSlope = workspace.matrix(rows, kept.values.columns, of: Float.self)
    attention.pullBack(
      upstream: mixedSlope, queries: kept.queries, keys: kept.keys, values: kept.values,
      queryGradient: querySlope, keyGradient: keySlope, valueGradient: valueSlope, pass.layout, workspace)
    turn(querySlope, pass, inverse: true)
    turn(keySlope, pass, inverse: true)

    let normed = workspace.matrix(rows, gradient.columns, of: Float.self)
    rootMeanSquareNorm(
      x: x, weight: firstNorm.values, epsilon: epsilon, into: normed, inverses: kept.firstInverses)
    let attended = pass.operand(normed)
    var isFirst = true
    let slopes = [(query, querySlope), (key, keySlope), (value, valueSlope)]
    let operands = slopes.map { ($0.0, pass.operand($0.1)) }
    for (map, slope) in operands { map.addGradient(slope, attended, to: gradients) }
    for (map, slope) in operands {
      map.pullBack(slope, into: normed, accumulating: !isFirst)
      isFirst = false
    }
    rootMeanSquareNormGradient(
      upstream: normed, x: x, weight: firstNorm.values, inverses: kept.firstInverses, into: gradient,
      accumulating: true, weightGradient: gradients.buffer(for: firstNorm.name))
  }
}

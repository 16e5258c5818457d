// One transformer block: attention and a feed-forward layer, norms around them, each added to the stream.

import Optimizers
import VectorKernels

/// The weights of one block and what is computed with them.
///
///     m = x + N₂(attention(N₁(x))·Woᵀ)
///     y = m + N₄(f(N₃(m)·Wgᵀ, N₃(m)·Wuᵀ)·Wdᵀ)
///
/// Norms may be missing, the gate too, and the second half may be given `x` instead of `m`. What enters products is
/// stored as `Scalar`; the stream is in single precision.
struct DecoderBlock<Scalar: ActivationScalar>: Sendable {
  /// Its number, counted from the embedding.
  let layer: Int
  let beforeAttention: Norm?, afterAttention: Norm?, beforeFeedForward: Norm?, afterFeedForward: Norm?
  let queryKeyNorm: QueryKeyNorm?
  /// Queries, keys and values in one product; gate and up in another.
  var attentionInputs: LinearMap<Scalar>, output: LinearMap<Scalar>
  var gateAndUp: LinearMap<Scalar>, down: LinearMap<Scalar>
  let attention: Attention
  let activation: ActivationFunction
  /// Whether positions turn queries and keys; whether the feed-forward layer stands beside attention.
  let isTurned: Bool, isParallel: Bool
  let columns: AttentionColumns

  /// The block of layer `layer`.
  init<Failure: Error>(_ layer: Int, from weights: inout WeightBuilder<Failure>) throws(Failure) {
    self.layer = layer
    let configuration = weights.configuration
    let (prefix, parts) = (configuration.blockName(layer), configuration.architecture)
    func names(_ names: [String]) -> [String] { names.map { prefix + $0 } }
    func norm(
      _ name: String?, _ weights: inout WeightBuilder<Failure>
    ) throws(Failure) -> Norm? {
      guard let name else { return nil }
      return try Norm(prefix + name, from: &weights)
    }
    beforeAttention = try norm(parts.beforeAttention, &weights)
    afterAttention = try norm(parts.afterAttention, &weights)
    beforeFeedForward = try norm(parts.beforeFeedForward, &weights)
    afterFeedForward = try norm(parts.afterFeedForward, &weights)
    queryKeyNorm = try QueryKeyNorm(prefix, from: &weights)
    attentionInputs = try weights.map(names(parts.attentionInputs))
    output = try weights.map(names([parts.output]))
    gateAndUp = try weights.map(names(parts.feedForwardInputs))
    down = try weights.map(names([parts.down]))
    attention = Attention(configuration, layer: layer, weights.computeType.precision.byNumber)
    activation = configuration.activation
    (isTurned, isParallel) = (configuration.isTurned(layer: layer), configuration.isParallel)
    columns = AttentionColumns(configuration)
  }

  /// Every product of the block.
  var maps: [LinearMap<Scalar>] { [attentionInputs, output, gateAndUp, down] }

  /// Makes anew what was derived from the weights.
  func parametersChanged() {
    for map in maps { map.parametersChanged() }
    for norm in [beforeAttention, afterAttention, beforeFeedForward, afterFeedForward] {
      norm?.parametersChanged()
    }
  }

  /// The same block for many passes of few rows; see ``LinearMap/packed()``.
  func packed() -> DecoderBlock {
    var copy = self
    copy.attentionInputs = attentionInputs.packed()
    copy.output = output.packed()
    copy.gateAndUp = gateAndUp.packed()
    copy.down = down.packed()
    return copy
  }

  /// The pairs beside this block's weights, where they take part.
  func adapted(_ pass: PassContext) -> AdaptedBlock<Scalar>? {
    (pass.adapter as? AdaptedBlocks<Scalar>)?.blocks[layer]
  }

  /// Computes the stream behind the block from the stream before it; without a `y`, only what is kept.
  ///
  /// - Shapes: `x` and `y` `[rows, d]`, apart from each other. Rows `cached…` of `cache` are filled, and all up
  ///   to them are attended to; without a cache, the rows attend to each other.
  func apply(
    _ x: Matrix<Float>, into y: Matrix<Float>?, keeping kept: BlockActivations<Scalar>,
    cache: KeyValueCache<Scalar>? = nil, behind cached: Int = 0, _ pass: PassContext
  ) {
    let workspace = pass.workspace
    let mark = workspace.mark
    defer { workspace.release(to: mark) }

    let adapted = adapted(pass)
    let room: Matrix<Scalar> = workspace.operand(x.rows, x.columns)
    let given = input(x, beforeAttention, kept.beforeAttention, room)
    attentionInputs.apply(given, into: kept.joined)
    adapted?.apply(.attentionInputs, given, addingTo: kept.joined, pass)
    if let queryKeyNorm, let turned = kept.turned, let inverses = kept.headInverses {
      queryKeyNorm.apply(
        kept.joined.block(0..<x.rows, 0..<turned.columns), into: turned, inverses: inverses)
    }
    turn(kept.turned ?? kept.joined, pass)
    cache?.append(kept, behind: cached)
    attention.apply(
      queries: kept.queries, keys: cache?.keys ?? kept.keys, values: cache?.values ?? kept.values,
      into: kept.mixed, pass.layout, workspace)
    let change: Matrix<Float> = kept.attentionChange ?? y ?? workspace.matrix(x.rows, x.columns)
    output.applyExactly(kept.mixed, into: change)
    adapted?.apply(.output, kept.mixed, addingExactlyTo: change, pass)
    let inner = feedForwardInput(x, adding: change, kept, room)

    gateAndUp.apply(inner, into: kept.gateAndUp)
    adapted?.apply(.gateAndUp, inner, addingTo: kept.gateAndUp, pass)
    guard let made = kept.feedForwardChange ?? y else { return }
    let bent: Matrix<Scalar> = workspace.operand(x.rows, kept.gate.columns)
    bend(kept, into: bent)
    down.applyExactly(bent, into: made)
    adapted?.apply(.down, bent, addingExactlyTo: made, pass)
    guard let afterFeedForward, let measures = kept.afterFeedForward else {
      return add(kept.middle.buffer, to: made.buffer)
    }
    let normed = y ?? workspace.matrix(x.rows, x.columns)
    afterFeedForward.apply(made, into: normed, measuring: measures)
    if let y { add(kept.middle.buffer, to: y.buffer) }
  }

  /// What a half of the block multiplies: the norm of `x`, or `x` as activations are stored.
  private func input(
    _ x: Matrix<Float>, _ norm: Norm?, _ measures: Norm.Measures, _ room: Matrix<Scalar>
  ) -> Matrix<Scalar> {
    guard let norm else { return stored(x) { room } }
    norm.apply(x, into: room, measuring: measures)
    return room
  }

  /// Adds attention's change to the stream, and returns what the feed-forward layer multiplies.
  private func feedForwardInput(
    _ x: Matrix<Float>, adding change: Matrix<Float>, _ kept: BlockActivations<Scalar>, _ room: Matrix<Scalar>
  ) -> Matrix<Scalar> {
    if let afterAttention, let measures = kept.afterAttention {
      afterAttention.apply(change, into: kept.middle, measuring: measures)
      add(x.buffer, to: kept.middle.buffer)
    } else if let norm = beforeFeedForward, !isParallel {
      norm.addAndApply(change, x, into: kept.middle, normed: room, measuring: kept.beforeFeedForward)
      return room
    } else {
      add(change, x, into: kept.middle)
    }
    return input(isParallel ? x : kept.middle, beforeFeedForward, kept.beforeFeedForward, room)
  }

  /// Writes what the feed-forward layer's last product multiplies.
  private func bend(_ kept: BlockActivations<Scalar>, into bent: Matrix<Scalar>) {
    if let up = kept.up {
      gated(activation, gate: kept.gate, up: up, into: bent)
    } else {
      activate(activation, kept.gate, into: bent)
    }
  }

  /// Turns every head's planes by their row's angles, or back.
  func turn(_ x: Matrix<Scalar>, _ pass: PassContext, inverse: Bool = false) {
    guard isTurned else { return }
    for heads in columns.turned(of: x) {
      rotate(
        x: heads.matrix, headWidth: heads.width, step: heads.step, cosines: pass.cosines, sines: pass.sines,
        inverse: inverse)
    }
  }
}

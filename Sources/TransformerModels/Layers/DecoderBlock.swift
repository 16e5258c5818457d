// One transformer block: attention and a gated feed-forward layer, each behind a norm, each added to the stream.

import Optimizers
import VectorKernels

/// The weights of one block and what is computed with them.
///
///     m = x + attention(norm(x))·Woᵀ
///     y = m + (silu(norm(m)·Wgᵀ) ∘ norm(m)·Wuᵀ)·Wdᵀ
///
/// What enters products is stored as `Scalar`; the stream is in single precision.
struct DecoderBlock<Scalar: ActivationScalar>: Sendable {
  /// Its number, counted from the embedding.
  let layer: Int
  let firstNorm: Parameter, secondNorm: Parameter
  /// Queries, keys and values in one product; gate and up in another.
  var attentionInputs: LinearMap<Scalar>, output: LinearMap<Scalar>
  var gateAndUp: LinearMap<Scalar>, down: LinearMap<Scalar>
  let attention: Attention
  let epsilon: Float

  /// The block of layer `layer`.
  init<Failure: Error>(_ layer: Int, from weights: inout WeightBuilder<Failure>) throws(Failure) {
    self.layer = layer
    let prefix = "model.layers.\(layer)."
    func names(_ names: String...) -> [String] { names.map { prefix + $0 } }
    firstNorm = try weights.vector(prefix + "input_layernorm.weight")
    secondNorm = try weights.vector(prefix + "post_attention_layernorm.weight")
    attentionInputs = try weights.map(names("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"))
    output = try weights.map(names("self_attn.o_proj"))
    gateAndUp = try weights.map(names("mlp.gate_proj", "mlp.up_proj"))
    down = try weights.map(names("mlp.down_proj"))
    let configuration = weights.configuration
    attention = Attention(
      headCount: configuration.headCount, keyValueHeadCount: configuration.keyValueHeadCount,
      headWidth: configuration.headWidth)
    epsilon = Float(configuration.normEpsilon)
  }

  /// Every product of the block.
  var maps: [LinearMap<Scalar>] { [attentionInputs, output, gateAndUp, down] }

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
    let normed: Matrix<Scalar> = workspace.matrix(x.rows, x.columns)
    rootMeanSquareNorm(
      x: x, weight: firstNorm.values, epsilon: epsilon, into: normed, inverses: kept.firstInverses)
    attentionInputs.apply(normed, into: kept.joined)
    adapted?.apply(.attentionInputs, normed, addingTo: kept.joined, pass)
    turn(kept.turned, pass)
    if let cache {
      let rows = cached..<cached + x.rows
      copy(kept.keys, into: cache.keys.rows(rows))
      copy(kept.values, into: cache.values.rows(rows))
    }
    attention.apply(
      queries: kept.queries, keys: cache?.keys ?? kept.keys, values: cache?.values ?? kept.values,
      into: kept.mixed, pass.layout, workspace)
    let change: Matrix<Float> = y ?? workspace.matrix(x.rows, x.columns)
    output.applyExactly(kept.mixed, into: change)
    adapted?.apply(.output, kept.mixed, addingExactlyTo: change, pass)
    addAndNormalize(
      change, x, into: kept.middle, weight: secondNorm.values, epsilon: epsilon, normed: normed,
      inverses: kept.secondInverses)

    gateAndUp.apply(normed, into: kept.gateAndUp)
    adapted?.apply(.gateAndUp, normed, addingTo: kept.gateAndUp, pass)
    guard let y else { return }
    let gated: Matrix<Scalar> = workspace.matrix(x.rows, kept.gate.columns)
    gatedSiLU(gate: kept.gate, up: kept.up, into: gated)
    down.applyExactly(gated, into: y)
    adapted?.apply(.down, gated, addingExactlyTo: y, pass)
    add(kept.middle.buffer, to: y.buffer)
  }

  /// Turns every head's planes by their row's angles, or back.
  func turn(_ heads: Matrix<Scalar>, _ pass: PassContext, inverse: Bool = false) {
    rotate(
      x: heads, headWidth: attention.headWidth, cosines: pass.cosines, sines: pass.sines, inverse: inverse)
  }
}

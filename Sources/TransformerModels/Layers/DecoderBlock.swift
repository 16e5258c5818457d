// One transformer block: attention and a gated feed-forward layer, each behind a norm, each added to the stream.

import Optimizers
import VectorKernels

/// What all blocks of one pass share.
struct PassContext {
  let layout: RaggedLayout
  /// Row `t` holds the angles of row `t`'s position.
  let cosines: Matrix<Float>, sines: Matrix<Float>
  /// Whether products are taken in bfloat16.
  let rounding: Bool
  let workspace: Workspace

  /// `matrix` as products take it.
  func operand(_ matrix: Matrix<Float>) -> Operand { Operand(matrix, rounding: rounding, workspace) }
}

/// What a block's backward pass needs of its forward pass.
struct BlockActivations {
  /// Turned by their positions; values as they are.
  let queries: Matrix<Float>, keys: Matrix<Float>, values: Matrix<Float>
  /// The attention's output, before its projection.
  let mixed: Matrix<Float>
  /// The stream between the two halves.
  let middle: Matrix<Float>
  /// The feed-forward layer's two projections.
  let gate: Matrix<Float>, up: Matrix<Float>
  /// The norms' factors.
  let firstInverses: FloatBuffer, secondInverses: FloatBuffer

  /// Room for the activations of `rows` rows; keys and values may stand elsewhere, in a cache.
  init(
    _ configuration: ModelConfiguration, rows: Int, keys: Matrix<Float>? = nil, values: Matrix<Float>? = nil,
    _ workspace: Workspace
  ) {
    let queryWidth = configuration.headCount * configuration.headWidth
    let keyWidth = configuration.keyValueHeadCount * configuration.headWidth
    queries = workspace.matrix(rows, queryWidth)
    self.keys = keys ?? workspace.matrix(rows, keyWidth)
    self.values = values ?? workspace.matrix(rows, keyWidth)
    mixed = workspace.matrix(rows, queryWidth)
    middle = workspace.matrix(rows, configuration.width)
    gate = workspace.matrix(rows, configuration.feedForwardWidth)
    up = workspace.matrix(rows, configuration.feedForwardWidth)
    firstInverses = workspace.buffer(rows)
    secondInverses = workspace.buffer(rows)
  }

  /// The size of one row's activations, in bytes.
  static func byteCount(_ c: ModelConfiguration) -> Int {
    4 * (2 * (c.headCount + c.keyValueHeadCount) * c.headWidth + c.width + 2 * c.feedForwardWidth + 2)
  }
}

/// The weights of one block and what is computed with them.
///
///     m = x + attention(norm(x))·Woᵀ
///     y = m + (silu(norm(m)·Wgᵀ) ∘ norm(m)·Wuᵀ)·Wdᵀ
struct DecoderBlock: Sendable {
  let firstNorm: Parameter, secondNorm: Parameter
  let query: LinearMap, key: LinearMap, value: LinearMap, output: LinearMap
  let gate: LinearMap, up: LinearMap, down: LinearMap
  let attention: Attention
  let epsilon: Float

  /// Every product of the block.
  var maps: [LinearMap] { [query, key, value, output, gate, up, down] }

  /// The same block for many passes of few rows; see ``LinearMap/packed()``.
  func packed() -> DecoderBlock {
    DecoderBlock(
      firstNorm: firstNorm, secondNorm: secondNorm, query: query.packed(), key: key.packed(),
      value: value.packed(), output: output.packed(), gate: gate.packed(), up: up.packed(),
      down: down.packed(), attention: attention, epsilon: epsilon)
  }

  /// Computes the stream behind the block from the stream before it; without a `y`, only what is kept.
  ///
  /// - Shapes: `x` and `y` `[rows, d]`, apart from each other. `keys` and `values` are what is attended to:
  ///   the activations' own, or a cache that contains them.
  func apply(
    _ x: Matrix<Float>, into y: Matrix<Float>?, keeping kept: BlockActivations, keys: Matrix<Float>? = nil,
    values: Matrix<Float>? = nil, _ pass: PassContext
  ) {
    let workspace = pass.workspace
    let mark = workspace.mark
    defer { workspace.release(to: mark) }

    let normed = workspace.matrix(x.rows, x.columns, of: Float.self)
    rootMeanSquareNorm(
      x: x, weight: firstNorm.values, epsilon: epsilon, into: normed, inverses: kept.firstInverses)
    let attended = pass.operand(normed)
    query.apply(attended, into: kept.queries)
    key.apply(attended, into: kept.keys)
    value.apply(attended, into: kept.values)
    turn(kept.queries, pass)
    turn(kept.keys, pass)
    attention.apply(
      queries: kept.queries, keys: keys ?? kept.keys, values: values ?? kept.values, into: kept.mixed,
      pass.layout, workspace)
    copy(x.buffer, into: kept.middle.buffer)
    output.apply(pass.operand(kept.mixed), into: kept.middle, accumulating: true)

    rootMeanSquareNorm(
      x: kept.middle, weight: secondNorm.values, epsilon: epsilon, into: normed, inverses: kept.secondInverses
    )
    let fed = pass.operand(normed)
    gate.apply(fed, into: kept.gate)
    up.apply(fed, into: kept.up)
    guard let y else { return }
    let gated = workspace.matrix(x.rows, kept.gate.columns, of: Float.self)
    gatedSiLU(gate: kept.gate.buffer, up: kept.up.buffer, into: gated.buffer)
    copy(kept.middle.buffer, into: y.buffer)
    down.apply(pass.operand(gated), into: y, accumulating: true)
  }

  /// Turns every head's planes by their row's angles, or back.
  func turn(_ heads: Matrix<Float>, _ pass: PassContext, inverse: Bool = false) {
    rotate(
      x: heads, headWidth: attention.headWidth, cosines: pass.cosines, sines: pass.sines, inverse: inverse)
  }
}

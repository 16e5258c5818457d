// What a block keeps of its forward pass, and what all blocks of a pass share.

import VectorKernels

/// What all blocks of one pass share.
struct PassContext {
  let layout: RaggedLayout
  /// Row `t` holds the angles of row `t`'s position.
  let cosines: Matrix<Float>, sines: Matrix<Float>
  let workspace: Workspace
  /// The most memory that activations kept for a backward pass may take, in bytes.
  let activationLimit: Int
  /// The pairs beside the weights, where they take part.
  var adapter: (any AdapterLayout)?
  /// What the pairs are not given, in training.
  var dropout: DropoutPass?
  /// What the end of the stream is asked for.
  var request = HeadRequest()
}

/// What a block's backward pass needs of its forward pass. Norms and the gated product are computed again.
struct BlockActivations<Scalar: ActivationScalar> {
  /// Queries and keys, turned by their positions, and values, side by side.
  let joined: Matrix<Scalar>
  let queries: Matrix<Scalar>, keys: Matrix<Scalar>, values: Matrix<Scalar>
  /// Queries and keys side by side: what positions turn.
  let turned: Matrix<Scalar>
  /// The attention's output, before its projection.
  let mixed: Matrix<Scalar>
  /// The stream between the two halves.
  let middle: Matrix<Float>
  /// The feed-forward layer's two projections side by side.
  let gateAndUp: Matrix<Scalar>
  let gate: Matrix<Scalar>, up: Matrix<Scalar>
  /// The norms' factors.
  let firstInverses: FloatBuffer, secondInverses: FloatBuffer

  /// Room for the activations of `rows` rows.
  init(_ configuration: ModelConfiguration, rows: Int, _ workspace: Workspace) {
    let widths = AttentionWidths(configuration)
    joined = workspace.matrix(rows, widths.all)
    queries = joined.block(0..<rows, widths.queries)
    keys = joined.block(0..<rows, widths.keys)
    values = joined.block(0..<rows, widths.values)
    turned = joined.block(0..<rows, 0..<widths.keys.upperBound)
    mixed = workspace.matrix(rows, widths.queries.count)
    middle = workspace.matrix(rows, configuration.width)
    let inner = configuration.feedForwardWidth
    gateAndUp = workspace.matrix(rows, 2 * inner)
    gate = gateAndUp.block(0..<rows, 0..<inner)
    up = gateAndUp.block(0..<rows, inner..<2 * inner)
    firstInverses = workspace.buffer(rows)
    secondInverses = workspace.buffer(rows)
  }

  /// The size of the activations of `rows` rows, in bytes.
  static func byteCount(_ configuration: ModelConfiguration, rows: Int) -> Int {
    let widths = AttentionWidths(configuration)
    return Workspace.byteCount(
      of: Scalar.self,
      [
        rows * widths.all, rows * widths.queries.count, rows * 2 * configuration.feedForwardWidth,
      ]) + Workspace.byteCount(of: Float.self, [rows * configuration.width, rows, rows])
  }
}

/// Where queries, keys and values stand side by side.
struct AttentionWidths {
  let queries: Range<Int>, keys: Range<Int>, values: Range<Int>

  /// The columns of a model's projections.
  init(_ configuration: ModelConfiguration) {
    let queryWidth = configuration.headCount * configuration.headWidth
    let keyWidth = configuration.keyValueHeadCount * configuration.headWidth
    queries = 0..<queryWidth
    keys = queryWidth..<queryWidth + keyWidth
    values = queryWidth + keyWidth..<queryWidth + 2 * keyWidth
  }

  /// All columns.
  var all: Int { values.upperBound }
}

/// The keys and values of earlier tokens, side by side, where a text is continued.
struct KeyValueCache<Scalar: ActivationScalar> {
  let keys: Matrix<Scalar>, values: Matrix<Scalar>

  /// Room for `capacity` tokens.
  init(_ configuration: ModelConfiguration, capacity: Int, _ workspace: Workspace) {
    let width = configuration.keyValueHeadCount * configuration.headWidth
    keys = workspace.matrix(capacity, width)
    values = workspace.matrix(capacity, width)
  }
}

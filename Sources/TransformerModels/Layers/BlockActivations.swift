// What a block keeps of its forward pass, and what all blocks of a pass share.

import VectorKernels

/// What all blocks of one pass share.
struct PassContext {
  let configuration: ModelConfiguration
  let layout: RaggedLayout
  /// Row `t` holds the angles of row `t`'s position.
  let cosines: Matrix<Float>, sines: Matrix<Float>
  let workspace: Workspace
  /// The most memory that activations kept for a backward pass may take, in bytes.
  let activationLimit: Int
  /// The most memory that scores kept for a backward pass may take, in bytes.
  let scoreLimit: Int
  /// The pairs beside the weights, where they take part.
  var adapter: (any AdapterLayout)?
  /// What the pairs are not given, in training.
  var dropout: DropoutPass?
  /// What the end of the stream is asked for.
  var request = HeadRequest()
}

/// What a block's backward pass needs of its forward pass. Norms and the gated product are computed again.
struct BlockActivations<Scalar: ActivationScalar> {
  /// Queries, keys and values as the projections make them, and turned by their positions unless `turned` is.
  let joined: Matrix<Scalar>
  /// Queries and keys side by side behind their norms, turned by their positions, where they have norms.
  let turned: Matrix<Scalar>?
  let queries: Heads<Scalar>, keys: Heads<Scalar>, values: Heads<Scalar>
  /// The factors of the queries' and keys' norms.
  let headInverses: FloatBuffer?
  /// The attention's output, before its projection.
  let mixed: Matrix<Scalar>
  /// The stream between the two halves.
  let middle: Matrix<Float>
  /// The feed-forward layer's projections side by side: gate and up, or what is bent.
  let gateAndUp: Matrix<Scalar>
  let gate: Matrix<Scalar>, up: Matrix<Scalar>?
  /// What the halves make of the stream, where it is normalised before it is added.
  let attentionChange: Matrix<Float>?, feedForwardChange: Matrix<Float>?
  /// What the norms of inputs and of changes found.
  let beforeAttention: Norm.Measures, beforeFeedForward: Norm.Measures
  let afterAttention: Norm.Measures?, afterFeedForward: Norm.Measures?

  /// Room for the activations of `rows` rows.
  init(_ configuration: ModelConfiguration, rows: Int, _ workspace: Workspace) {
    let (columns, parts) = (AttentionColumns(configuration), configuration.architecture)
    joined = workspace.matrix(rows, columns.all)
    turned =
      parts.queryKeyNorm == .none
      ? nil : workspace.matrix(rows, configuration.queryWidth + configuration.keyWidth)
    queries = columns.queries(of: turned ?? joined)
    keys = columns.keys(of: turned ?? joined)
    values = columns.values(of: joined)
    let norms = QueryKeyNorm.count(configuration)
    headInverses = norms > 0 ? workspace.buffer(rows * norms) : nil
    mixed = workspace.operand(rows, configuration.queryWidth)
    middle = workspace.matrix(rows, configuration.width)
    let inner = configuration.feedForwardWidth
    gateAndUp = workspace.matrix(rows, configuration.feedForwardInputWidth)
    gate = gateAndUp.block(0..<rows, 0..<inner)
    up = parts.isGated ? gateAndUp.block(0..<rows, inner..<2 * inner) : nil
    func measures() -> Norm.Measures { Norm.Measures(rows: rows, configuration, workspace) }
    beforeAttention = measures()
    beforeFeedForward = measures()
    attentionChange = parts.afterAttention.map { _ in workspace.matrix(rows, configuration.width) }
    afterAttention = parts.afterAttention.map { _ in measures() }
    feedForwardChange = parts.afterFeedForward.map { _ in workspace.matrix(rows, configuration.width) }
    afterFeedForward = parts.afterFeedForward.map { _ in measures() }
  }

  /// The size of the activations of `rows` rows, in bytes.
  static func byteCount(_ configuration: ModelConfiguration, rows: Int) -> Int {
    let (columns, parts) = (AttentionColumns(configuration), configuration.architecture)
    let norms = QueryKeyNorm.count(configuration)
    var scalars = [
      rows * columns.all, rows * Workspace.operandStride(configuration.queryWidth, of: Scalar.self),
      rows * configuration.feedForwardInputWidth,
    ]
    if norms > 0 { scalars.append(rows * (configuration.queryWidth + configuration.keyWidth)) }
    let changes = [parts.afterAttention, parts.afterFeedForward].compactMap { $0 }.count
    var floats = [Int](repeating: rows * configuration.width, count: 1 + changes)
    if norms > 0 { floats.append(rows * norms) }
    return Workspace.byteCount(of: Scalar.self, scalars) + Workspace.byteCount(of: Float.self, floats)
      + (2 + changes) * Norm.Measures.byteCount(rows: rows, configuration)
  }
}

/// Where queries, keys and values stand among what the projections make: one after the other, or head by head.
struct AttentionColumns {
  private let configuration: ModelConfiguration
  private let isInterleaved: Bool

  /// The columns of a model's projections.
  init(_ configuration: ModelConfiguration) {
    (self.configuration, isInterleaved) = (configuration, configuration.architecture.isInterleaved)
  }

  /// All columns.
  var all: Int { configuration.queryWidth + 2 * configuration.keyWidth }

  /// The heads of queries in `x`.
  func queries<Scalar: ActivationScalar>(of x: Matrix<Scalar>) -> Heads<Scalar> {
    heads(of: x, from: 0, count: configuration.headCount, place: 0)
  }

  /// The heads of keys in `x`.
  func keys<Scalar: ActivationScalar>(of x: Matrix<Scalar>) -> Heads<Scalar> {
    heads(of: x, from: configuration.queryWidth, count: configuration.keyValueHeadCount, place: 1)
  }

  /// The heads of values in `x`.
  func values<Scalar: ActivationScalar>(of x: Matrix<Scalar>) -> Heads<Scalar> {
    heads(
      of: x, from: configuration.queryWidth + configuration.keyWidth, count: configuration.keyValueHeadCount,
      place: 2)
  }

  /// What positions turn in `x`, in as few pieces as can be: queries and keys, side by side or not.
  func turned<Scalar: ActivationScalar>(of x: Matrix<Scalar>) -> [Heads<Scalar>] {
    if isInterleaved { return [queries(of: x), keys(of: x)] }
    let columns = 0..<configuration.queryWidth + configuration.keyWidth
    return [Heads(x.block(0..<x.rows, columns), width: configuration.headWidth)]
  }

  private func heads<Scalar: ActivationScalar>(
    of x: Matrix<Scalar>, from first: Int, count: Int, place: Int
  ) -> Heads<Scalar> {
    let width = configuration.headWidth
    let (start, step) = isInterleaved ? (place * width, 3 * width) : (first, width)
    let end = start + (count - 1) * step + width
    return Heads(x.block(0..<x.rows, start..<end), width: width, step: step)
  }
}

/// The keys and values of earlier tokens, side by side, where a text is continued.
struct KeyValueCache<Scalar: ActivationScalar> {
  let keys: Heads<Scalar>, values: Heads<Scalar>

  /// Room for `capacity` tokens.
  init(_ configuration: ModelConfiguration, capacity: Int, _ workspace: Workspace) {
    let width = configuration.keyWidth
    keys = Heads(workspace.matrix(capacity, width), width: configuration.headWidth)
    values = Heads(workspace.matrix(capacity, width), width: configuration.headWidth)
  }

  /// Puts tokens' keys and values behind those of `cached` others.
  func append(_ kept: BlockActivations<Scalar>, behind cached: Int) {
    let rows = cached..<cached + kept.joined.rows
    for (source, target) in [(kept.keys, keys), (kept.values, values)] {
      guard source.step != source.width else {
        VectorKernels.copy(source.matrix, into: target.matrix.rows(rows))
        continue
      }
      for head in 0..<target.matrix.columns / target.width {
        copyRows(source.block(0..<kept.joined.rows, head), into: target.block(rows, head))
      }
    }
  }
}

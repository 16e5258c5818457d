// Embedding, blocks and head for activations of one type, and the passes through them.

import Optimizers
import VectorKernels

/// What a model asks of its layers, whatever type they store activations in.
protocol Decoder {
  /// What is asked of every prediction; nothing is kept.
  func scores(_ pass: PassContext) -> PassScores

  /// Computes what is asked, asks for its slopes, and adds the gradient by every weight to `gradients`.
  func accumulate(
    into gradients: borrowing GradientAccumulator, _ pass: PassContext,
    slopes: (PassScores) -> PassCotangents)

  /// What another model compares its scores with.
  func comparedScores(_ pass: PassContext) -> any ComparedScores

  /// Continues `prompt`: calls `next` with the scores of all tokens until it has no next one, or until
  /// `capacity` tokens have been read.
  func continueText(
    _ prompt: [Int32], capacity: Int, _ workspace: Workspace, context: (RaggedLayout) -> PassContext,
    next: (FloatBuffer) -> Int32?)

  /// An adapter's weights as the layers' products take them.
  func layout(of adapter: LowRankAdapter) -> any AdapterLayout

  /// Makes anew what was derived from the weights.
  func parametersChanged()

  /// Bytes of one block's activations for a pass over `rows` rows.
  func activationByteCount(rows: Int) -> Int

  /// Bytes that a pass takes from the workspace, with the most that it keeps of activations and scores if gradients
  /// follow.
  func passByteCount(
    rows: Int, predictions: Int, attended: Int, limits: (activations: Int, scores: Int)?
  ) -> Int

  /// Bytes that the scores of so many predictions take.
  func scoreByteCount(predictions: Int) -> Int

  /// Bytes that comparing with a model of this shape takes besides both models' passes.
  func comparisonByteCount(predictions: Int) -> Int

  /// Cuts the head into chunks of another width.
  mutating func cutHead(into columns: Int)
}

/// Embedding, blocks and head.
struct DecoderStack<Scalar: ActivationScalar>: Decoder {
  let configuration: ModelConfiguration
  let embedding: Embedding
  /// The table of learned positions, where there is one.
  private let positions: Embedding?
  private let embeddingScale: Float
  let blocks: [DecoderBlock<Scalar>]
  private(set) var head: StatisticsHead<Scalar>
  private let headWeights: JoinedWeights?

  /// Takes the weights in the order of the layers.
  init<Failure: Error>(_ weights: inout WeightBuilder<Failure>) throws(Failure) {
    configuration = weights.configuration
    let (use, keeps) = (weights.use, weights.use.keepsValues(weights.computeType))
    let isRounded = Scalar.self != Float.self
    let embedded = try weights.joined([configuration.embeddingName], isKept: keeps)
    embedding = Embedding(embedded, isRounded: isRounded, keepsValues: keeps)
    embeddingScale = configuration.embeddingScale
    if let name = configuration.positionsName {
      let table = try weights.joined([name], isKept: keeps)
      positions = Embedding(table, isRounded: isRounded, keepsValues: keeps)
    } else {
      positions = nil
    }
    let norm = try Norm(configuration.lastNormName, from: &weights)
    let scoring =
      configuration.tiesEmbeddings
      ? embedded : try weights.joined([configuration.headName], isKept: keeps)
    headWeights = keeps ? scoring : nil
    head = StatisticsHead(
      norm: norm, scoring, use: use, cap: configuration.scoreCap.map { Float($0) },
      weights.computeType.precision)
    var blocks: [DecoderBlock<Scalar>] = []
    for layer in 0..<configuration.layerCount { blocks.append(try DecoderBlock(layer, from: &weights)) }
    self.blocks = blocks
  }

  func layout(of adapter: LowRankAdapter) -> any AdapterLayout {
    AdaptedBlocks<Scalar>(adapter, layerCount: configuration.layerCount, head.precision.byNumber)
  }

  func parametersChanged() {
    for block in blocks { block.parametersChanged() }
    for chunk in head.chunks { chunk.parametersChanged() }
    head.norm.parametersChanged()
  }

  mutating func cutHead(into columns: Int) {
    guard let headWeights else { return }
    head = StatisticsHead(
      norm: head.norm, headWeights, use: head.isTrained ? .trained : .following, cap: head.cap,
      head.precision, chunkColumns: columns)
  }

  func scores(_ pass: PassContext) -> PassScores {
    let stream = stream(pass)
    let kept = pass.request.scoresVocabulary ? head.apply(stream, forGradients: false, pass) : nil
    return scores(stream, kept, pass)
  }

  private func scores(
    _ stream: Matrix<Float>, _ kept: StatisticsHead<Scalar>.Activations?, _ pass: PassContext
  ) -> PassScores {
    PassScores(
      finished: kept?.finished ?? [], reference: kept?.comparison?.finished ?? [],
      divergences: kept?.comparison?.divergences ?? [],
      outputs: pass.request.readings.map { $0.apply(stream, head, pass) })
  }

  func accumulate(
    into gradients: borrowing GradientAccumulator, _ pass: PassContext,
    slopes: (PassScores) -> PassCotangents
  ) {
    let trace = trace(pass)
    let last = trace.streams[blocks.count]
    let kept = pass.request.scoresVocabulary ? head.apply(last, forGradients: true, pass) : nil
    let slopes = slopes(scores(last, kept, pass))
    let gradient: Matrix<Float> = pass.workspace.matrix(pass.layout.rows, configuration.width)
    clear(gradient.buffer)
    if let kept { head.pullBack(slopes.rows, kept, into: gradient, to: gradients, pass) }
    for (reading, cotangents) in zip(pass.request.readings, slopes.outputs) {
      reading.pullBack(cotangents, last, head, into: gradient, to: gradients, pass)
    }
    pullBack(gradient, trace, to: gradients, pass)
  }

  func comparedScores(_ pass: PassContext) -> any ComparedScores {
    ReferenceScores(head: head, normed: head.kept(stream(pass), pass))
  }

  /// The embedding of every row's token, and of its position. `[rows, d]`.
  private func embed(_ pass: PassContext) -> Matrix<Float> {
    let stream: Matrix<Float> = pass.workspace.matrix(pass.layout.rows, configuration.width)
    embedding.gather(pass.layout.tokens, into: stream)
    if embeddingScale != 1 { scale(stream.buffer, by: embeddingScale) }
    if let positions {
      let mark = pass.workspace.mark
      defer { pass.workspace.release(to: mark) }
      let places: Matrix<Float> = pass.workspace.matrix(stream.rows, stream.columns)
      positions.gather(pass.layout.positions, into: places)
      add(places.buffer, to: stream.buffer)
    }
    return stream
  }

  /// The stream behind the last block, nothing else kept. `[rows, d]`.
  private func stream(_ pass: PassContext) -> Matrix<Float> {
    var stream = embed(pass)
    let workspace = pass.workspace
    var next: Matrix<Float> = workspace.matrix(stream.rows, stream.columns)
    let mark = workspace.mark
    defer { workspace.release(to: mark) }
    let kept = BlockActivations<Scalar>(configuration, rows: stream.rows, workspace)
    for block in blocks {
      block.apply(stream, into: next, keeping: kept, pass)
      swap(&stream, &next)
    }
    return stream
  }

  /// A forward pass with its way back.
  private struct Trace {
    /// The stream before every block, and behind the last. Count `layerCount + 1`.
    let streams: [Matrix<Float>]
    /// The activations of the last blocks; those of earlier ones are computed again.
    let kept: [BlockActivations<Scalar>]
    /// Where activations that are not kept stand for a while.
    let passing: BlockActivations<Scalar>?
  }

  /// How many blocks' activations a pass over `rows` rows keeps.
  func keptCount(rows: Int, limit: Int) -> Int {
    min(blocks.count, limit / max(1, activationByteCount(rows: rows)))
  }

  /// Computes the stream and keeps as much as the pass allows for the way back.
  private func trace(_ pass: PassContext) -> Trace {
    let (rows, workspace) = (pass.layout.rows, pass.workspace)
    let keptCount = keptCount(rows: rows, limit: pass.activationLimit)
    func room() -> BlockActivations<Scalar> { BlockActivations(configuration, rows: rows, workspace) }
    let passing = keptCount < blocks.count ? room() : nil
    let kept = (0..<keptCount).map { _ in room() }
    var streams = [embed(pass)]
    for (layer, block) in blocks.enumerated() {
      let next: Matrix<Float> = workspace.matrix(rows, configuration.width)
      let place = layer - (blocks.count - keptCount)
      guard let activations = place >= 0 ? kept[place] : passing else { continue }
      block.apply(streams[layer], into: next, keeping: activations, pass)
      streams.append(next)
    }
    return Trace(streams: streams, kept: kept, passing: passing)
  }

  /// Pulls the gradient by the last stream back to the embedding, adding every weight's on the way.
  ///
  /// - Shapes: `gradient` `[rows, d]`; it is used up.
  private func pullBack(
    _ gradient: Matrix<Float>, _ trace: Trace, to gradients: borrowing GradientAccumulator,
    _ pass: PassContext
  ) {
    for (layer, block) in blocks.enumerated().reversed() {
      let place = layer - (blocks.count - trace.kept.count)
      let x = trace.streams[layer]
      if place >= 0 {
        block.pullBack(gradient, x: x, trace.kept[place], to: gradients, pass)
      } else if let passing = trace.passing {
        block.apply(x, into: nil, keeping: passing, pass)
        block.pullBack(gradient, x: x, passing, to: gradients, pass)
      }
    }
    guard head.isTrained else { return }
    func table(_ embedding: Embedding) -> Matrix<Float> {
      let sum = gradients.buffer(for: embedding.name)
      return Matrix(sum, rows: sum.count / configuration.width, columns: configuration.width)
    }
    if let positions { scatterAddRows(gradient, pass.layout.positions, to: table(positions)) }
    if embeddingScale != 1 { scale(gradient.buffer, by: embeddingScale) }
    for (row, token) in pass.layout.tokens.enumerated() where token == configuration.paddingToken {
      clearRows(gradient.rows(row..<row + 1))
    }
    scatterAddRows(gradient, pass.layout.tokens, to: table(embedding))
  }

  func continueText(
    _ prompt: [Int32], capacity: Int, _ workspace: Workspace, context: (RaggedLayout) -> PassContext,
    next: (FloatBuffer) -> Int32?
  ) {
    let caches = blocks.map { _ in KeyValueCache<Scalar>(configuration, capacity: capacity, workspace) }
    let scores = workspace.buffer(configuration.vocabularyCount, of: Float.self)
    let blocks = blocks.map { $0.packed() }
    var head = head
    head.chunks = head.chunks.map { $0.packed() }
    var (cached, waiting, text) = (0, prompt, prompt)
    let scaling = configuration.rotaryScaling
    while text.count <= capacity {
      // Where the rule for longer texts begins, what is cached was turned by the other one.
      if scaling.turnsAnew, scaling.regime(length: cached) != scaling.regime(length: text.count) {
        (cached, waiting) = (0, text)
      }
      let mark = workspace.mark
      defer { workspace.release(to: mark) }
      let pass = context(RaggedLayout(continuing: cached, with: waiting, scaling))
      var stream = embed(pass)
      var after: Matrix<Float> = workspace.matrix(stream.rows, stream.columns)
      let kept = BlockActivations<Scalar>(configuration, rows: stream.rows, workspace)
      for (block, cache) in zip(blocks, caches) {
        block.apply(stream, into: after, keeping: kept, cache: cache, behind: cached, pass)
        swap(&stream, &after)
      }
      head.score(stream.rows(waiting.count - 1..<waiting.count), into: scores, pass)
      cached += waiting.count
      guard let token = next(scores) else { return }
      waiting = [token]
      text.append(token)
    }
  }
}

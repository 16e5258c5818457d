// The model as the training loop knows it: statistics of completions, and their gradients.

public import Optimizers
public import PreferenceCore
public import Tensors
import VectorKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension CausalLanguageModel: Policy, RefreshableScorer {
  /// Log-probability, entropy, log-collision, mean score and argmax hit; the scalar heads it has; the divergence,
  /// where it is told what from, and then all but heads of that reference, too.
  public var statistics: Set<TokenStatistic> {
    var known = Set(TokenStatistic.ofScores)
    for head in scalarHeads { known.formUnion([.head(head.name), .headBehind(head.name)]) }
    if comparedModel != nil {
      known.formUnion([.divergence] + TokenStatistic.ofScores.map(TokenStatistic.reference))
    }
    return known
  }

  /// Lays the weights out again where products are taken in bfloat16; with an adapter beside them, the adapter's.
  public func parametersChanged() {
    merged?.merge()
    if let adapterLayout {
      adapterLayout.parametersChanged()
    } else {
      layers.parametersChanged()
    }
  }

  /// Dropout, where the adapter has some, is that of `step` until ``stepEnds()``.
  public func stepBegins(_ step: Int) { stepInProgress = step }

  /// No dropout any more.
  public func stepEnds() { stepInProgress = nil }

  /// Scores every completion, without keeping anything.
  ///
  /// A prompt is computed once for all its completions. What a completion is given does not depend on
  /// what else is in the batch, to the bit.
  ///
  /// - Shapes: every statistic is `[N, T]`, zero at padding; nats, but for mean scores and hits.
  /// - Throws: if a prompt is empty, a token is none of the model's, or a statistic is unknown to it.
  public func score(
    _ batch: TokenBatch, _ wanted: Set<TokenStatistic>
  ) throws(ScoringError) -> ModelScores {
    try score(batch, wanted, with: adapterLayout, isTraining: true)
  }

  /// Scores every completion with the given pairs beside the weights, or none.
  func score(
    _ batch: TokenBatch, _ wanted: Set<TokenStatistic>, with adapter: (any AdapterLayout)?, isTraining: Bool
  ) throws(ScoringError) -> ModelScores {
    let layout = try layout(batch, wanted)
    guard layout.rows > 0 else { return scores(PassScores(), layout, wanted) }
    let request = try request(wanted, batch)
    let mark = reserve(layout, forGradients: false)
    defer { workspace.release(to: mark) }
    var pass = context(layout, adapter: adapter, isTraining: isTraining)
    pass.request = request
    return scores(layers.scores(pass), layout, wanted)
  }

  /// Scores every completion, asks for cotangents, and pulls them back to every weight that is trained.
  ///
  /// - Throws: as ``score(_:_:)``.
  public func accumulateGradients(
    into gradients: inout GradientAccumulator, scoring batch: TokenBatch, _ wanted: Set<TokenStatistic>,
    cotangents: (ModelScores) -> [TokenStatistic: Tensor]
  ) throws(ScoringError) {
    let layout = try layout(batch, wanted)
    guard layout.rows > 0 else {
      _ = cotangents(scores(PassScores(), layout, wanted))
      return
    }
    let request = try request(wanted, batch)
    let mark = reserve(layout, forGradients: true)
    defer { workspace.release(to: mark) }
    var pass = context(layout, adapter: adapterLayout, isTraining: true)
    pass.request = request
    func slopes(_ said: PassScores) -> PassCotangents {
      passCotangents(cotangents(scores(said, layout, wanted)), layout, wanted)
    }
    if let merged {
      merged.accumulate(into: gradients, besides: scalarHeads.flatMap(\.parameters)) {
        layers.accumulate(into: $0, pass, slopes: slopes)
      }
    } else {
      layers.accumulate(into: gradients, pass, slopes: slopes)
    }
  }

  /// Makes room for a pass in one piece, and says where to go back to.
  func reserve(_ layout: RaggedLayout, forGradients: Bool) -> Workspace.Mark {
    workspace.reserve(
      passByteCount(
        tokens: layout.rows, predictions: layout.sources.count, attended: layout.attended,
        forGradients: forGradients))
    return workspace.mark
  }

  private func layout(_ batch: TokenBatch, _ wanted: Set<TokenStatistic>) throws(ScoringError) -> RaggedLayout
  {
    if let stranger = wanted.subtracting(statistics).map(\.name).min() {
      let known = statistics.map(\.name).sorted().joined(separator: ", ")
      throw ScoringError("a language model cannot score '\(stranger)'; it scores \(known)")
    }
    return try RaggedLayout(
      batch, configuration, readsLast: wanted.contains { $0.scalarHead?.isBehind == true })
  }
}

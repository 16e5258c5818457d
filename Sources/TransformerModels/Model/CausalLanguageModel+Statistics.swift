// Statistics by name: what a pass is asked for, what it said in its place in [N, T], and the way back.

public import PreferenceCore
import Tensors
import VectorKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension CausalLanguageModel {
  /// What the end of the stream is to give for `wanted`.
  func request(_ wanted: Set<TokenStatistic>, _ batch: TokenBatch) throws(ScoringError) -> HeadRequest {
    var request = HeadRequest()
    request.readings = readings(wanted).map(\.reading)
    request.scoresVocabulary = wanted.contains { $0.scalarHead == nil }
    if wanted.contains(where: { $0 == .divergence || $0.ofReference != nil }) {
      request.compared = try comparedModel?.comparedScores(batch)
    }
    return request
  }

  /// The scalar heads that `wanted` names, in the alphabetical order of the statistics.
  private func readings(
    _ wanted: Set<TokenStatistic>
  ) -> [(statistic: TokenStatistic, reading: HeadReading)] {
    wanted.sorted { $0.name < $1.name }.compactMap { statistic in
      guard let (name, isBehind) = statistic.scalarHead,
        let head = scalarHeads.first(where: { $0.name == name })
      else { return nil }
      return (statistic, HeadReading(head: head, isBehind: isBehind))
    }
  }

  /// Puts what was said of every prediction in its place in `[N, T]`.
  func scores(_ said: PassScores, _ layout: RaggedLayout, _ wanted: Set<TokenStatistic>) -> ModelScores {
    var values: [TokenStatistic: Tensor] = [:]
    func place(_ statistic: TokenStatistic, _ numbers: some Sequence<Double>) {
      var scalars = [Double](repeating: 0, count: layout.shape[0] * layout.shape[1])
      for (place, number) in zip(layout.places, numbers) { scalars[place] = number }
      values[statistic] = Tensor(scalars, shape: layout.shape)
    }
    for statistic in wanted where statistic.scalarHead == nil {
      if statistic == .divergence {
        place(statistic, said.divergences)
      } else if let its = statistic.ofReference {
        place(statistic, said.reference.lazy.map { $0.number(of: its) })
      } else {
        place(statistic, said.finished.lazy.map { $0.number(of: statistic) })
      }
    }
    for (index, (statistic, _)) in readings(wanted).enumerated() {
      place(statistic, said.outputs.isEmpty ? [] : said.outputs[index])
    }
    return ModelScores(values, maximumEntropy: log(Double(configuration.vocabularyCount)))
  }

  /// The cotangents of every prediction. A hit has no slope.
  func passCotangents(
    _ cotangents: [TokenStatistic: Tensor], _ layout: RaggedLayout, _ wanted: Set<TokenStatistic>
  ) -> PassCotangents {
    func scalars(_ statistic: TokenStatistic) -> [Double]? {
      guard let tensor = cotangents[statistic] else { return nil }
      precondition(
        tensor.shape == layout.shape,
        "CausalLanguageModel: cotangents of '\(statistic)' are \(tensor.shape), expected \(layout.shape)")
      return tensor.scalars
    }
    let (logProbability, entropy) = (scalars(.logProbability), scalars(.entropy))
    let (logCollision, meanScore) = (scalars(.logCollision), scalars(.meanScore))
    let divergence = scalars(.divergence)
    let rows = layout.places.map { place in
      RowCotangents(
        logProbability: logProbability?[place] ?? 0, entropy: entropy?[place] ?? 0,
        logCollision: logCollision?[place] ?? 0, meanScore: meanScore?[place] ?? 0,
        divergence: divergence?[place] ?? 0)
    }
    let outputs = readings(wanted).map { statistic, _ in
      let slopes = scalars(statistic)
      return layout.places.map { slopes?[$0] ?? 0 }
    }
    return PassCotangents(rows: rows, outputs: outputs)
  }
}

extension RowStatistics.Finished {
  /// One of ``TokenStatistic/ofScores``.
  fileprivate func number(of statistic: TokenStatistic) -> Double {
    switch statistic {
    case .logProbability: logProbability
    case .entropy: entropy
    case .logCollision: logCollision
    case .meanScore: meanScore
    default: isArgmax ? 1 : 0
    }
  }
}

// MARK: - Divergence from a reference

/// A model whose next-token distributions can be compared with another's over the same tokens.
protocol ComparedModel: AnyObject {
  /// How many tokens it knows.
  var comparedVocabularyCount: Int { get }
  /// Its scores of every prediction of `batch`, to be worked out chunk by chunk.
  func comparedScores(_ batch: TokenBatch) throws(ScoringError) -> any ComparedScores
}

extension CausalLanguageModel: ComparedModel, DivergenceScorer {
  var comparedVocabularyCount: Int { configuration.vocabularyCount }

  func comparedScores(_ batch: TokenBatch) throws(ScoringError) -> any ComparedScores {
    try comparedScores(batch, with: adapterLayout)
  }

  /// The same with the given pairs beside the weights, or none.
  func comparedScores(
    _ batch: TokenBatch, with adapter: (any AdapterLayout)?
  ) throws(ScoringError) -> any ComparedScores {
    let layout = try RaggedLayout(batch, configuration)
    let mark = reserve(layout, forGradients: false)
    defer { workspace.release(to: mark) }
    return layers.comparedScores(context(layout, adapter: adapter))
  }

  /// Compares with a language model that knows as many tokens, or with this one without its adapter.
  ///
  /// Each pass then runs the reference too, scores the vocabulary with both, in chunks, and can tell what the
  /// reference says. The reference is not kept alive.
  public func measureDivergence(from reference: any Scorer) -> Bool {
    guard let model = reference as? any ComparedModel,
      model.comparedVocabularyCount == configuration.vocabularyCount
    else { return false }
    comparedModel = model
    return true
  }
}

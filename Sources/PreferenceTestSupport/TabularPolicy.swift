// A real policy small enough to reason about: one row of scores for each prompt.

public import Optimizers
public import PreferenceCore

/// `π(token | prompt) = softmax(scores[prompt])[token]`, the same at every position.
///
/// The prompt is known by its first token; with one row of scores, prompts make no difference and the policy is a
/// bandit whose arms are tokens.
public final class TabularPolicy: Policy, RefreshableScorer, DivergenceScorer {
  /// `scores`, `[contexts, tokens]`, and a table for each scalar head.
  public let parameters: Parameters
  private let contexts: Int
  private let tokens: Int
  private let heads: [TokenStatistic]
  private var reference: TabularPolicy?
  /// How often it was asked for scores alone.
  public private(set) var scorings = 0
  /// How often the weights were said to have changed.
  public private(set) var changes = 0

  /// Starts from `scores`, or from the uniform distribution; scalar heads start at 0.
  ///
  /// - Parameters:
  ///   - scores: `contexts` rows of `tokens` numbers.
  ///   - heads: scalar heads: a number for each prompt, and for each token too where they have read it.
  public init(contexts: Int = 1, tokens: Int, scores: [Float]? = nil, heads: [TokenStatistic] = []) {
    (self.contexts, self.tokens, self.heads) = (contexts, tokens, heads)
    let table = scores ?? [Float](repeating: 0, count: contexts * tokens)
    parameters = Parameters(
      [Parameter("scores", shape: [contexts, tokens], scalars: table)]
        + heads.map { head in
          let width = head.scalarHead?.isBehind == true ? tokens : 1
          return Parameter(
            ParameterName(head.name), shape: [contexts, width],
            scalars: [Float](repeating: 0, count: contexts * width))
        })
  }

  /// What a table of scores can say, its scalar heads, and the divergence where there is something to compare with.
  public var statistics: Set<TokenStatistic> {
    Set(TokenStatistic.ofScores + heads).union(
      reference == nil ? [] : [.divergence] + TokenStatistic.ofScores.map(TokenStatistic.reference))
  }

  public func measureDivergence(from reference: any Scorer) -> Bool {
    guard let table = reference as? TabularPolicy, table.contexts == contexts, table.tokens == tokens else {
      return false
    }
    self.reference = table
    return true
  }

  /// A policy with weights of its own that equal these; a frozen reference, say.
  public func copy() -> TabularPolicy {
    TabularPolicy(contexts: contexts, tokens: tokens, scores: scores.map { Float($0) }, heads: heads)
  }

  /// The probability of every token after a prompt that begins with `context`.
  public func probabilities(context: Int = 0) -> [Double] {
    exp(logProbabilities(table)).rows([context]).scalars
  }

  /// The scores themselves, in row-major order.
  public var scores: [Double] { table.scalars }

  public func parametersChanged() { changes += 1 }

  public func score(
    _ batch: TokenBatch, _ wanted: Set<TokenStatistic>
  ) throws(ScoringError) -> ModelScores {
    scorings += 1
    return scores(of: batch, wanted, parameters.map(\.tensor))
  }

  public func accumulateGradients(
    into gradients: inout GradientAccumulator, scoring batch: TokenBatch, _ wanted: Set<TokenStatistic>,
    cotangents: (ModelScores) -> [TokenStatistic: Tensor]
  ) throws(ScoringError) {
    let leaves = parameters.map { $0.tensor.tracked() }
    let scored = scores(of: batch, wanted, leaves)
    let upstream = cotangents(scored.mapValues { stopGradient($0) })
    let pulled = upstream.sorted { $0.key.name < $1.key.name }.map { ($0.value * scored[$0.key]).sum() }
    guard let first = pulled.first, !(upstream.keys.allSatisfy { $0 == .argmaxHit }) else { return }
    let slopes = Tensors.gradients(of: pulled.dropFirst().reduce(first, +), at: leaves)
    for (parameter, slope) in zip(parameters, slopes) { gradients.add(slope, to: parameter.name) }
  }

  private var table: Tensor { parameters[0].tensor }

  /// `[contexts, tokens]`, nats.
  private func logProbabilities(_ scores: Tensor) -> Tensor {
    let peaks = (0..<contexts).map { stopGradient(scores).rows([$0]).scalars.max() ?? 0 }
    let shifted = scores - Tensor(peaks, shape: [contexts, 1])
    return shifted - log(exp(shifted).sumOverLastAxis()).reshaped([contexts, 1])
  }

  /// - Parameter tables: the parameters' values, tracked or not.
  private func scores(of batch: TokenBatch, _ wanted: Set<TokenStatistic>, _ tables: [Tensor]) -> ModelScores
  {
    let scores = tables[0]
    let width = batch.width
    let shape = [batch.completions.count, width]
    let mask = Tensor.ragged(batch.lengths, width: width, as: .float64) { _, _ in 1 }
    let rows = batch.layout.prompts.map { contexts == 1 ? 0 : Int(batch.prompts[$0][0]) }
    let contextOfPlace = rows.flatMap { [Int](repeating: $0, count: width) }
    let tokenOfPlace = batch.completions.flatMap { c in (0..<width).map { $0 < c.count ? Int(c[$0]) : 0 } }
    let logs = logProbabilities(scores)
    /// One number for each context, at every place of that context.
    func spread(_ perContext: Tensor) -> Tensor { mask * perContext.rows(contextOfPlace).reshaped(shape) }
    var values: [TokenStatistic: Tensor] = [:]
    for statistic in wanted {
      switch statistic {
      case .logProbability:
        let places = zip(contextOfPlace, tokenOfPlace).map { $0 * tokens + $1 }
        values[statistic] = mask * logs.reshaped([contexts * tokens]).rows(places).reshaped(shape)
      case .entropy: values[statistic] = spread(-(exp(logs) * logs).sumOverLastAxis())
      case .logCollision: values[statistic] = spread(log(exp(2 * logs).sumOverLastAxis()))
      case .meanScore: values[statistic] = spread((1 / Double(tokens)) * scores.sumOverLastAxis())
      case .argmaxHit:
        let best = (0..<contexts).map { context in
          let row = stopGradient(scores).rows([context]).scalars
          return row.indices.first { row[$0] == row.max() } ?? 0
        }
        let hits = zip(contextOfPlace, tokenOfPlace).map { best[$0] == $1 ? 1.0 : 0.0 }
        values[statistic] = mask * Tensor(hits, shape: shape)
      case .divergence:
        guard let reference else { preconditionFailure("TabularPolicy: there is nothing to compare with") }
        let its = reference.logProbabilities(reference.table)
        values[statistic] = spread((exp(its) * (its - logs)).sumOverLastAxis())
      case let other where other.ofReference != nil:
        guard let reference, let its = other.ofReference else {
          preconditionFailure("TabularPolicy: there is nothing to compare with")
        }
        values[statistic] = reference.scores(of: batch, [its], reference.parameters.map(\.tensor))[its]
      default:
        guard let place = heads.firstIndex(of: statistic) else {
          preconditionFailure("TabularPolicy: '\(statistic)' is not one of its statistics")
        }
        let isBehind = statistic.scalarHead?.isBehind == true
        let places = zip(contextOfPlace, tokenOfPlace).map { isBehind ? $0 * tokens + $1 : $0 }
        let outputs = tables[1 + place]
        values[statistic] = mask * outputs.reshaped([outputs.count]).rows(places).reshaped(shape)
      }
    }
    return ModelScores(values, maximumEntropy: log(Tensor([Double(tokens)])).scalars[0])
  }
}

// A real policy small enough to reason about: one row of scores for each prompt.

public import Optimizers
public import PreferenceCore

/// `π(token | prompt) = softmax(scores[prompt])[token]`, the same at every position.
///
/// The prompt is known by its first token; with one row of scores, prompts make no difference and the policy is a
/// bandit whose arms are tokens.
public final class TabularPolicy: Policy, RefreshableScorer {
  /// `scores`, `[contexts, tokens]`.
  public let parameters: Parameters
  public let statistics: Set<TokenStatistic> = [
    .logProbability, .entropy, .logCollision, .meanScore, .argmaxHit,
  ]
  private let contexts: Int
  private let tokens: Int
  /// How often the weights were said to have changed.
  public private(set) var changes = 0

  /// Starts from `scores`, or from the uniform distribution.
  ///
  /// - Parameter scores: `contexts` rows of `tokens` numbers.
  public init(contexts: Int = 1, tokens: Int, scores: [Float]? = nil) {
    (self.contexts, self.tokens) = (contexts, tokens)
    parameters = Parameters([
      Parameter(
        "scores", shape: [contexts, tokens],
        scalars: scores ?? [Float](repeating: 0, count: contexts * tokens))
    ])
  }

  /// A policy with weights of its own that equal these; a frozen reference, say.
  public func copy() -> TabularPolicy {
    TabularPolicy(contexts: contexts, tokens: tokens, scores: scores.map { Float($0) })
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
    scores(of: batch, wanted, table)
  }

  public func accumulateGradients(
    into gradients: inout GradientAccumulator, scoring batch: TokenBatch, _ wanted: Set<TokenStatistic>,
    cotangents: (ModelScores) -> [TokenStatistic: Tensor]
  ) throws(ScoringError) {
    let leaf = table.tracked()
    let scored = scores(of: batch, wanted, leaf)
    let upstream = cotangents(scored.mapValues { stopGradient($0) })
    let pulled = upstream.sorted { $0.key.name < $1.key.name }.map { ($0.value * scored[$0.key]).sum() }
    guard let first = pulled.first, !(upstream.keys.allSatisfy { $0 == .argmaxHit }) else { return }
    gradients.add(
      Tensors.gradients(of: pulled.dropFirst().reduce(first, +), at: [leaf])[0], to: "scores")
  }

  private var table: Tensor { parameters[0].tensor }

  /// `[contexts, tokens]`, nats.
  private func logProbabilities(_ scores: Tensor) -> Tensor {
    let peaks = (0..<contexts).map { stopGradient(scores).rows([$0]).scalars.max() ?? 0 }
    let shifted = scores - Tensor(peaks, shape: [contexts, 1])
    return shifted - log(exp(shifted).sumOverLastAxis()).reshaped([contexts, 1])
  }

  private func scores(of batch: TokenBatch, _ wanted: Set<TokenStatistic>, _ scores: Tensor) -> ModelScores {
    let width = batch.completions.map(\.count).max() ?? 0
    let shape = [batch.completions.count, width]
    let mask = Tensor(
      batch.completions.flatMap { c in (0..<width).map { $0 < c.count ? 1.0 : 0.0 } }, shape: shape)
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
      default: preconditionFailure("TabularPolicy: '\(statistic)' is not one of its statistics")
      }
    }
    return ModelScores(values, maximumEntropy: log(Tensor([Double(tokens)])).scalars[0])
  }
}

// Small synthetic batches that fit whatever a loss requires.

import PreferenceCore

/// A batch in numbers, so that it can be widened, permuted, halved, poisoned and nudged.
///
/// Shapes: `N` completions, each with its own length; numbers behind a length are not there.
struct Fixture {
  /// The numbers of one model: a statistic of each token, `[N][length]`.
  typealias Scores = [TokenStatistic: [[Double]]]

  let seed: UInt64
  let needs: Requirements
  var layout: FeedbackLayout
  var tokens: [[Int32]]
  var rows: [Int]
  var policy: Scores
  var references: [Scores]
  var annotations: [String: [Double]]

  /// The largest entropy any model of the batch can have, `log V` in nats.
  var maximumEntropy = 3.9

  /// Whether there is anything to evaluate.
  var lengths: [Int] { tokens.map(\.count) }

  /// A batch that satisfies `needs`, with log-probabilities between −6 and −0.05 nats.
  ///
  /// - Parameter length: makes every completion this long; otherwise lengths are between 1 and 6.
  init(_ needs: Requirements, seed: UInt64, length: Int? = nil) {
    var dice = LossGenerator(seed: seed)
    self.seed = seed
    self.needs = needs
    layout = Self.layout(needs, seed: seed)
    let count = layout.prompts.count
    let lengths = (0..<count).map { _ in length ?? Int.random(in: 1...6, using: &dice) }
    tokens = lengths.map { count in (0..<count).map { _ in Int32.random(in: 0..<50, using: &dice) } }
    rows = Array(0..<((layout.prompts.max() ?? -1) + 1))
    func scores(_ wanted: Set<TokenStatistic>) -> Scores {
      var result: Scores = [:]
      for statistic in wanted.sorted(by: { $0.name < $1.name }) {
        result[statistic] = lengths.map { count in
          (0..<count).map { _ in Self.number(for: statistic, &dice) }
        }
      }
      return result
    }
    policy = scores(needs.policyStatistics.union([.logProbability]))
    let range = needs.references
    // Seeds a hundred apart are batches of one run: they have as many references.
    let references = min(range.upperBound, range.lowerBound + Int(seed % 100 % 3))
    self.references = (0..<references).map { _ in
      scores(needs.referenceStatistics.union([.logProbability]))
    }
    var columns: [String: [Double]] = [:]
    for name in needs.annotations.sorted() {
      columns[name] = (0..<count).map { _ in Double.random(in: -2...2, using: &dice) }
    }
    annotations = columns
  }

  private static func layout(_ needs: Requirements, seed: UInt64) -> FeedbackLayout {
    if needs.feedback == .ranked {
      return FeedbackLayout(
        prompts: [0, 0, 0, 1, 1, 1], ranks: [0, 1, 2, 0, 1, 2], isDesirable: .init(repeating: true, count: 6))
    }
    guard needs.feedback == .unpaired, seed % 2 == 0 else { return .pairs(3) }
    let baselines = needs.needsBaselines ? 2 : 0
    let all = 0..<(5 + baselines)
    return FeedbackLayout(
      prompts: Array(all), ranks: all.map { _ in 0 }, isDesirable: all.map { $0 % 2 == 0 },
      isBaseline: all.map { $0 >= 5 })
  }

  private static func number(for statistic: TokenStatistic, _ dice: inout LossGenerator) -> Double {
    switch statistic {
    case .entropy: Double.random(in: 0.05...3.8, using: &dice)
    case .divergence: Double.random(in: 0...2, using: &dice)
    case .argmaxHit: Bool.random(using: &dice) ? 1 : 0
    case .logProbability, .logCollision: Double.random(in: -6 ... -0.05, using: &dice)
    default: Double.random(in: -2...2, using: &dice)
    }
  }

  /// The policy's statistics as tensors `[N, T]`, 0 or `padding` behind each completion.
  func policyTensors(extraWidth: Int = 0, padding: Double = 0) -> [TokenStatistic: Tensor] {
    policy.mapValues { tensor($0, extraWidth, padding) }
  }

  /// The scored batch, with `policy` in the place of its own numbers where given.
  func batch(
    policy replaced: [TokenStatistic: Tensor]? = nil, extraWidth: Int = 0, padding: Double = 0
  ) -> ScoredBatch {
    let width = (lengths.max() ?? 0) + extraWidth
    let mask = lengths.flatMap { count in (0..<width).map { $0 < count ? 1.0 : 0.0 } }
    return ScoredBatch(
      layout: layout, tokens: tokens.map { $0 + [Int32](repeating: -1, count: width - $0.count) },
      mask: Tensor(mask, shape: [tokens.count, width]),
      policy: ModelScores(
        replaced ?? policyTensors(extraWidth: extraWidth, padding: padding),
        maximumEntropy: maximumEntropy),
      references: references.map { scores in
        ModelScores(
          scores.mapValues { tensor($0, extraWidth, padding) }, maximumEntropy: maximumEntropy)
      }, annotations: annotations.mapValues { Tensor($0) }, rows: rows)
  }

  private func tensor(_ ragged: [[Double]], _ extraWidth: Int, _ padding: Double) -> Tensor {
    let width = (lengths.max() ?? 0) + extraWidth
    let scalars = ragged.flatMap { row in row + [Double](repeating: padding, count: width - row.count) }
    return Tensor(scalars, shape: [ragged.count, width])
  }
}

// MARK: - Variations

extension Fixture {
  /// The policy equals every reference; without references, all log-probabilities are the same.
  var tied: Fixture {
    var copy = self
    for k in copy.references.indices { copy.references[k][.logProbability] = policy[.logProbability] }
    if !references.isEmpty, let divergences = policy[.divergence] {
      copy.policy[.divergence] = divergences.map { $0.map { _ in 0 } }
    }
    return copy
  }

  /// Every log-ratio of a sequence moved to about `±nats`, alternating by side.
  func stretched(to nats: Double) -> Fixture {
    var copy = tied
    copy.policy[.logProbability] = policy[.logProbability]?.enumerated().map { place, row in
      let sign: Double = layout.ranks[place] == 0 && layout.isDesirable[place] ? 1 : -1
      return row.map { $0 + sign * nats / Double(max(1, row.count)) }
    }
    return copy
  }

  /// The completions in another order; `order[i]` is the old place of the new `i`-th.
  func taking(_ order: [Int]) -> Fixture {
    var copy = self
    copy.layout = FeedbackLayout(
      prompts: order.map { layout.prompts[$0] }, groups: order.map { layout.groups[$0] },
      ranks: order.map { layout.ranks[$0] }, isDesirable: order.map { layout.isDesirable[$0] },
      isBaseline: order.map { layout.isBaseline[$0] })
    copy.tokens = order.map { tokens[$0] }
    copy.policy = policy.mapValues { values in order.map { values[$0] } }
    copy.references = references.map { $0.mapValues { values in order.map { values[$0] } } }
    copy.annotations = annotations.mapValues { values in order.map { values[$0] } }
    return copy
  }

  /// The batch cut in two between prompts: the completions of the first group, and all others.
  var halves: [Fixture] {
    let first = layout.groups.first ?? 0
    let places = layout.groups.indices
    return [
      taking(places.filter { layout.groups[$0] == first }),
      taking(places.filter { layout.groups[$0] != first }),
    ]
  }
}

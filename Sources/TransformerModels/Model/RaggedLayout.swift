// Where a batch's tokens stand: end to end without padding, every prompt once.

import PreferenceCore

/// A prompt and its completions as rows of the activations.
///
/// The last token of a completion predicts nothing that is scored, so it is not among the rows.
struct RaggedLayout: Sendable {
  /// Some rows that attend to a prefix they share with others, and to each other.
  struct Segment: Sendable {
    /// The rows that ask.
    var queries: Range<Int>
    /// The rows of keys that all of them see.
    var prefix: Range<Int>
    /// The rows of keys of which the i-th row sees the first `i + 1`.
    var own: Range<Int>
  }

  /// The segments that share keys: a prompt first, then its completions.
  private(set) var groups: [[Segment]] = []
  /// The token in each row. Count `rows`.
  private(set) var tokens: [Int32] = []
  /// Each row's distance from its sequence's start. Count `rows`.
  private(set) var positions: [Int32] = []
  /// Rows whose sequences have the same rotary frequencies: the regime of ``RotaryScaling`` of each run of rows.
  private(set) var regimes: [(rows: Range<Int>, regime: Int)] = []
  /// What each row is, whatever batch it comes in: a function of the row of the rows, the completion's rank and
  /// the position. Count `rows`.
  private(set) var identities: [UInt64] = []
  /// For each prediction, the row that makes it.
  private(set) var sources: [Int32] = []
  /// For each prediction, the row that has read what came; empty unless last tokens are rows.
  private(set) var behind: [Int32] = []
  /// For each prediction, the token that came.
  private(set) var targets: [Int32] = []
  /// For each prediction, its place in a row-major `[N, T]`.
  private(set) var places: [Int] = []
  /// `[N, T]`.
  let shape: [Int]

  /// Lays out `batch` for a model of the given configuration.
  ///
  /// - Parameter readsLast: whether the last token of a completion is a row too.
  /// - Throws: if a prompt that has completions is empty, or a token is not one of the model's.
  init(
    _ batch: TokenBatch, _ configuration: ModelConfiguration, readsLast: Bool = false
  ) throws(ScoringError) {
    let width = batch.width
    shape = [batch.completions.count, width]
    var completions = [[Int]](repeating: [], count: batch.prompts.count)
    for (n, prompt) in batch.layout.prompts.enumerated() where !batch.completions[n].isEmpty {
      completions[prompt].append(n)
    }
    for (g, prompt) in batch.prompts.enumerated() where !completions[g].isEmpty {
      let row = batch.rows[g]
      guard !prompt.isEmpty else {
        throw ScoringError(
          "row \(row): the prompt holds no token, and a completion's first token needs one before it; "
            + "begin prompts with a token such as bos")
      }
      try Self.check(prompt, row, configuration)
      for n in completions[g] {
        try Self.check(batch.completions[n], row, configuration)
        try Self.checkLength(
          prompt.count + batch.completions[n].count - (readsLast ? 0 : 1), row, configuration)
      }
      // Completions share their prompt if its tokens are turned alike for them.
      var (rest, regime) = (completions[g], 0)
      while let next = rest.first {
        regime = Self.regime(batch, next, prompt, configuration)
        let alike = rest.filter { Self.regime(batch, $0, prompt, configuration) == regime }
        rest.removeAll(where: alike.contains)
        let start = tokens.count
        append(prompt, completions: alike, of: batch, row, readsLast: readsLast)
        regimes.append((start..<tokens.count, regime))
      }
    }
  }

  private static func regime(
    _ batch: TokenBatch, _ completion: Int, _ prompt: [Int32], _ configuration: ModelConfiguration
  ) -> Int {
    configuration.rotaryScaling.regime(length: prompt.count + batch.completions[completion].count)
  }

  /// Lays out a prompt and the completions that share it.
  private mutating func append(
    _ prompt: [Int32], completions: [Int], of batch: TokenBatch, _ row: Int, readsLast: Bool
  ) {
    let start = append(prompt[...], from: 0, of: row, rank: -1)
    let prefix = start..<tokens.count
    groups.append([Segment(queries: prefix, prefix: start..<start, own: prefix)])
    for n in completions {
      let completion = batch.completions[n]
      let read = readsLast ? completion[...] : completion.dropLast()
      let first = append(read, from: prompt.count, of: row, rank: batch.layout.ranks[n])
      if !read.isEmpty {
        groups[groups.count - 1].append(
          Segment(queries: first..<tokens.count, prefix: prefix, own: first..<tokens.count))
      }
      for (t, token) in completion.enumerated() {
        sources.append(Int32(t == 0 ? prefix.upperBound - 1 : first + t - 1))
        if readsLast { behind.append(Int32(first + t)) }
        targets.append(token)
        places.append(n * shape[1] + t)
      }
    }
  }

  /// `tokens` behind `cached` tokens whose keys stand in the rows before theirs.
  init(continuing cached: Int, with tokens: [Int32], _ scaling: RotaryScaling = .none) {
    shape = [1, 0]
    append(tokens[...], from: cached, of: 0, rank: -1)
    regimes = [(0..<tokens.count, scaling.regime(length: cached + tokens.count))]
    groups = [
      [
        Segment(
          queries: 0..<tokens.count, prefix: 0..<cached, own: cached..<cached + tokens.count)
      ]
    ]
  }

  /// How many keys all segments see together, each in whole tiles.
  var attended: Int {
    groups.joined().reduce(0) { $0 + Attention.padded($1.prefix.count + $1.own.count) }
  }

  /// How many tokens are computed.
  var rows: Int { tokens.count }

  /// Appends tokens of one sequence and returns the row of the first.
  @discardableResult
  private mutating func append(
    _ more: ArraySlice<Int32>, from position: Int, of row: Int, rank: Int
  ) -> Int {
    defer {
      tokens += more
      let sequence = mixed(mixed(UInt64(bitPattern: Int64(row))) &+ UInt64(bitPattern: Int64(rank)))
      identities += (0..<more.count).map { mixed(sequence &+ UInt64(position + $0)) }
      positions += (position..<position + more.count).map(Int32.init)
    }
    return tokens.count
  }

  private static func check(
    _ tokens: [Int32], _ row: Int, _ configuration: ModelConfiguration
  ) throws(ScoringError) {
    guard let stranger = tokens.first(where: { $0 < 0 || $0 >= configuration.vocabularyCount }) else {
      return
    }
    throw ScoringError(
      "row \(row): token \(stranger) is not among the model's \(configuration.vocabularyCount) tokens; "
        + "use the tokenizer that belongs to the model")
  }

  private static func checkLength(
    _ length: Int, _ row: Int, _ configuration: ModelConfiguration
  ) throws(ScoringError) {
    guard let limit = configuration.positionLimit, length > limit else { return }
    throw ScoringError(
      "row \(row): \(length) tokens, but the model has learned positions for \(limit); truncate sequences to "
        + "\(limit) tokens")
  }
}

extension ModelConfiguration {
  /// How many positions there are, where they are learned; nil for no limit.
  var positionLimit: Int? { architecture.positions == nil ? nil : maximumPositions }
}

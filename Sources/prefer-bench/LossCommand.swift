// `prefer-bench losses`: value and gradient of every registered loss, on statistics no model had to score.

import BuiltinLosses
import CommandLineTool
import PreferenceCore
import Safetensors
import VectorKernels

/// Times losses on one batch of pairs, as large as an epoch of a small corpus.
enum LossCommand {
  static let command = Command(
    "losses", "Times value and gradient of every registered loss at its defaults.",
    options: [
      Option("pairs", "P", "How many pairs; 4096 unless given."),
      Option("tokens", "T", "Tokens of each completion; 512 unless given."),
      Option("seconds", "S", "How long each loss is repeated; 0.5 unless given."),
      Option("match", "TEXT", "Only losses whose name contains this."),
      Bench.threads, Bench.json,
    ],
    discussion: """
      Statistics are single precision, [2P, T] each, as models give them; the gradient is written back to [2P, T].
      A time is the shortest of its measurement. 'read' is what must be read once at least, elements are those
      scalars, and the rate of memory counts them and the gradient written; the copy above them is what this
      machine's memory does between two arrays of that size, on as many threads.
      """)

  /// One loss.
  private struct Row {
    let name: String
    /// The shortest time of a value with its gradient.
    let seconds: Double
    /// Scalars the loss reads of policy and references together.
    let read: Int
  }

  static func run(_ call: Invocation) throws -> Report {
    let (pairs, tokens) = (try call.count("pairs", default: 4096), try call.count("tokens", default: 512))
    let seconds = try call.positive("seconds", default: 0.5)
    let threads = try call.configureThreads()
    let registry = LossRegistry.builtin
    let names = registry.entries.keys.sorted().filter { name in
      call.value("match").map { name.contains($0) } ?? true
    }
    let rows = try names.map { name in
      try measure(name, try registry.resolve(name), pairs, tokens, seconds)
    }
    let copy = copyRate(2 * pairs * tokens, seconds)
    let header = ["loss", "ms", "G elements/s", "memory"]
    let written = 2 * pairs * tokens
    let lines = rows.map { row in
      [
        row.name, Figures.short(row.seconds * 1e3), Figures.short(Double(row.read) / row.seconds / 1e9),
        Figures.rate(4 * Double(row.read + written) / row.seconds, "B"),
      ]
    }
    return Report(
      text: """
        \(Machine.line)
        \(pairs) pairs of \(tokens) tokens, \(threads) threads; copying that much: \(Figures.rate(copy, "B"))

        \(Figures.table(header, lines))
        """,
      json: .members([
        "machine": Machine.json, "pairs": .number(pairs), "tokens": .number(tokens),
        "threads": .number(threads), "copy_bytes_per_second": .number(copy),
        "losses": .list(
          rows.map {
            .members([
              "name": .text($0.name), "seconds": .number($0.seconds), "elements": .number($0.read),
              "elements_per_second": .number(Double($0.read) / $0.seconds),
            ])
          }),
      ]))
  }

  private static func measure(
    _ name: String, _ loss: any PreferenceLoss, _ pairs: Int, _ tokens: Int, _ seconds: Double
  ) throws -> Row {
    let needs = loss.requirements
    let column = (0..<2 * pairs).map { Double($0 % 7) / 7 }
    // Frequent tokens and rare ones, as text has them: losses that compare responses read them.
    var dice = LossGenerator(seed: 3)
    func token() -> Int32 { Int32(32_768 * dice.uniform() * dice.uniform() * dice.uniform()) }
    let batch = TokenBatch(
      prompts: [[Int32]](repeating: [1], count: pairs),
      completions: (0..<2 * pairs).map { _ in (0..<tokens).map { _ in token() } },
      layout: .pairs(pairs),
      annotations: Dictionary(uniqueKeysWithValues: needs.annotations.map { ($0, column) }))
    let policy = scores(needs.policyStatistics, pairs, tokens, seed: 1)
    let references = (0..<needs.references.lowerBound).map {
      scores(needs.referenceStatistics, pairs, tokens, seed: 2 + UInt64($0))
    }
    let totals = batch.counts
    var context = LossContext(seed: 1)
    let time = wallTime(seconds) {
      let leaves = policy.mapValues { $0.tracked() }
      let scored = ScoredBatch(batch, policy: leaves, references: references)
      let objective = loss.evaluate(scored, &context).objective(totals)
      let slopes = gradients(of: objective, at: leaves.statistics.map { leaves[$0] })
      precondition(slopes.allSatisfy { $0.shape == [2 * pairs, tokens] }, "'\(name)' has another gradient")
      context.discardStep()
    }
    let read = needs.policyStatistics.count + references.count * needs.referenceStatistics.count
    return Row(name: name, seconds: time, read: read * 2 * pairs * tokens)
  }

  /// Statistics of one model, each `[2P, T]` in single precision.
  private static func scores(
    _ wanted: Set<TokenStatistic>, _ pairs: Int, _ tokens: Int, seed: UInt64
  ) -> ModelScores {
    var values: [TokenStatistic: Tensor] = [:]
    for statistic in wanted.sorted(by: { $0.name < $1.name }) {
      var dice = LossGenerator(seed: seed)
      let sign: Float = statistic == .logProbability || statistic == .logCollision ? -1 : 1
      let numbers = (0..<2 * pairs * tokens).map { _ in sign * Float(dice.next() >> 40) * 0x1p-23 }
      values[statistic] = Tensor(numbers, shape: [2 * pairs, tokens])
    }
    return ModelScores(values, maximumEntropy: 10.8)
  }

  /// Bytes read and written per second where one array is copied to another.
  private static func copyRate(_ count: Int, _ seconds: Double) -> Double {
    let (from, to) = (FloatBuffer(count: count), FloatBuffer(count: count))
    return 8 * Double(count) / wallTime(seconds) { VectorKernels.copy(from, into: to) }
  }
}

// A reference that scores each completion once: in this run, in another epoch, under another loss, in another run.

public import PreferenceCore
import Tensors

/// A scorer whose numbers are kept; the model behind it is made only when something is not known yet.
///
/// What a model gives a completion does not depend on what else is in a batch, so the kept numbers are the numbers
/// it would give again, to the bit.
public final class CachedReference: Scorer {
  /// What the model behind it knows.
  public let statistics: Set<TokenStatistic>
  /// Completions the model was asked about so far.
  public private(set) var scoredCount = 0
  /// Completions whose numbers were at hand so far.
  public private(set) var foundCount = 0
  /// Where the numbers are.
  public let archive: ScoreArchive
  private let maximumEntropy: Double
  private let makeModel: () throws -> any Scorer
  private var model: (any Scorer)?
  private var idleBatches = 0

  /// - Parameters:
  ///   - archive: the numbers kept of this very model.
  ///   - statistics: what the model knows.
  ///   - maximumEntropy: the largest entropy its distributions can have, in nats.
  ///   - makeModel: makes the model; called when it is needed, and again should it be needed after a long time.
  public init(
    _ archive: ScoreArchive, statistics: Set<TokenStatistic>, maximumEntropy: Double,
    makeModel: @escaping () throws -> any Scorer
  ) {
    (self.archive, self.statistics) = (archive, statistics)
    (self.maximumEntropy, self.makeModel) = (maximumEntropy, makeModel)
  }

  /// Whether the model is in memory.
  public var holdsModel: Bool { model != nil }

  /// Lets the model go until something unknown is asked.
  public func release() { model = nil }

  /// Statistics that are kept along with those asked for, so that another loss need not ask again.
  private static let companions: Set<TokenStatistic> = [.logProbability, .entropy, .logCollision]

  public func score(_ batch: TokenBatch, _ wanted: Set<TokenStatistic>) throws(ScoringError) -> ModelScores {
    let names = wanted.sorted { $0.name < $1.name }
    let keys = keys(of: batch, names)
    var found = keys.enumerated().map { lookUp($1, batch.completions[$0].count) }
    if found.contains(where: { $0 == nil }) {
      archive.refresh()
      for row in found.indices where found[row] == nil {
        found[row] = lookUp(keys[row], batch.completions[row].count)
      }
    }
    let missing = found.indices.filter { found[$0] == nil }
    foundCount += found.count - missing.count
    if missing.isEmpty {
      // After this many batches without a question the model's memory is better used otherwise.
      idleBatches += 1
      if idleBatches == 32 { release() }
    } else {
      idleBatches = 0
      try ask(batch, missing, names, &found)
    }
    let width = batch.width
    var values: [TokenStatistic: Tensor] = [:]
    for (place, statistic) in names.enumerated() {
      let rows = found.flatMap { numbers -> [Double] in
        let row = numbers?[place] ?? []
        return row + [Double](repeating: 0, count: width - row.count)
      }
      values[statistic] = Tensor(rows, shape: [found.count, width])
    }
    return ModelScores(values, maximumEntropy: maximumEntropy)
  }

  /// How many completions of `batch` would have to be scored.
  public func missingCount(in batch: TokenBatch, _ wanted: Set<TokenStatistic>) -> Int {
    let names = wanted.sorted { $0.name < $1.name }
    return keys(of: batch, names).count { $0.contains { !archive.contains($0) } }
  }

  private func keys(of batch: TokenBatch, _ names: [TokenStatistic]) -> [[ScoreKey]] {
    batch.completions.indices.map {
      ScoreKey.keys(
        of: names, prompt: batch.prompts[batch.layout.prompts[$0]], completion: batch.completions[$0])
    }
  }

  /// Every statistic's numbers, or nothing.
  private func lookUp(_ keys: [ScoreKey], _ count: Int) -> [[Double]]? {
    var all: [[Double]] = []
    for key in keys {
      guard let values = archive.values(of: key, count: count) else { return nil }
      all.append(values)
    }
    return all
  }

  /// Scores some completions of `batch` and keeps what the model says.
  private func ask(
    _ batch: TokenBatch, _ rows: [Int], _ names: [TokenStatistic], _ found: inout [[[Double]]?]
  ) throws(ScoringError) {
    let model = try loaded()
    let asked = Set(names).union(Self.companions.intersection(statistics))
    let scores = try model.score(TokenBatch(batch, completions: rows), asked)
    scoredCount += rows.count
    let kept = asked.sorted { $0.name < $1.name }
    let tables = kept.map { (statistic: $0, scalars: scores[$0].scalars, width: scores[$0].shape[1]) }
    var records: [(key: ScoreKey, values: [Double])] = []
    for (place, row) in rows.enumerated() {
      let completion = batch.completions[row]
      let keys = ScoreKey.keys(
        of: kept, prompt: batch.prompts[batch.layout.prompts[row]], completion: completion)
      var answers: [TokenStatistic: [Double]] = [:]
      for (key, table) in zip(keys, tables) {
        let start = place * table.width
        let numbers = Array(table.scalars[start..<start + completion.count])
        answers[table.statistic] = numbers
        records.append((key, numbers))
      }
      found[row] = names.map { answers[$0] ?? [] }
    }
    archive.add(records)
  }

  private func loaded() throws(ScoringError) -> any Scorer {
    if let model { return model }
    do {
      let made = try makeModel()
      model = made
      return made
    } catch let error as ScoringError { throw error } catch { throw ScoringError("\(error)") }
  }
}

extension TokenBatch {
  /// Some completions of `batch` with their prompts, without feedback: for scoring only.
  init(_ batch: TokenBatch, completions rows: [Int]) {
    var places: [Int: Int] = [:]
    var (prompts, numbers, owners): ([[Int32]], [Int], [Int]) = ([], [], [])
    for row in rows {
      let prompt = batch.layout.prompts[row]
      if places[prompt] == nil {
        places[prompt] = prompts.count
        prompts.append(batch.prompts[prompt])
        numbers.append(batch.rows[prompt])
      }
      owners.append(places[prompt] ?? 0)
    }
    let layout = FeedbackLayout(
      prompts: owners, ranks: rows.map { _ in 0 }, isDesirable: rows.map { _ in false })
    self.init(
      prompts: prompts, completions: rows.map { batch.completions[$0] }, layout: layout, rows: numbers)
  }
}

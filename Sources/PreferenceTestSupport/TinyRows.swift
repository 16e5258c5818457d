// Made-up preference rows: enough to train on, small enough to work out by hand.

public import PreferenceCore

/// A pair of completions of one prompt, as token identifiers.
public struct TinyPair: Sendable, Hashable {
  /// The prompt.
  public var prompt: [Int32]
  /// The better completion.
  public var chosen: [Int32]
  /// The worse completion.
  public var rejected: [Int32]

  /// One pair.
  public init(_ prompt: [Int32] = [0], _ chosen: [Int32], over rejected: [Int32]) {
    (self.prompt, self.chosen, self.rejected) = (prompt, chosen, rejected)
  }

  /// `count` pairs with completions of 1 to 6 tokens, the same for the same seed.
  public static func random(_ count: Int, contexts: Int, tokens: Int, seed: UInt64) -> [TinyPair] {
    var dice = TinyGenerator(seed: seed)
    func completion() -> [Int32] {
      (0..<Int.random(in: 1...6, using: &dice)).map { _ in Int32.random(in: 0..<Int32(tokens), using: &dice) }
    }
    return (0..<count).map { _ in
      let prompt = [Int32.random(in: 0..<Int32(contexts), using: &dice), 1, 2]
      return TinyPair(prompt, completion(), over: completion())
    }
  }
}

extension TokenBatch {
  /// Pairs as one batch; `firstRow` is the number of the first one.
  public init(pairs: [TinyPair], firstRow: Int = 0, annotations: [String: [Double]] = [:]) {
    self.init(
      prompts: pairs.map(\.prompt), completions: pairs.flatMap { [$0.chosen, $0.rejected] },
      layout: .pairs(pairs.count), annotations: annotations,
      rows: Array(firstRow..<(firstRow + pairs.count)))
  }
}

/// The losses' generator, so that made-up rows are the same everywhere.
public typealias TinyGenerator = LossGenerator

/// Pairs in memory, in order, over and over.
public struct TinyBatches: BatchSource {
  private let pairs: [TinyPair]
  private let pairsPerStep: Int
  private let pairsPerMicroBatch: Int

  /// - Precondition: there is at least one pair.
  public init(_ pairs: [TinyPair], perStep: Int, perMicroBatch: Int? = nil) {
    precondition(!pairs.isEmpty, "TinyBatches: no pairs")
    (self.pairs, pairsPerStep, pairsPerMicroBatch) = (pairs, perStep, perMicroBatch ?? perStep)
  }

  public var stepsPerEpoch: Int { (pairs.count + pairsPerStep - 1) / pairsPerStep }

  public func microBatches(step: Int) -> [TokenBatch] {
    let first = step % stepsPerEpoch * pairsPerStep
    let last = min(first + pairsPerStep, pairs.count)
    return stride(from: first, to: last, by: pairsPerMicroBatch).map { start in
      TokenBatch(pairs: Array(pairs[start..<min(start + pairsPerMicroBatch, last)]), firstRow: start)
    }
  }
}

// How much memory a run will take, before it takes it, and how steps are cut so that it fits.

import TransformerModels

/// What a run's memory is made of.
struct MemoryNeeds {
  /// What does not depend on the batch, in bytes, with what it is for.
  var parts: [(name: String, bytes: Double)]
  /// What a pass with gradients over so many tokens takes, all activations kept or as few as possible.
  var pass: (_ tokens: Int, _ recomputing: Bool) -> Double
  /// What keeping the scores of a pass over so many tokens takes besides; `nil` where that gains nothing.
  var scores: ((_ tokens: Int) -> Double)?
  /// Larger passes than this keep the processor no busier, so that more memory would buy nothing.
  var busyTokens = 2048
  /// Tokens of the largest row.
  var longestRow: Int
  /// Tokens of the largest micro-batch if none is cut.
  var largestBatch: Int
  /// Whether activations are recomputed in any case.
  var recomputes: Bool
  /// Whether only an adapter is trained.
  var isAdapted = false
  /// `micro_batch_tokens` where it was given.
  var microBatchTokens: Int?
}

/// A run's memory, settled: how many tokens are scored at a time, and what that takes.
struct MemoryPlan {
  /// The most tokens of a micro-batch; a single row may exceed it.
  let microBatchTokens: Int
  /// The most that a pass should take, in bytes.
  private let passLimit: Double
  /// Whether some activations are computed twice for want of memory.
  let recomputes: Bool
  /// The most that activations which are kept may take, in bytes.
  let activationLimit: Int
  /// The most that scores which are kept for the way back may take, in bytes.
  let scoreLimit: Int
  /// What the largest pass takes, in bytes.
  let pass: Double
  /// What does not depend on the batch, in bytes.
  let fixed: Double
  /// The machine's memory, in bytes.
  let limit: Double
  private let needs: MemoryNeeds

  /// A run stays below this share of the machine's memory where it can by cutting steps …
  static let comfortableShare = 0.5
  /// … and below this one in any case.
  static let largestShare = 0.9
  /// An adapter is trained to save memory: where cutting steps can do it, a pass takes at most this share of
  /// everything else.
  static let adaptedShare = 0.75
  /// Budgets are multiples of this many tokens.
  static let granularity = 256

  /// Settles how many tokens are scored at a time.
  ///
  /// - Parameter limit: the machine's memory in bytes.
  init(_ needs: MemoryNeeds, limit: Double) {
    (self.needs, self.limit) = (needs, limit)
    fixed = needs.parts.reduce(0) { $0 + $1.bytes }
    let comfortable = min(
      Self.comfortableShare * limit - fixed, needs.isAdapted ? Self.adaptedShare * fixed : .infinity)
    let largest = max(comfortable, Self.largestShare * limit - fixed)
    // A row cannot be cut, and a budget that was given is kept; both may go beyond what is comfortable.
    let least = max(needs.longestRow, min(needs.microBatchTokens ?? 0, needs.largestBatch))
    passLimit = max(comfortable, min(largest, needs.pass(least, needs.recomputes)))
    microBatchTokens = needs.microBatchTokens ?? Self.tokens(within: passLimit, needs)
    let tokens = min(needs.largestBatch, max(microBatchTokens, needs.longestRow))
    let (whole, smallest) = (needs.pass(tokens, needs.recomputes), needs.pass(tokens, true))
    recomputes = !needs.recomputes && whole > passLimit
    activationLimit = recomputes ? Int(max(0, passLimit - smallest)) : .max
    // Scores may take what a pass twice as long would take for activations.
    let room = min(passLimit, needs.pass(2 * needs.busyTokens, needs.recomputes)) - whole
    let scores = needs.scores?(tokens) ?? .infinity
    scoreLimit = scores <= room ? Int(room) : 0
    pass = scores <= room ? whole + scores : whole <= passLimit ? whole : max(passLimit, smallest)
  }

  /// The most tokens whose pass stays within `bytes`, all activations kept.
  private static func tokens(within bytes: Double, _ needs: MemoryNeeds) -> Int {
    var range = 1..<(needs.busyTokens / granularity + 1)
    // The pass grows with its tokens: halve the range until one budget is left.
    while range.count > 1 {
      let middle = range.lowerBound + range.count / 2
      if needs.pass(middle * granularity, needs.recomputes) <= bytes {
        range = middle..<range.upperBound
      } else {
        range = range.lowerBound..<middle
      }
    }
    return range.lowerBound * granularity
  }

  /// Everything together, in bytes.
  var total: Double { fixed + pass }

  /// Whether a step's rows are scored in several passes for want of memory.
  var cuts: Bool { microBatchTokens < needs.largestBatch }

  /// `about 3.9 GB of 24.1 GB: 0.5 GB weights, 0.5 GB gradients, 1.1 GB optimizer, 1.8 GB activations`.
  var description: String {
    let parts = needs.parts.filter { $0.bytes > 0 } + [("activations", pass)]
    return "about \(Numbers.bytes(total)) of \(Numbers.bytes(limit)): "
      + parts.map { "\(Numbers.bytes($0.bytes)) \($0.name)" }.joined(separator: ", ")
  }

  /// How steps are cut, in words.
  var cutting: String {
    let how =
      needs.microBatchTokens == nil
      ? microBatchTokens < needs.busyTokens ? "chosen from the machine's memory" : "as many as pay"
      : "as 'micro_batch_tokens' says"
    var text =
      cuts
      ? "rows are scored up to \(Numbers.count(microBatchTokens)) tokens at a time, \(how)"
      : "each batch is scored at once"
    if needs.recomputes || recomputes { text += "; activations are computed twice to save memory" }
    return text
  }

  /// What to say of a run that cannot fit; `nil` where it can.
  var refusal: String? {
    // A rounding of sums is no reason to refuse.
    guard total > Self.largestShare * limit * (1 + 1e-9) else { return nil }
    var ways: [String] = []
    if needs.microBatchTokens != nil, needs.largestBatch > needs.longestRow {
      ways.append("leave out 'micro_batch_tokens'")
    }
    if needs.longestRow > 256 {
      ways.append("lower 'max_length' (the longest row has \(Numbers.count(needs.longestRow)) tokens)")
    }
    if !needs.isAdapted { ways.append("train an adapter with 'lora'") }
    ways.append("use a smaller model or a machine with more memory")
    return "the run needs \(description); " + ways.joined(separator: ", or ")
  }
}

// The metrics every run has, whatever its loss: rewards, log-probabilities, entropy, accuracy.

import Tensors

extension TokenBatch {
  /// Prompt and completion tokens of all sequences but baselines; a pair counts its prompt twice.
  var sequenceTokenCount: Int {
    completions.indices.filter { !layout.isBaseline[$0] }.reduce(0) {
      $0 + prompts[layout.prompts[$1]].count + completions[$1].count
    }
  }
}

extension MetricSums {
  /// Statistics that are logged where the policy knows them, though no loss may need them.
  static let statistics: Set<TokenStatistic> = [.logProbability, .entropy, .meanScore, .argmaxHit]

  /// Adds a micro-batch's numbers under their logged names.
  ///
  /// Rewards are `rewardScale · (policy − first reference)` of whole completions, whatever the loss makes of them,
  /// each token weighed as ``PreferenceLoss/loggedWeight(in:)`` says.
  mutating func record(_ scored: Scored, of loss: any PreferenceLoss) {
    let sides = Sides(scored.tokens.layout)
    let named = [("chosen", sides.chosen), ("rejected", sides.rejected)]
    let counts = scored.tokens.completions.map { Double($0.count) }
    func add(_ name: String, _ perCompletion: [Double], _ side: [Int], per lengths: [Double]? = nil) {
      let total = side.reduce(0) { $0 + perCompletion[$1] }
      let count = lengths.map { l in side.reduce(0) { $0 + l[$1] } } ?? Double(side.count)
      self.add(name, total: total, count: count)
    }
    if let entropies = scored.policy.sums(of: .entropy) {
      add("entropy", entropies, sides.all, per: counts)
    }
    if let hits = scored.policy.sums(of: .argmaxHit) {
      add("mean_token_accuracy", hits, sides.chosen, per: counts)
    }
    if let scores = scored.policy.sums(of: .meanScore) {
      for (name, side) in named { add("logits/" + name, scores, side, per: counts) }
    }
    let weight = loss.loggedWeight(in: scored.tokens)
    guard let policy = scored.policy.sums(of: .logProbability, weight) else { return }
    for (name, side) in named { add("logps/" + name, policy, side) }
    guard let reference = scored.references.first?.sums(of: .logProbability, weight) else { return }
    let rewards = zip(policy, reference).map { loss.rewardScale * ($0 - $1) }
    for (name, side) in named { add("rewards/" + name, rewards, side) }
    let margins = sides.pairs.map { rewards[$0.chosen] - rewards[$0.rejected] }
    self.add("rewards/margins", margins)
    self.add("rewards/accuracies", margins.map { $0 > 0 ? 1 : 0 })
    self.add("rewards/ties", margins.map { $0 == 0 ? 1 : 0 })
  }

  /// The means under their logged names; where nobody was compared, margins are the difference of mean rewards.
  var logged: [String: Double] {
    var all = means
    if all["rewards/margins"] == nil, let chosen = all["rewards/chosen"],
      let rejected = all["rewards/rejected"]
    {
      all["rewards/margins"] = chosen - rejected
    }
    return all
  }
}

/// Which completions are logged as chosen, which as rejected.
private struct Sides {
  let all: [Int]
  let chosen: [Int]
  let rejected: [Int]
  let pairs: [(chosen: Int, rejected: Int)]

  /// What is worth imitating against everything else; baselines are on neither side.
  init(_ layout: FeedbackLayout) {
    let judged = layout.prompts.indices.filter { !layout.isBaseline[$0] }
    let imitated = Set(layout.chosen)
    (all, chosen, pairs) = (judged, layout.chosen, layout.orderedPairs)
    rejected = judged.filter { !imitated.contains($0) }
  }
}

extension ModelScores {
  /// A statistic's sum over each completion's tokens, `[N]`; `nil` where it was not scored.
  fileprivate func sums(
    of statistic: TokenStatistic, _ weight: ((_ completion: Int, _ position: Int) -> Double)? = nil
  ) -> [Double]? {
    guard statistics.contains(statistic) else { return nil }
    let values = stopGradient(self[statistic])
    guard let weight else { return values.sumOverLastAxis().scalars }
    let (scalars, width) = (values.scalars, values.shape[1])
    return (0..<values.shape[0]).map { completion in
      (0..<width).reduce(0) { $0 + weight(completion, $1) * scalars[completion * width + $1] }
    }
  }
}

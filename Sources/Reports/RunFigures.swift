// The numbers of a run that a reader wants first, in the order they want them.

/// Final figures of one run.
struct RunFigures {
  /// Name and last value of each metric that was logged.
  let rows: [(name: String, value: Double)]

  /// What comes first; everything else follows in alphabetical order.
  private static let order = [
    "loss", "eval_loss", "eval_rewards/accuracies", "eval_rewards/margins", "rewards/accuracies",
    "rewards/margins", "rewards/chosen", "rewards/rejected", "logps/chosen", "logps/rejected", "entropy",
    "mean_token_accuracy", "grad_norm", "learning_rate",
  ]

  init(_ log: RunLog) {
    let known = log.metrics
    let names = Self.order.filter(known.contains) + known.filter { !Self.order.contains($0) }
    rows = names.compactMap { name in log.last(name).map { (name, $0) } }
  }

  /// What the curves of a report show: a title and the metrics drawn together.
  static let charts: [(title: String, metrics: [String])] = [
    ("loss", ["loss", "eval_loss"]),
    ("rewards/margins", ["rewards/margins", "eval_rewards/margins"]),
    ("rewards/accuracies", ["rewards/accuracies", "eval_rewards/accuracies"]),
    ("rewards", ["rewards/chosen", "rewards/rejected"]),
    ("logps", ["logps/chosen", "logps/rejected"]),
    ("entropy", ["entropy"]),
    ("mean_token_accuracy", ["mean_token_accuracy", "eval_mean_token_accuracy"]),
    ("grad_norm", ["grad_norm"]),
    ("learning_rate", ["learning_rate"]),
  ]

  /// Charts for what only some losses log: terms of a sum, a plugin's own metrics.
  static func furtherCharts(_ logs: [RunLog]) -> [(title: String, metrics: [String])] {
    let drawn = Set(charts.flatMap(\.metrics))
    let plain: Set<String> = ["num_tokens", "total_flos"]
    let rest = Set(logs.flatMap(\.metrics)).subtracting(drawn).subtracting(plain)
      .filter { $0.contains("/") && !$0.hasPrefix("eval_") && !$0.hasPrefix("logits/") }
    let terms = rest.filter { $0.hasPrefix("loss/") }.sorted()
    let others = rest.filter { !$0.hasPrefix("loss/") }.sorted()
    return (terms.isEmpty ? [] : [("terms of the loss", terms)]) + others.map { ($0, [$0]) }
  }
}

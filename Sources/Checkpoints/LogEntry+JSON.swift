// Lines of the log as JSON, in the order people read them.

public import PreferenceCore

extension LogEntry {
  /// Names that come first in a line of the log, in this order; all others follow by name.
  static let order = [
    "loss", "eval_loss", "grad_norm", "learning_rate", "epoch", "num_tokens", "entropy",
    "mean_token_accuracy",
  ]

  /// The entry as one line of JSON, `step` first; a number that is not finite is `null`.
  public var line: String {
    let ranks = Dictionary(uniqueKeysWithValues: Self.order.enumerated().map { ($1, $0) })
    let sorted = values.sorted {
      (ranks[$0.key] ?? Int.max, $0.key) < (ranks[$1.key] ?? Int.max, $1.key)
    }
    let members = sorted.map { "\(SettingValue.quoted($0.key)): \(SettingValue.number($0.value).line)" }
    return "{" + (["\"step\": \(step)"] + members).joined(separator: ", ") + "}"
  }

  /// The entry as transformers keeps it in `log_history`.
  var value: SettingValue {
    var members = values.mapValues { SettingValue.number($0) }
    members["step"] = .integer(step)
    return .object(members)
  }
}

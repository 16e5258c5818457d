// How the same objective is asked for in TRL.

import BuiltinLosses
import Configuration
import PreferenceCore

/// Expressions in TRL's words.
enum TRLSpelling {
  /// The keys of `DPOConfig` that ask for `expression`, or why there are none.
  static func text(of expression: Expression) -> String {
    switch expression {
    case .named:
      guard let part = part(expression) else { return "cannot be asked for" }
      return (["loss_type: \"\(part.type)\""] + part.keys.map { "\($0.key): \($0.value)" }).joined(
        separator: ", ")
    case .sum(let terms):
      let parts = terms.compactMap { part($0.component) }
      guard parts.count == terms.count else { return "cannot be asked for" }
      // One beta serves all of TRL's summands.
      var keys: [Key] = []
      for key in parts.flatMap(\.keys) where !keys.contains(key) { keys.append(key) }
      guard Set(keys.map(\.key)).count == keys.count else {
        return "cannot be asked for: TRL has one beta and one label_smoothing for all losses"
      }
      let names = parts.map { "\"\($0.type)\"" }.joined(separator: ", ")
      let weights = terms.map { JSONValue.spelling(of: $0.weight) }.joined(separator: ", ")
      return
        (["loss_type: [\(names)]", "loss_weights: [\(weights)]"] + keys.map { "\($0.key): \($0.value)" })
        .joined(separator: ", ")
    }
  }

  /// One of TRL's keys and what it is set to.
  private struct Key: Equatable {
    let key: String
    let value: String
  }

  private struct Part {
    let type: String
    var keys: [Key]
  }

  private static func part(_ expression: Expression) -> Part? {
    guard case .named(let name, let arguments) = expression, let entry = LossRegistry.builtin.entries[name]
    else { return nil }
    if let divergence = divergence(name, arguments) { return divergence }
    guard let foreign = entry.card.trl else { return nil }
    var keys: [Key] = []
    for field in entry.hyperparameters {
      let value = arguments.first { $0.name == field.name }?.value ?? field.default
      if let key = foreign.keys.first(where: { $0.value == field.name })?.key {
        keys.append(Key(key: key, value: value.description))
      } else if value != field.default {
        return nil
      }
    }
    return Part(type: foreign.name, keys: keys)
  }

  /// Divergences are a knob of `sigmoid` in TRL, and a loss of their own here.
  private static func divergence(_ name: String, _ arguments: [Argument]) -> Part? {
    func given(_ key: String) -> Literal? { arguments.first { $0.name == key }?.value }
    guard name == "f-dpo" else { return nil }
    var keys = [Key(key: "beta", value: given("beta")?.description ?? "0.1")]
    switch given("divergence") {
    case .word("js")?: keys.append(Key(key: "f_divergence_type", value: "\"js_divergence\""))
    case .word("forward_kl")?: keys.append(Key(key: "f_divergence_type", value: "\"forward_kl\""))
    case .word("alpha")?:
      keys.append(Key(key: "f_divergence_type", value: "\"alpha_divergence\""))
      keys.append(Key(key: "f_alpha_divergence_coef", value: given("alpha")?.description ?? "0.5"))
    default: break
    }
    return Part(type: "sigmoid", keys: keys)
  }
}

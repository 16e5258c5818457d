// How the same objective is asked for in TRL.

import Configuration

/// Expressions in TRL's words.
enum TRLSpelling {
  /// The keys of `DPOConfig` that ask for `expression`, or why there are none.
  static func text(of expression: Expression) -> String {
    switch expression {
    case .named:
      guard let part = part(expression) else { return "cannot be asked for" }
      return part.keys.joined(separator: ", ")
    case .sum(let terms):
      let parts = terms.compactMap { part($0.component) }
      guard parts.count == terms.count else { return "cannot be asked for" }
      // One beta serves all of TRL's summands.
      let betas = Set(parts.compactMap(\.beta))
      let smoothings = Set(parts.compactMap(\.smoothing))
      guard betas.count <= 1, smoothings.count <= 1 else {
        return "cannot be asked for: TRL has one beta and one label_smoothing for all losses"
      }
      let names = parts.map { "\"\($0.type)\"" }.joined(separator: ", ")
      let weights = terms.map { JSONValue.spelling(of: $0.weight) }.joined(separator: ", ")
      return
        (["loss_type: [\(names)]", "loss_weights: [\(weights)]"]
        + betas.map { "beta: \($0)" } + smoothings.map { "label_smoothing: \($0)" }).joined(separator: ", ")
    }
  }

  private struct Part {
    let type: String
    var beta: String?
    var smoothing: String?

    var keys: [String] {
      ["loss_type: \"\(type)\""]
        + [beta.map { "beta: \($0)" }, smoothing.map { "label_smoothing: \($0)" }]
        .compactMap { $0 }
    }
  }

  private static func part(_ expression: Expression) -> Part? {
    guard case .named(let name, let arguments) = expression, let type = TRLObjective.name(of: name) else {
      return nil
    }
    var part = Part(type: type)
    for argument in arguments {
      switch (name, argument.name, argument.value) {
      case ("ipo", "tau", let value), (_, "beta", let value): part.beta = value.description
      case ("ipo", "reduction", .word("mean")): continue
      // TRL reads label_smoothing only with some losses, and dpo's is not among them.
      case ("dpo", "label_smoothing", .number(0)): continue
      case ("robust", "label_smoothing", let value), ("exo", "label_smoothing", let value):
        part.smoothing = value.description
      default: return nil
      }
    }
    return part
  }
}

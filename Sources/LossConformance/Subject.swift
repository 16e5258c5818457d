// The loss under examination, with the registry that can build its variations.

import PreferenceCore

/// A configured loss and where it came from.
struct Subject {
  /// The loss itself.
  let loss: any PreferenceLoss
  /// The config string that names it.
  let text: String
  /// The registry that resolves it and its variations.
  let registry: LossRegistry
  /// The fixtures' seeds; three of each kind of batch.
  static let seeds: [UInt64] = [1, 2, 3]

  /// What listings say of hyperparameters that are losses.
  static let slotType = "loss"

  /// The name in the registry; nil for sums.
  var name: String? { loss is WeightedSum ? nil : type(of: loss).card.name }

  /// Ordinary fixtures, one for each seed.
  var fixtures: [Fixture] { Self.seeds.map { Fixture(loss.requirements, seed: $0) } }

  /// The hyperparameters as they stand.
  var arguments: [Argument] {
    func read<Loss: PreferenceLoss>(_ loss: Loss) -> [Argument] {
      Loss.hyperparameters.arguments(of: loss) + loss.openArguments
    }
    return read(loss)
  }

  /// Whether every hyperparameter has its default.
  var isAtDefaults: Bool {
    let defaults = name.flatMap { registry.entries[$0] }?.hyperparameters.map(\.default) ?? []
    return arguments.map(\.value) == defaults
  }

  /// The same loss with one hyperparameter set; nil where the registry refuses.
  func setting(_ name: String, to value: Literal) -> (any PreferenceLoss)? {
    guard let own = self.name else { return nil }
    let changed = arguments.map { $0.name == name ? Argument(name, value) : $0 }
    return try? registry.resolve(Expression.named(own, changed))
  }

  /// The names of hyperparameters that are losses.
  var slots: [(name: String, filling: Expression)] {
    let fields = name.flatMap { registry.entries[$0] }?.hyperparameters ?? []
    let names = fields.filter { $0.type == Self.slotType }.map(\.name)
    return arguments.compactMap { argument in
      guard let name = argument.name, names.contains(name) else { return nil }
      switch argument.value {
      case .word(let inner): return (name, .named(inner, []))
      case .component(let filling): return (name, filling)
      default: return nil
      }
    }
  }
}

// Names to optimizers: what `optim: "adamw(weight_decay=0.1)"` in a run file becomes.

public import Configuration

/// Every optimizer that config strings can name.
public struct OptimizerRegistry: Sendable {
  private var components = ComponentRegistry<any Optimizer>(kind: "optimizer")

  /// transformers' names for the same rules.
  private static let aliases = ["adamw_torch": "adamw", "adamw_torch_fused": "adamw", "adamw_hf": "adamw"]

  /// `adamw` and `sgd`.
  public init() throws(RegistryError) {
    try register(AdamW.self)
    try register(SGD.self)
  }

  /// Makes an optimizer nameable.
  public mutating func register<Rule: Optimizer>(_ type: Rule.Type) throws(RegistryError) {
    try components.register(type, from: "this program", as: { $0 })
  }

  /// What can be named, for listings.
  public var entries: [String: ComponentRegistry<any Optimizer>.Entry] { components.entries }

  /// The optimizer that `text` names; transformers' `adamw_torch` is `adamw`.
  public func resolve(_ text: String) throws(ConfigurationError) -> any Optimizer {
    try components.resolve(Self.aliases[text] ?? text)
  }
}

// Losses that learn from rewards by advantages: what this module brings.

import PreferenceCore

/// Brings `apa` and `awr`.
public enum AdvantagePlugin: LossPlugin {
  public static let name = "advantage"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(APA.self)
    try registry.register(AWR.self)
  }
}

// TokenLevel: what this module brings.

import PreferenceCore

/// Brings losses and wrappers that look at single tokens.
public enum TokenLevelPlugin: LossPlugin {
  public static let name = "tokenlevel"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(BMC.self)
    try registry.register(TDPO.self)
    try registry.register(Temporal.self)
    try registry.register(WPO.self)
  }
}

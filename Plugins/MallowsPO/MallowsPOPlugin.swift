// MallowsPO: what this module brings.

import PreferenceCore

/// Brings `mallows`, `mallows-phi` and `mallows-theta`.
public enum MallowsPOPlugin: LossPlugin {
  public static let name = "mallowspo"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(Mallows.self)
    try registry.register(MallowsTheta.self)
    try registry.register(MallowsPhi.self)
  }
}

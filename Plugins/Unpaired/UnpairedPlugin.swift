// Losses that judge each response by itself: what this module brings.

import PreferenceCore

/// Brings `bco`, `kto` and `nca`.
public enum UnpairedPlugin: LossPlugin {
  public static let name = "unpaired"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(BCO.self)
    try registry.register(KTO.self)
    try registry.register(NCA.self)
  }
}

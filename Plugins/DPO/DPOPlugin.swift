// The logistic family: what this module brings.

import PreferenceCore

/// Brings `dpo`, `hinge` and `robust`.
public enum DPOPlugin: LossPlugin {
  public static let name = "dpo"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(DPO.self)
    try registry.register(RobustDPO.self)
    try registry.register(HingeDPO.self)
  }
}

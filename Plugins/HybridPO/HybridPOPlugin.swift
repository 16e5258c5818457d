// HybridPO: what this module brings.

import PreferenceCore

/// Brings `auxiliary-reward`, `hpo` and `sft`.
public enum HybridPOPlugin: LossPlugin {
  public static let name = "hybridpo"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(AuxiliaryReward.self)
    try registry.register(HybridLoss.self)
    try registry.register(SupervisedLoss.self)
  }
}

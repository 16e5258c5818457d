// LengthBias: what this module brings.

import PreferenceCore

/// Brings losses and wrappers that keep length from passing for quality.
public enum LengthBiasPlugin: LossPlugin {
  public static let name = "lengthbias"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(AlphaPO.self)
    try registry.register(CPO.self)
    try registry.register(LengthDesensitized.self)
    try registry.register(ORPO.self)
    try registry.register(RegularizedDPO.self)
    try registry.register(SamPO.self)
    try registry.register(SimPO.self)
  }
}

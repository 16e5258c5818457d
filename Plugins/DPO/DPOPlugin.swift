// The logistic family: what this module brings.

import PreferenceCore

/// Brings DPO, its variants on the margin, and losses of the two log-ratios.
public enum DPOPlugin: LossPlugin {
  public static let name = "dpo"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(AOT.self)
    try registry.register(AOTUnpaired.self)
    try registry.register(APODown.self)
    try registry.register(APOZero.self)
    try registry.register(BetaDPO.self)
    try registry.register(CauchyDPO.self)
    try registry.register(DPO.self)
    try registry.register(DPOPositive.self)
    try registry.register(DiscoPOP.self)
    try registry.register(EXO.self)
    try registry.register(FDPO.self)
    try registry.register(FDivergence.self)
    try registry.register(HingeDPO.self)
    try registry.register(LengthNormalizedDPO.self)
    try registry.register(MinorDPO.self)
    try registry.register(OffsetDPO.self)
    try registry.register(RobustDPO.self)
    try registry.register(SPPO.self)
  }
}

// How a plugin library introduces itself, and the sizes that both sides must agree on.

@_exported public import CPluginHandshake
public import PreferenceCore

extension prefer_plugin_handshake {
  /// What a library says that brings the losses of `plugin`; `version` is the library's own.
  ///
  ///     @c(prefer_plugin_handshake_v1)
  ///     public func handshake() -> prefer_plugin_handshake { .current(for: AcmePlugin.self, version: "1.0.0") }
  @_alwaysEmitIntoClient
  public static func current<Plugin: LossPlugin>(
    for plugin: Plugin.Type, version: String
  ) -> prefer_plugin_handshake {
    prefer_plugin_handshake(
      magic: prefer_plugin_magic(), abi: prefer_plugin_abi(), toolchain: prefer_toolchain(),
      core: prefer_core_version(), name: prefer_keep(plugin.name), version: prefer_keep(version),
      layout: coreLayout(), probe: unsafeBitCast(plugin as Any.Type, to: UnsafeRawPointer.self))
  }
}

/// The sizes of the core's public values as whoever calls was compiled to see them, drawn together to one number.
@_alwaysEmitIntoClient
public func coreLayout() -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  let sizes = [
    MemoryLayout<Tensor>.size, MemoryLayout<ScoredBatch>.size, MemoryLayout<ScoredPairs>.size,
    MemoryLayout<ScoredLabels>.size, MemoryLayout<ModelScores>.size, MemoryLayout<FeedbackLayout>.size,
    MemoryLayout<TokenStatistic>.size, MemoryLayout<Requirements>.size, MemoryLayout<LossTerm>.size,
    MemoryLayout<LossTerms>.size, MemoryLayout<LossContext>.size, MemoryLayout<LossState>.size,
    MemoryLayout<MetricRecorder>.size, MemoryLayout<LossRegistry>.size, MemoryLayout<LossSlot>.size,
    MemoryLayout<LossCard>.size, MemoryLayout<Expression>.size, MemoryLayout<Literal>.size,
    MemoryLayout<Argument>.size, MemoryLayout<Field<WeightedSum>>.size,
    MemoryLayout<Schema<WeightedSum>>.size, MemoryLayout<Constraint<Double>>.size,
    MemoryLayout<HyperparameterError>.size, MemoryLayout<WeightedSum>.size, MemoryLayout<LossGenerator>.size,
  ]
  for size in sizes { hash = (hash ^ UInt64(truncatingIfNeeded: size)) &* 0x100_0000_01B3 }
  return hash
}

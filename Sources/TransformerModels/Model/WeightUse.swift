// What a model's weights are for, which settles how they are kept.

/// What a model's weights are for.
public enum WeightUse: Sendable, CaseIterable {
  /// An optimizer moves them: they are kept in single precision, and have gradients.
  case trained
  /// They follow others now and then: they are kept in single precision, without gradients.
  case following
  /// They stay, and gradients go through them to what is trained beside them.
  case adapted
  /// They stay, and only score and generate.
  case scoring

  /// Whether single-precision values are kept, which products in single precision need in any case.
  func keepsValues(_ computeType: ComputeType) -> Bool {
    computeType != .bfloat16 || self == .trained || self == .following
  }

  /// Whether they stay as they are.
  var isFrozen: Bool { self == .adapted || self == .scoring }

  /// Whether gradients by what the weights multiply are ever asked for.
  var pullsBack: Bool { self == .trained || self == .adapted }
}

// `prefer_state.json`: what a checkpoint holds besides tensors, and what it must be compared with.

public import PreferenceCore

/// The part of a checkpoint that is not tensors.
public struct SavedState: Sendable, Codable, Equatable {
  /// The layout of this file that this version reads and writes.
  public static let currentFormat = 1
  /// The layout of this file; another number is another layout.
  public var format = SavedState.currentFormat
  /// The run that was saved.
  public var description: RunDescription
  /// Where it stood.
  public var trainer: TrainerState
  /// The fingerprint of the trained weights, so that a damaged file is noticed.
  public var policyFingerprint: String
  /// Fingerprints of references with weights of their own; `nil` for others.
  public var referenceFingerprints: [String?]

  /// Joins the parts.
  public init(
    description: RunDescription, trainer: TrainerState, policyFingerprint: String,
    referenceFingerprints: [String?]
  ) {
    (self.description, self.trainer) = (description, trainer)
    (self.policyFingerprint, self.referenceFingerprints) = (policyFingerprint, referenceFingerprints)
  }
}

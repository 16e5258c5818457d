// A loss that couples the items of a batch, for tests of whoever cuts batches up.

public import PreferenceCore

/// The squared distance of each margin from the batch's mean: 0 for a pair alone.
public struct BatchMeanLoss: MarginLoss {
  /// What it is.
  public static let card = LossCard(
    "batch-mean", "Spread of margins.", formula: "(h − h̄)²", source: "these tests")
  /// None.
  public static let hyperparameters: Schema<Self> = []

  /// The only one there is.
  public init() {}

  /// Pairs, and all of them together.
  public var requirements: Requirements {
    var needs = Requirements(.pairwise)
    needs.couplesItems = true
    return needs
  }

  /// `[P]` in, `[P]` out, in nats squared.
  public func loss(margin: Tensor) -> Tensor { square(margin - margin.mean()) }
}

// What one model says of a batch: its statistics, token by token.

public import Tensors

/// The statistics one model assigned to a batch, each `[N, T]`.
public struct ModelScores: Sendable {
  private let values: [TokenStatistic: Tensor]
  /// Tells these scores from others; copies are the same scores.
  let identity = Identity()
  /// The largest entropy a next-token distribution of this model can have, `log V`, in nats.
  public let maximumEntropy: Double

  /// A token whose address is all it has.
  final class Identity: Sendable {}

  /// Joins statistics of shape `[N, T]` with the largest possible entropy in nats.
  public init(_ values: [TokenStatistic: Tensor], maximumEntropy: Double) {
    (self.values, self.maximumEntropy) = (values, maximumEntropy)
  }

  /// One statistic of every token, `[N, T]`.
  ///
  /// - Precondition: the loss declared `statistic` in its requirements.
  public subscript(statistic: TokenStatistic) -> Tensor {
    guard let value = values[statistic] else {
      preconditionFailure("'\(statistic)' was not scored: add it to the loss's requirements")
    }
    return value
  }

  /// What was scored, by name.
  public var statistics: [TokenStatistic] { values.keys.sorted { $0.name < $1.name } }

  /// The format of the statistics, the widest where they differ; double precision where there are none.
  public var scalarType: ScalarType {
    values.values.contains { $0.scalarType == .float64 } || values.isEmpty ? .float64 : .float32
  }

  /// These scores with every statistic transformed.
  public func mapValues(_ transform: (Tensor) -> Tensor) -> ModelScores {
    ModelScores(values.mapValues(transform), maximumEntropy: maximumEntropy)
  }
}

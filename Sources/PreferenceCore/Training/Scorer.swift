// The seam between the loop and models: whoever can score completions can take part.

public import Optimizers
public import Tensors

/// Why a model could not score a batch.
public struct ScoringError: Error, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// Anything that assigns statistics to completion tokens: a language model, the same model
/// without its adapters, a column of precomputed log-probabilities, a denoiser.
public protocol Scorer: AnyObject {
  /// The statistics this scorer knows.
  var statistics: Set<TokenStatistic> { get }
  /// Scores every completion; statistics come back as `[N, T]`, zero at padding.
  func score(_ batch: TokenBatch, _ wanted: Set<TokenStatistic>) throws(ScoringError) -> ModelScores
}

/// A scorer whose parameters can be trained.
public protocol Policy: Scorer {
  /// The trainable weights, updated in place by the optimizer.
  var parameters: Parameters { get }

  /// Told after every change to `parameters`, so that whatever was derived from them is made anew.
  func parametersChanged()

  /// Told that a step of training begins, counted from 1: until ``stepEnds()``, scores may be random (dropout), as a
  /// function of the step and of the rows' identities.
  func stepBegins(_ step: Int)

  /// Told that the step is over.
  func stepEnds()

  /// Scores `batch`, asks `cotangents` for `∂objective/∂statistic` (`[N, T]` each), and adds
  /// the resulting parameter gradients to `gradients`.
  ///
  /// How activations are kept or recomputed in between is the policy's own business. Statistics
  /// that are missing from the answer have no gradient.
  func accumulateGradients(
    into gradients: inout GradientAccumulator, scoring batch: TokenBatch, _ wanted: Set<TokenStatistic>,
    cotangents: (ModelScores) -> [TokenStatistic: Tensor]
  ) throws(ScoringError)
}

extension Policy {
  /// Nothing is random.
  public func stepBegins(_ step: Int) {}

  /// Nothing was random.
  public func stepEnds() {}
}

/// A reference whose weights can follow the policy's (TR-DPO's moving reference).
public protocol RefreshableScorer: Scorer {
  /// Equal for equal weights, whether or not they are among ``parameters``.
  var fingerprint: UInt64 { get }
  /// Its own weights, under the policy's names.
  var parameters: Parameters { get }
  /// Told after its weights were changed.
  func parametersChanged()
}

/// A scorer that can say how far its next-token distributions are from a reference's.
public protocol DivergenceScorer: Scorer {
  /// Compares with `reference` from now on, so that ``TokenStatistic/divergence`` is one of the statistics.
  ///
  /// Where each pass finds out what the reference says, too, ``TokenStatistic/reference(_:)`` of that are among them;
  /// the reference is then not asked itself.
  /// - Returns: whether the two can be compared.
  func measureDivergence(from reference: any Scorer) -> Bool
}

extension RefreshableScorer {
  /// The fingerprint of all parameters.
  public var fingerprint: UInt64 { parameters.fingerprint }
}

extension Scorer {
  /// Scores `batch` as a reference: not at all where nothing is wanted.
  func scoreAsReference(
    _ batch: TokenBatch, _ wanted: Set<TokenStatistic>
  ) throws(ScoringError) -> ModelScores {
    wanted.isEmpty ? ModelScores([:], maximumEntropy: 0) : try score(batch, wanted)
  }
}

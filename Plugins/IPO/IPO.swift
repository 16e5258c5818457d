// IPO: the margin is drawn to a fixed target by a squared distance.

import PreferenceCore

/// Identity Preference Optimisation: a squared distance of the margin from its target.
public struct IPO: MarginLoss {
  public static let card = LossCard(
    "ipo", "Identity Preference Optimisation.", formula: "(h − 1/(2τ))²", source: "Azar et al., 2023, arXiv:2310.12036, Eq. 17")
  public static let hyperparameters: Schema<Self> = [
    Field("tau", \.tau, .positive, "Regularisation strength τ; the margin is drawn to 1/(2τ) nats.")
  ]
  public var tau = 0.1
  public init() {}
  public func loss(margin: Tensor) -> Tensor { square(margin - 1 / (2 * tau)) }
}

/// Brings `ipo`.
public enum IPOPlugin: LossPlugin {
  public static let name = "ipo"
  public static func register(in registry: inout LossRegistry) throws(RegistryError) { try registry.register(IPO.self) }
}

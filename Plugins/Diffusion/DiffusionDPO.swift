// Diffusion-DPO: DPO for denoisers, whose likelihood is how well they take noise away.

import PreferenceCore

/// DPO with denoising errors in the place of log-likelihoods.
///
/// A denoiser is a one-token language model: what it scores is `−½ e`, `e = ‖ε − ε_θ(x_t, t)‖²` (mean over the
/// coordinates), for a time `t` and a noise `ε` that both sides of a pair and the reference share. With
/// `h = −½ [(e_w − e_w^ref) − (e_l − e_l^ref)]`,
///
///     ℓ(h) = −log σ(βh)
///
/// `ℓ(0) = log 2`, where policy and reference denoise alike; swapping the sides turns the sign of `h`.
///
/// - Shapes: margins `h` and losses `ℓ` are `[P]`, one scalar for each pair.
/// - Source: Wallace et al., 2023, arXiv:2311.12908; the constants are the authors' code's.
public struct DiffusionDPO: MarginLoss {
  public static let card = LossCard(
    "diffusion-dpo", "DPO for denoisers: the better image's noise is to be taken away better.",
    formula: "−log σ(βh), h = −½ [(e_w − e_w^ref) − (e_l − e_l^ref)]",
    source: "Wallace et al., 2023, arXiv:2311.12908",
    departures: [
      "beta is the authors' code's: it takes in the paper's number of steps T and weight ω, and belongs to errors "
        + "averaged over coordinates, not summed",
      "all times weigh alike, as in the code",
    ])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "How firmly the reference holds the policy, for mean squared errors.")
  ]

  public var beta = 5000.0
  public init() {}

  public var rewardScale: Double { beta }
  public var startingValue: Double? { Elementary.log(2) }

  public func loss(margin: Tensor) -> Tensor { -logSigmoid(beta * margin) }
}

/// Brings `diffusion-dpo`.
public enum DiffusionPlugin: LossPlugin {
  public static let name = "diffusion"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(DiffusionDPO.self)
  }
}

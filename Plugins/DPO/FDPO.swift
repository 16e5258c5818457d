// f-DPO: DPO whose policy is held near the reference by another divergence than the reverse Kullback–Leibler's.

import PreferenceCore

/// DPO under an f-divergence `D_f(π_θ ‖ π_ref)`.
///
/// The implicit reward is `β f′(u)` with `u = π_θ/π_ref`, instead of `β log u`, up to constants that cancel in pairs:
///
///     ℓ = −log σ(β [f′(u_w) − f′(u_l)])
///     reverse_kl: log u · forward_kl: 1 − 1/u · js: log 2 + log σ(log u) · alpha: (u^(α−1) − 1)/(α − 1)
///
/// `reverse_kl` is DPO, and `α → 1` tends to it. `js` cannot reward a side by more than `log 2`, and `forward_kl`
/// by more than 1, so that growing likely beyond the reference soon stops to pay. `ℓ(start) = log 2`.
///
/// - Shapes: log-ratios and losses are `[P]`; log-ratios in nats.
/// - Source: Wang et al., 2023, arXiv:2309.16240, Table 1.
public struct FDPO: PairwiseLoss {
  /// The divergence that holds the policy.
  public enum Divergence: String, CaseIterable, HyperparameterValue {
    /// `KL(π_θ ‖ π_ref)`, which is DPO's.
    case reverse = "reverse_kl"
    /// `KL(π_ref ‖ π_θ)`.
    case forward = "forward_kl"
    /// Jensen and Shannon's.
    case jensenShannon = "js"
    /// The α-divergence.
    case alpha
  }

  public static let card = LossCard(
    "f-dpo", "DPO under another divergence: forward KL, Jensen–Shannon, α.",
    formula: "−log σ(β[f′(u_w) − f′(u_l)]), f′(u) = log u, 1 − 1/u, log σ(log u) or (u^(α−1) − 1)/(α − 1)",
    source: "Wang et al., 2023, arXiv:2309.16240, Table 1",
    departures: [
      "powers of u are taken of log-ratios of at most 80 nats in the growing direction, beyond which they are flat",
      "the table's number is from memory",
    ], twins: ["dpo"])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy."),
    Field("divergence", \.divergence, "The divergence f that holds it."),
    Field("alpha", \.alpha, .positive, "The order α of the α-divergence; 1 is its limit, DPO."),
  ]

  public var beta = 0.1
  public var divergence = Divergence.reverse
  public var alpha = 0.5
  public init() {}

  public func validate() throws(HyperparameterError) {
    if divergence != .alpha, alpha != Self().alpha {
      throw HyperparameterError("alpha", "has no effect unless 'divergence' is alpha; leave it out")
    }
  }

  public var rewardScale: Double { beta }
  public var startingValue: Double? { Elementary.log(2) }

  public func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    let (chosen, rejected) = (pairs.chosenLogRatio, pairs.rejectedLogRatio)
    let margin = pairs.shifted(divergence.bent(chosen, alpha) - divergence.bent(rejected, alpha))
    return -logSigmoid(beta * margin)
  }
}

extension FDPO.Divergence {
  /// `f′(u)`, 0 at the reference, of log-ratios in nats. Any shape in and out.
  func bent(_ logRatio: Tensor, _ alpha: Double) -> Tensor {
    // e^80 is still finite in single precision.
    let largest = 80.0
    switch self {
    case .reverse: return logRatio
    case .forward: return 1 - exp(minimum(-logRatio, largest))
    case .jensenShannon: return Elementary.log(2) + logSigmoid(logRatio)
    case .alpha where abs(alpha - 1) < 1e-6: return logRatio
    case .alpha: return (exp(minimum((alpha - 1) * logRatio, largest)) - 1) * (1 / (alpha - 1))
    }
  }
}

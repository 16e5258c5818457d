// Plackett–Luce: DPO for rankings of any length.

import PreferenceCore

/// The likelihood of a whole ranking under implicit rewards.
///
/// With `u_k = β log π_θ/π_ref` of the response in place `k` of `K`, best first,
///
///     ℓ = Σ_{k<K} [log Σ_{j≥k} e^{u_j} − u_k]
///
/// Each place is a choice among the responses that are left. `K = 2` is DPO; the same constant on every
/// `u` changes nothing; `ℓ = log K!` at the start. Rankings of one response teach nothing.
///
/// - Shapes: one value for each prompt, `[G]`.
/// - Source: Rafailov et al., 2023, arXiv:2305.18290, Appendix A.3.
public struct PlackettLuce: PreferenceLoss {
  public static let card = LossCard(
    "plackett-luce", "The likelihood of a ranking of any number of responses.",
    formula: "Σ_{k<K} [log Σ_{j≥k} exp(β h_j) − β h_k]",
    source: "Rafailov et al., 2023, arXiv:2305.18290, Appendix A.3",
    departures: ["the appendix's number is from memory"])

  public static let hyperparameters: Schema<Self> = [
    Field("beta", \.beta, .positive, "Inverse temperature β: how firmly the reference holds the policy.")
  ]

  public var beta = 0.1
  public init() {}

  public var requirements: Requirements { Requirements(.ranked) }
  public var rewardScale: Double { beta }

  public func evaluate(_ batch: ScoredBatch, _ context: inout LossContext) -> LossTerms {
    let rankings = batch.layout.rankings
    let rewards = beta * batch.logRatio
    // Rankings of one length are worked on together, then put back in the order of the batch.
    var (parts, order): ([Tensor], [Int]) = ([], [])
    for length in Set(rankings.map(\.count)).sorted() {
      let places = rankings.indices.filter { rankings[$0].count == length }
      parts.append(loss(of: places.map { rankings[$0] }, rewards))
      order += places
    }
    var losses = Tensor.concatenated(parts)
    if parts.count > 1 { losses = losses.rows(order.indices.sorted { order[$0] < order[$1] }) }
    return LossTerms("plackett-luce", losses, per: .prompt)
  }

  /// The losses of rankings that are equally long. `rewards`: `[N]`.
  private func loss(of rankings: [[Int]], _ rewards: Tensor) -> Tensor {
    let length = rankings.first?.count ?? 0
    var loss = Tensor.zeros([rankings.count])
    for place in 0..<max(0, length - 1) {
      let left = rewards.rows(rankings.flatMap { $0[place...] }).reshaped([rankings.count, length - place])
      loss = loss + (logSumExp(left, axis: 1) - left.columns([0]).reshaped([rankings.count]))
    }
    return loss
  }
}

/// Brings `plackett-luce`.
public enum ListwisePlugin: LossPlugin {
  public static let name = "listwise"

  public static func register(in registry: inout LossRegistry) throws(RegistryError) {
    try registry.register(PlackettLuce.self)
  }
}

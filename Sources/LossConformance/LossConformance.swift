// The laws every loss must obey, checked on small synthetic batches.

import Configuration
public import PreferenceCore
import Tensors

public struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
  public let loss: String
  public let violations: [String]
  public var description: String { "'\(loss)' breaks \(violations.count) law(s):\n" + violations.map { "  - " + $0 }.joined(separator: "\n") }
}

public enum LossConformance {
  /// Checks a loss type at its published defaults.
  public static func verify<Loss: PreferenceLoss>(_ type: Loss.Type) throws(ConformanceFailure) { try verify(Loss()) }

  /// Checks one configured loss.
  public static func verify(_ loss: any PreferenceLoss) throws(ConformanceFailure) {
    var violations: [String] = []
    for seed in [1, 2, 3] as [UInt64] {
      let fixture = Fixture(loss.requirements, seed: seed)
      violations += gradientMatchesDifferences(loss, fixture)
      violations += paddingIsIgnored(loss, fixture)
      violations += evaluationIsDeterministic(loss, fixture)
    }
    if !violations.isEmpty { throw ConformanceFailure(loss: type(of: loss).card.name, violations: violations) }
  }

  /// Checks that two config strings mean the same objective, on every fixture.
  public static func verify(_ text: String, equals other: String, in registry: LossRegistry) throws {
    let (a, b) = (try registry.resolve(text), try registry.resolve(other))
    for seed in [1, 2, 3] as [UInt64] {
      let fixture = Fixture(a.requirements.union(b.requirements), seed: seed)
      let batch = fixture.batch(fixture.policy[.logProbability])
      let (x, y) = (value(a, batch).item, value(b, batch).item)
      guard abs(x - y) <= 1e-12 * max(1, abs(x)) else {
        throw ConformanceFailure(loss: text, violations: ["\(x) here, \(y) for '\(other)' (seed \(seed))"])
      }
    }
  }

  static func value(_ loss: any PreferenceLoss, _ batch: ScoredBatch) -> Tensor {
    var context = LossContext(step: 7, seed: 11)
    return loss.evaluate(batch, &context).objective(batch.counts)
  }

  static func gradientMatchesDifferences(_ loss: any PreferenceLoss, _ fixture: Fixture) -> [String] {
    let x = fixture.policy[.logProbability].tracked()
    let log = StopGradientLog()
    let objective = log.recording { value(loss, fixture.batch(x)) }
    let analytic = gradients(of: objective, at: [x])[0].scalars
    var worst = 0.0, at = 0
    let origin = stopGradient(x).scalars
    for i in origin.indices {
      let step = 1e-5
      func nudged(_ d: Double) -> Double {
        var s = origin; s[i] += d
        return log.replaying { value(loss, fixture.batch(Tensor(s, shape: x.shape))) }.item
      }
      let numeric = (nudged(step) - nudged(-step)) / (2 * step)
      let error = abs(numeric - analytic[i]) / max(1, abs(numeric))
      if error > worst { (worst, at) = (error, i) }
    }
    return worst < 1e-7 ? [] : ["gradient differs from central differences by \(worst) at token \(at) (seed \(fixture.seed))"]
  }
  static func paddingIsIgnored(_ loss: any PreferenceLoss, _ fixture: Fixture) -> [String] {
    let clean = value(loss, fixture.batch(fixture.policy[.logProbability])).item
    let dirty = fixture.policy[.logProbability].scalars.indices.map { i in
      fixture.mask.scalars[i] == 0 ? -1e3 : fixture.policy[.logProbability].scalars[i]
    }
    let other = value(loss, fixture.batch(Tensor(dirty, shape: fixture.mask.shape))).item
    return clean == other ? [] : ["padding changes the value from \(clean) to \(other) (seed \(fixture.seed))"]
  }
  static func evaluationIsDeterministic(_ loss: any PreferenceLoss, _ fixture: Fixture) -> [String] {
    let b = fixture.batch(fixture.policy[.logProbability])
    return value(loss, b).item == value(loss, b).item ? [] : ["two evaluations with one seed differ"]
  }
}

struct Fixture {
  let seed: UInt64, mask: Tensor, policy: ModelScores, references: [ModelScores], tokens: [[Int32]], layout: FeedbackLayout, annotations: [String: Tensor]
  init(_ needs: Requirements, seed: UInt64) {
    self.seed = seed
    var g = SystemishGenerator(state: seed)
    let (pairs, width) = (3, 5), n = 2 * pairs
    let lengths = (0..<n).map { _ in Int.random(in: 1...width, using: &g) }
    mask = Tensor((0..<n).flatMap { r in (0..<width).map { $0 < lengths[r] ? 1.0 : 0.0 } }, shape: [n, width])
    func scores(_ s: Set<TokenStatistic>) -> ModelScores {
      ModelScores(Dictionary(uniqueKeysWithValues: s.map { stat in
        (stat, Tensor((0..<(n * width)).map { _ in stat == .entropy ? Double.random(in: 0.1...0.9, using: &g) : Double.random(in: -6...(-0.1), using: &g) }, shape: [n, width]))
      }), maximumEntropy: 3.9)
    }
    policy = scores(needs.policyStatistics)
    references = (0..<max(needs.references.lowerBound, 1)).map { _ in scores(needs.referenceStatistics) }
    let all = 0..<n
    switch needs.feedback {
    case .pairwise: layout = .pairs(pairs)
    case .ranked: layout = FeedbackLayout(prompts: all.map { $0 / 3 }, ranks: all.map { $0 % 3 }, isDesirable: all.map { _ in true })
    case .unpaired: layout = FeedbackLayout(prompts: Array(all), ranks: all.map { _ in 0 }, isDesirable: all.map { $0 % 2 == 0 }, isBaseline: all.map { needs.needsBaselines && $0 >= n - 2 })
    }
    annotations = Dictionary(uniqueKeysWithValues: needs.annotations.map { ($0, Tensor(all.map { _ in Double.random(in: -1...1, using: &g) })) })
    tokens = (0..<n).map { _ in (0..<width).map { _ in Int32.random(in: 0..<50, using: &g) } }
  }
  func batch(_ logProbability: Tensor) -> ScoredBatch {
    var columns: [TokenStatistic: Tensor] = [:]
    for s in policy.statistics { columns[s] = policy[s] }
    columns[.logProbability] = logProbability
    return ScoredBatch(layout: layout, tokens: tokens, mask: mask, policy: ModelScores(columns, maximumEntropy: 3.9), references: references, annotations: annotations)
  }
}
struct SystemishGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 { state = state &* 6364136223846793005 &+ 1442695040888963407; return state ^ (state >> 31) }
}

// What a step adds up while its micro-batches pass: objective, terms, metrics, and what went wrong.

import Optimizers
import Tensors

/// The sums of one step. Counts are known before anything is scored, so averages are exact however the step is cut.
struct StepTally {
  /// The step being done, counted from 1.
  let step: Int
  private let learningRate: Double
  private let totals: [Unit: Int]
  private let sampleCount: Int
  private let tokenCount: Int
  private var terms: [String: Double] = [:]
  private var loss = 0.0
  private var sums = MetricSums()
  private var scored: [Scored] = []
  private var failure: (term: String, at: Scored)?
  /// The largest distance between the policy's and the first reference's log-probability of a token, in nats.
  private(set) var largestReferenceGap = 0.0
  private var gapRow = 0

  init(_ microBatches: [TokenBatch], step: Int, learningRate: Double) {
    (self.step, self.learningRate) = (step, learningRate)
    totals = microBatches.totals
    sampleCount = totals[.prompt] ?? 0
    tokenCount = microBatches.reduce(0) { $0 + $1.sequenceTokenCount }
  }

  /// Adds one micro-batch and returns `∂objective/∂statistic`, `[N, T]` each, for what the loss declared.
  mutating func differentiate(
    _ loss: any PreferenceLoss, at scored: Scored, _ context: inout LossContext
  ) -> [TokenStatistic: Tensor] {
    self.scored.append(scored)
    notice(scored)
    let declared = scored.policy.statistics.filter(loss.requirements.policyStatistics.contains)
    let leaves = declared.map { scored.policy[$0].tracked() }
    let graph = ModelScores(
      Dictionary(uniqueKeysWithValues: zip(declared, leaves)), maximumEntropy: scored.policy.maximumEntropy)
    let evaluated = add(loss, at: scored, policy: graph, &context)
    guard failure == nil else { return [:] }
    let cotangents = Tensors.gradients(of: evaluated.objective(totals), at: leaves)
    return Dictionary(uniqueKeysWithValues: zip(declared, cotangents))
  }

  /// Adds one micro-batch that nobody learns from.
  mutating func evaluate(_ loss: any PreferenceLoss, at scored: Scored, _ context: inout LossContext) {
    _ = add(loss, at: scored, policy: scored.policy, &context)
  }

  private mutating func add(
    _ loss: any PreferenceLoss, at scored: Scored, policy: ModelScores, _ context: inout LossContext
  ) -> LossTerms {
    sums.record(scored, of: loss)
    let batch = ScoredBatch(scored.tokens, policy: policy, references: scored.references)
    let evaluated = loss.evaluate(batch, &context)
    // A loss may be finite where its scores are not: a pair won by an infinite margin costs nothing.
    let isSound =
      !policy.statistics.contains(.logProbability)
      || stopGradient(batch.sequenceLogProbability(policy)).scalars.allSatisfy(\.isFinite)
    for (name, value) in evaluated.contributions(totals) {
      terms[name, default: 0] += value
      self.loss += value
      if !(value.isFinite && isSound), failure == nil { failure = (name, scored) }
    }
    sums.add(context.metrics.sums)
    context.metrics = MetricRecorder()
    return evaluated
  }

  /// Remembers how far policy and reference are apart.
  private mutating func notice(_ scored: Scored) {
    guard let reference = scored.references.first, reference.statistics.contains(.logProbability),
      scored.policy.statistics.contains(.logProbability)
    else { return }
    let tokens = scored.tokens
    let width = tokens.width
    let gaps = (scored.policy[.logProbability] - reference[.logProbability]).scalars
    for (place, gap) in gaps.enumerated() where abs(gap) > largestReferenceGap {
      largestReferenceGap = abs(gap)
      gapRow = tokens.rows[tokens.layout.prompts[place / width]]
    }
  }

  /// The finished step.
  func report(gradientNorm: Double, seconds: Double) -> StepReport {
    StepReport(
      step: step, loss: loss, terms: terms, gradientNorm: gradientNorm, learningRate: learningRate,
      sampleCount: sampleCount, tokenCount: tokenCount, sums: sums, seconds: seconds)
  }

  /// The means so far under their logged names.
  var means: [String: Double] {
    var all = sums.logged
    if terms.count > 1 { for (name, value) in terms { all["loss/" + name] = value } }
    all["loss"] = loss
    return all
  }

  /// What to say of a loss that is not finite; `nil` where all is well.
  var notFinite: NonFiniteReport? {
    failure.map { term, scored in Self.report(of: term, [], step, learningRate, [scored]) }
  }

  /// What to say of a gradient that is not finite.
  func report(of term: String, in parameters: [ParameterName]) -> NonFiniteReport {
    Self.report(of: term, parameters.map(\.description), step, learningRate, scored)
  }

  private static func report(
    of term: String, _ parameters: [String], _ step: Int, _ learningRate: Double, _ scored: [Scored]
  ) -> NonFiniteReport {
    var report = NonFiniteReport(
      step: step, term: term, parameters: parameters, learningRate: learningRate, completions: [])
    for part in scored { report.add(part.tokens, policy: part.policy, references: part.references) }
    return report
  }

  /// What to say when policy and reference are the same weights and still disagree.
  var selfCheckWarning: String {
    "policy and reference are the same weights, but their log-probabilities differ by up to "
      + "\(largestReferenceGap) nats (row \(gapRow)); rewards should be exactly 0 before the first update: "
      + "look for dropout or for reference scores of other rows, another template or another truncation"
  }
}

extension [TokenBatch] {
  /// How many of each unit these micro-batches hold together.
  var totals: [Unit: Int] {
    reduce(into: [:]) { $0.merge($1.counts, uniquingKeysWith: +) }
  }
}

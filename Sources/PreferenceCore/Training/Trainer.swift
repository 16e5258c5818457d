// The step: micro-batches in, better parameters out.

public import Optimizers
import Tensors

/// Trains one policy with one loss. Confined to the task that created it.
///
/// ``step(_:learningRate:)`` is all a loop of one's own needs; ``run(_:plan:evaluation:saving:shouldStop:peakMemory:)``
/// adds schedule, log, evaluation, checkpoints and resumption.
public final class Trainer {
  /// What is trained.
  public let policy: any Policy
  /// The loss's reference models, `K` of them.
  public let references: [any Scorer]
  /// What is minimised.
  public let loss: any PreferenceLoss
  /// How gradients move parameters.
  public let optimizer: any Optimizer
  /// What this trainer was told besides.
  public let options: TrainingOptions
  /// The optimizer's buffers; checkpoints write and fill them.
  public var optimizerState: OptimizerState
  /// Everything else that the next step depends on.
  public internal(set) var state = TrainerState()

  let requirements: Requirements
  let referenceScoring: ReferenceScoring
  /// What the policy is asked for: the loss's statistics, those that are only logged, and what it tells of a reference.
  let statistics: Set<TokenStatistic>
  let startsAtReference: Bool
  private var context: LossContext
  /// Kept from step to step: it is as large as the model.
  private var gradients: GradientAccumulator
  private let observers: [any RunObserver]

  /// Fails here, not at step one, where policy, references and loss do not fit together.
  public init(
    _ policy: any Policy, references: [any Scorer], loss: any PreferenceLoss, optimizer: any Optimizer,
    options: TrainingOptions = TrainingOptions(), observers: [any RunObserver] = []
  ) throws(TrainingError) {
    try Fit.check(loss, policy: policy, references: references)
    try options.refresh?.check(references, against: policy.parameters)
    (self.policy, self.references, self.loss, self.optimizer) = (policy, references, loss, optimizer)
    (self.options, self.observers, requirements) = (options, observers, loss.requirements)
    referenceScoring = ReferenceScoring(references, for: loss.requirements, beside: policy)
    statistics = Fit.statistics(of: loss, policy: policy).union(referenceScoring.told)
    startsAtReference = options.startsAtReference ?? Fit.isCopy(references.first, of: policy)
    optimizerState = OptimizerState(for: policy.parameters, optimizer: optimizer)
    gradients = GradientAccumulator(for: policy.parameters)
    context = LossContext(seed: options.seed)
  }

  /// One optimisation step over some micro-batches, as if they were one batch.
  ///
  /// - Parameter learningRate: whoever keeps the schedule says it.
  /// - Throws: ``TrainingError/notFinite(_:)`` before anything has changed, where the loss or its gradient is not
  ///   finite.
  @discardableResult
  public func step(_ microBatches: [TokenBatch], learningRate: Double) throws(TrainingError) -> StepReport {
    let began = ContinuousClock.now
    policy.stepBegins(state.step + 1)
    defer { policy.stepEnds() }
    var tally = StepTally(microBatches, step: state.step + 1, learningRate: learningRate)
    var next = context
    gradients.begin()
    do throws(ScoringError) {
      if requirements.couplesItems, microBatches.count > 1 {
        try accumulateJointly(into: &gradients, microBatches, &tally, &next)
      } else {
        for tokens in microBatches {
          let others = try referenceScoring.score(tokens)
          try policy.accumulateGradients(into: &gradients, scoring: tokens, statistics) { scores in
            tally.differentiate(loss, at: referenceScoring.scored(tokens, scores, others), &next)
          }
        }
      }
    } catch { throw .scoring(step: tally.step, error) }
    if let report = tally.notFinite { throw .notFinite(report) }
    let norm = gradients.norm
    guard norm.isFinite else { throw .notFinite(tally.report(of: "gradient", in: gradients.notFinite)) }
    let scale = GradientAccumulator.clippingFactor(norm: norm, limit: options.maximumGradientNorm)
    optimizerState.update(
      policy.parameters, with: gradients, scaledBy: scale, by: optimizer, learningRate: learningRate)
    policy.parametersChanged()
    next.commitStep()
    context = next
    let report = tally.report(gradientNorm: norm, seconds: (ContinuousClock.now - began).seconds)
    try finish(report, tally)
    return report
  }

  /// Takes a completed step into the state, moves references, tells observers.
  private func finish(_ report: StepReport, _ tally: StepTally) throws(TrainingError) {
    let isFirst = state.step == 0
    state.take(report, lossState: context.state)
    for case let reference as any RefreshableScorer in references {
      options.refresh?.move(reference, towards: policy.parameters, after: state.step)
    }
    try announce(.stepped(report))
    if isFirst, startsAtReference, tally.largestReferenceGap > 0 {
      try announce(.warned(step: report.step, message: tally.selfCheckWarning))
    }
  }

  /// Tells every observer.
  func announce(_ event: RunEvent) throws(TrainingError) {
    do {
      for observer in observers { try observer.observe(event) }
    } catch { throw .stopped(step: state.step, reason: error) }
  }

  /// Goes on from a saved state; weights and ``optimizerState`` are the caller's to restore.
  public func resume(from state: TrainerState) {
    self.state = state
    optimizerState.step = state.step
    context = LossContext(step: state.step, seed: options.seed, state: state.lossState)
  }

  /// The loss's context for evaluating now: it may read what training has learned and change none of it.
  var evaluationContext: LossContext { context.forEvaluation() }
}

extension Duration {
  /// Seconds as a number.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

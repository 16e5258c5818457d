// A whole run: schedule, log, evaluations and checkpoints around the step.

import Optimizers

extension Trainer {
  /// Trains from the state's step to the plan's last one.
  ///
  /// A run that is stopped, saved, and resumed from what was saved goes through the same numbers as one that was
  /// not: batches and learning rates are functions of the step, everything else is in ``state``, the weights and
  /// ``optimizerState``.
  ///
  /// - Parameters:
  ///   - batches: asked for one step at a time.
  ///   - evaluation: held-out micro-batches; none, no evaluation.
  ///   - saving: writes a checkpoint of this trainer and returns where it is; called every `savingSteps`, after the
  ///     last step, and before stopping early.
  ///   - shouldStop: asked after every step; a signal handler's flag, say.
  ///   - peakMemory: the process's peak memory in bytes, where the caller knows it.
  /// - Throws: whatever a step throws; ``TrainingError/stopped(step:reason:)`` around what `saving` or an observer
  ///   threw.
  @discardableResult
  public func run(
    _ batches: any BatchSource, plan: RunPlan, evaluation: [TokenBatch] = [],
    saving: ((Trainer) throws -> String)? = nil, shouldStop: () -> Bool = { false },
    peakMemory: () -> Int? = { nil }
  ) throws(TrainingError) -> RunSummary {
    guard batches.stepsPerEpoch > 0 else { throw .empty("there are no rows to train on") }
    guard state.step <= plan.totalSteps else {
      throw .state("the checkpoint is at step \(state.step), beyond the run's last step \(plan.totalSteps)")
    }
    let still = stillReferences()
    try announce(.began(outline(of: plan, batches)))
    var wasInterrupted = false
    while state.step < plan.totalSteps, !wasInterrupted {
      let learningRate = plan.schedule.learningRate(step: state.step, of: plan.totalSteps)
      let microBatches = batches.microBatches(step: state.step)
      guard !microBatches.isEmpty else { throw .empty("step \(state.step + 1) has no rows to train on") }
      try step(microBatches, learningRate: learningRate)
      let isLast = state.step == plan.totalSteps
      if isLast || state.step.isMultiple(of: plan.loggingSteps) { try log(batches.epochs(after: state.step)) }
      if state.stalledFor == plan.stalledSteps, plan.stalledSteps > 0 { try warnOfStall() }
      if !evaluation.isEmpty, isLast || plan.evaluationSteps.map(state.step.isMultiple(of:)) == true {
        try log(evaluating: evaluation, batches.epochs(after: state.step))
      }
      wasInterrupted = !isLast && shouldStop()
      if isLast || wasInterrupted || plan.savingSteps.map(state.step.isMultiple(of:)) == true {
        try save(with: saving)
      }
    }
    try check(still)
    return try end(wasInterrupted, peakMemory())
  }

  private func outline(of plan: RunPlan, _ batches: any BatchSource) -> RunOutline {
    RunOutline(
      loss: options.lossDescription.isEmpty ? type(of: loss).card.name : options.lossDescription,
      parameterCount: policy.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }, firstStep: state.step,
      totalSteps: plan.totalSteps, stepsPerEpoch: batches.stepsPerEpoch)
  }

  /// Closes the window of steps since the last line of the log.
  private func log(_ epoch: Double) throws(TrainingError) {
    var values = state.window.metrics
    values["epoch"] = epoch
    values["num_tokens"] = Double(state.tokenCount)
    state.window = LogWindow()
    let entry = LogEntry(step: state.step, values: values)
    state.history.append(entry)
    try announce(.logged(entry))
  }

  private func log(evaluating batches: [TokenBatch], _ epoch: Double) throws(TrainingError) {
    var values: [String: Double] = ["epoch": epoch]
    for (name, value) in try evaluate(batches) { values["eval_" + name] = value }
    let entry = LogEntry(step: state.step, values: values)
    state.history.append(entry)
    try announce(.evaluated(entry))
  }

  /// The loss and every metric on held-out micro-batches, under their logged names without `eval_`; changes nothing.
  public func evaluate(_ batches: [TokenBatch]) throws(TrainingError) -> [String: Double] {
    try Evaluator(policy, references: references, loss: loss).evaluate(batches, evaluationContext)
  }

  private func save(with saving: ((Trainer) throws -> String)?) throws(TrainingError) {
    guard let saving else { return }
    let path: String
    do { path = try saving(self) } catch { throw .stopped(step: state.step, reason: error) }
    try announce(.saved(step: state.step, path: path))
  }

  private func warnOfStall() throws(TrainingError) {
    try announce(
      .warned(
        step: state.step,
        message:
          "the loss has stayed at its first value \(state.firstLoss ?? 0) for \(state.stalledFor) steps; "
          + "the learning rate or beta may be too small, or nothing that is trained reaches the loss"))
  }

  private func end(_ wasInterrupted: Bool, _ peakMemory: Int?) throws(TrainingError) -> RunSummary {
    let seconds = max(state.seconds, 1e-9)
    var values = [
      "train_runtime": state.seconds,
      "train_samples_per_second": Double(state.sampleCount) / seconds,
      "train_steps_per_second": Double(state.step) / seconds,
      "train_tokens_per_second": Double(state.tokenCount) / seconds,
      "train_loss": state.lossSum / Double(max(1, state.step)),
    ]
    values["peak_memory_bytes"] = peakMemory.map(Double.init)
    if !wasInterrupted { state.history.append(LogEntry(step: state.step, values: values)) }
    let summary = RunSummary(step: state.step, wasInterrupted: wasInterrupted, values: values)
    try announce(.ended(summary))
    return summary
  }

  /// Fingerprints of the references that must not move during the run, by place.
  private func stillReferences() -> [(place: Int, fingerprint: UInt64)] {
    guard options.refresh == nil else { return [] }
    return references.enumerated().compactMap { place, reference in
      (reference as? any RefreshableScorer).map { (place, $0.fingerprint) }
    }
  }

  private func check(_ still: [(place: Int, fingerprint: UInt64)]) throws(TrainingError) {
    let now = stillReferences()
    for (before, after) in zip(still, now) where before.fingerprint != after.fingerprint {
      throw .state(
        "the weights of reference \(before.place + 1) changed during the run, which nobody asked for: "
          + "it must not share its weights with the policy")
    }
  }
}

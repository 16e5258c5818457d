// The run around the step: what is logged when, what is warned of, and that watching changes nothing.

import Optimizers
import PreferenceCore
import PreferenceTestSupport
import Testing

@Suite struct RunTests {
  private final class Recorder: RunObserver {
    var events: [RunEvent] = []
    func observe(_ event: RunEvent) { events.append(event) }

    var names: [String] {
      events.map { event in
        switch event {
        case .began(let outline): "began \(outline.firstStep)/\(outline.totalSteps)"
        case .stepped(let report): "step \(report.step)"
        case .logged(let entry): "log \(entry.step)"
        case .evaluated(let entry): "evaluation \(entry.step)"
        case .saved(let step, let path): "saved \(step) in \(path)"
        case .warned(let step, let message): "warned \(step): \(message)"
        case .ended(let summary): "ended \(summary.step)"
        }
      }
    }
    var entries: [LogEntry] {
      events.compactMap {
        switch $0 {
        case .logged(let entry), .evaluated(let entry): entry
        default: nil
        }
      }
    }
    var reports: [StepReport] {
      events.compactMap { if case .stepped(let report) = $0 { report } else { nil } }
    }
  }

  private static let batches = TinyBatches(TrainerTests.pairs, perStep: 2, perMicroBatch: 1)
  private static func plan(_ steps: Int, _ kind: Schedule.Kind = .linear) -> RunPlan {
    var plan = RunPlan(totalSteps: steps, schedule: Schedule(kind, peak: 0.4, warmup: .steps(2)))
    (plan.loggingSteps, plan.evaluationSteps, plan.savingSteps) = (3, 4, 5)
    return plan
  }

  private static func trainer(_ recorder: Recorder, _ options: TrainingOptions = .init()) throws -> Trainer {
    let (policy, reference) = TrainerTests.policies()
    return try Trainer(
      policy, references: [reference], loss: DPOLike(), optimizer: AdamW(), options: options,
      observers: [recorder])
  }

  @Test func `logs, evaluates and saves when it should`() throws {
    let recorder = Recorder()
    let trainer = try Self.trainer(recorder)
    let summary = try trainer.run(
      Self.batches, plan: Self.plan(7), evaluation: [TokenBatch(pairs: TrainerTests.pairs)],
      saving: { "here-\($0.state.step)" }, peakMemory: { 1 << 20 })
    #expect(
      recorder.names == [
        "began 0/7", "step 1", "step 2", "step 3", "log 3", "step 4", "evaluation 4", "step 5",
        "saved 5 in here-5", "step 6", "log 6", "step 7", "log 7", "evaluation 7", "saved 7 in here-7",
        "ended 7",
      ])
    #expect(recorder.reports.map(\.learningRate) == [0, 0.5, 1, 0.8, 0.6, 0.4, 0.2].map { 0.4 * $0 })
    #expect(
      Set(summary.values.keys) == [
        "train_runtime", "train_samples_per_second", "train_steps_per_second", "train_tokens_per_second",
        "train_loss", "peak_memory_bytes",
      ])
    let losses = recorder.reports.map(\.loss)
    #expect(abs((summary.values["train_loss"] ?? 0) - losses.reduce(0, +) / 7) < 1e-15)
    let window = recorder.entries[0].values
    #expect(abs((window["loss"] ?? 0) - losses[0..<3].reduce(0, +) / 3) < 1e-15)
    #expect(window["learning_rate"] == 0.4)
    #expect(window["epoch"] == 1)
    #expect(window["num_tokens"] == Double(TokenBatch(pairs: TrainerTests.pairs).tokenTotal))
    #expect(recorder.entries[1].values.keys.filter { $0 != "epoch" }.allSatisfy { $0.hasPrefix("eval_") })
  }

  @Test func `evaluation is exact, whatever the batches, and changes nothing`() throws {
    let plain = Recorder()
    let watched = Recorder()
    let (a, b) = (try Self.trainer(plain), try Self.trainer(watched))
    let held = TrainerTests.pairs
    try a.run(Self.batches, plan: Self.plan(6))
    try b.run(
      Self.batches, plan: Self.plan(6),
      evaluation: [TokenBatch(pairs: Array(held[0..<1])), TokenBatch(pairs: Array(held[1...]))])
    #expect(plain.reports.map(\.metrics) == watched.reports.map(\.metrics))
    #expect(a.policy.parameters.fingerprint == b.policy.parameters.fingerprint)
    let (whole, parts) = (
      try a.evaluate([TokenBatch(pairs: held)]), try a.evaluate(held.map { TokenBatch(pairs: [$0]) })
    )
    for (name, value) in whole { #expect(abs(value - (parts[name] ?? .nan)) < 1e-12, "\(name)") }
    #expect(whole.keys.contains("rewards/margins") && whole.keys.contains("loss"))
  }

  @Test func `rewards are zero before the first update, or somebody is told`() throws {
    let quiet = Recorder()
    let loud = Recorder()
    let policy = TrainerTests.policies().0
    let honest = try Trainer(
      policy, references: [policy.copy()], loss: DPOLike(), optimizer: SGD(), observers: [quiet])
    let report = try honest.step([TokenBatch(pairs: TrainerTests.pairs)], learningRate: 0.1)
    #expect(report.metrics["rewards/chosen"] == 0 && report.metrics["rewards/rejected"] == 0)
    #expect(report.metrics["rewards/ties"] == 1 && report.metrics["rewards/accuracies"] == 0)
    #expect(!quiet.names.contains { $0.hasPrefix("warned") })

    let again = TrainerTests.policies().0
    let drifting = ScriptedScorer(again.copy()) { statistic, numbers, batch in
      statistic == .logProbability && batch.rows.contains(2) ? numbers * 1.5 : numbers
    }
    var options = TrainingOptions()
    options.startsAtReference = true
    let trainer = try Trainer(
      again, references: [drifting], loss: DPOLike(), optimizer: SGD(), options: options, observers: [loud])
    let batches = TrainerTests.pairs.enumerated().map { TokenBatch(pairs: [$0.element], firstRow: $0.offset) }
    try trainer.step(batches, learningRate: 0.1)
    try trainer.step(batches, learningRate: 0.1)
    let warnings = loud.names.filter { $0.hasPrefix("warned") }
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("(row 2); rewards should be exactly 0 before the first update") == true)
  }

  @Test func `references follow the policy by their share`() throws {
    let recorder = Recorder()
    var options = TrainingOptions()
    options.refresh = ReferenceRefresh(steps: 2, mixup: 0.6)
    let trainer = try Self.trainer(recorder, options)
    let reference = try #require(trainer.references[0] as? TabularPolicy)
    let policy = try #require(trainer.policy as? TabularPolicy)
    let before = reference.scores
    let batch = TokenBatch(pairs: TrainerTests.pairs)
    try trainer.step([batch], learningRate: 0.5)
    #expect(reference.scores == before)
    try trainer.step([batch], learningRate: 0.5)
    for (index, moved) in reference.scores.enumerated() {
      #expect(abs(moved - (0.6 * policy.scores[index] + 0.4 * before[index])) < 1e-6)
    }
    #expect(reference.changes == 1)
  }

  @Test func `refuses to move a reference without weights of its own`() {
    var options = TrainingOptions()
    options.refresh = ReferenceRefresh(steps: 2, mixup: 0.6)
    let (policy, other) = TrainerTests.policies()
    #expect(throws: TrainingError.self) {
      try Trainer(
        policy, references: [ScriptedScorer(other)], loss: DPOLike(), optimizer: SGD(), options: options)
    }
  }

  @Test func `a reference that shares the policy's weights is found out`() throws {
    let policy = TrainerTests.policies().0
    let trainer = try Trainer(policy, references: [policy], loss: DPOLike(), optimizer: SGD())
    var message = ""
    do { try trainer.run(Self.batches, plan: Self.plan(3)) } catch { message = "\(error)" }
    #expect(
      message
        == "the weights of reference 1 changed during the run, which nobody asked for: it must not share "
        + "its weights with the policy")
  }

  @Test func `a loss that does not move is mentioned once`() throws {
    let recorder = Recorder()
    let policy = TabularPolicy(contexts: 3, tokens: 5)
    let trainer = try Trainer(
      policy, references: [policy.copy()], loss: DPOLike(), optimizer: SGD(), observers: [recorder])
    var plan = RunPlan(totalSteps: 9, schedule: Schedule(.constant, peak: 0))
    plan.stalledSteps = 4
    try trainer.run(Self.batches, plan: plan)
    let warnings = recorder.names.filter { $0.hasPrefix("warned") }
    #expect(warnings.count == 1)
    #expect(warnings.first?.hasPrefix("warned 4: the loss has stayed at its first value 0.693147") == true)
  }

  @Test func `stops when asked, and says so`() throws {
    let recorder = Recorder()
    let trainer = try Self.trainer(recorder)
    let summary = try trainer.run(
      Self.batches, plan: Self.plan(9), saving: { "\($0.state.step)" },
      shouldStop: { recorder.reports.count == 4 })
    #expect(summary.wasInterrupted && summary.step == 4)
    #expect(recorder.names.suffix(2) == ["saved 4 in 4", "ended 4"])
  }

  @Test func `an observer that cannot go on ends the run`() throws {
    struct Full: Error, CustomStringConvertible { let description = "no space left" }
    final class Failing: RunObserver {
      func observe(_ event: RunEvent) throws { if case .logged = event { throw Full() } }
    }
    let (policy, reference) = TrainerTests.policies()
    let trainer = try Trainer(
      policy, references: [reference], loss: DPOLike(), optimizer: SGD(), observers: [Failing()])
    var message = ""
    do { try trainer.run(Self.batches, plan: Self.plan(9)) } catch { message = "\(error)" }
    #expect(message == "no space left")
    #expect(trainer.state.step == 3)
  }
}

extension TokenBatch {
  /// Prompt and completion tokens, a pair's prompt counted twice.
  fileprivate var tokenTotal: Int {
    completions.indices.reduce(0) { $0 + prompts[layout.prompts[$1]].count + completions[$1].count }
  }
}

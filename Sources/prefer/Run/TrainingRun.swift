// Carries out a prepared run: directory, checkpoints, log, the finished model and its report.

import Checkpoints
import Foundation
import Optimizers
import PreferenceCore
import PreferenceData
import Reports
import TransformerModels

/// One run from its first step, or its newest checkpoint, to a finished model directory.
struct TrainingRun {
  private let run: PreparedRun
  private let resumes: Bool
  private let path: String

  /// - Throws: `CommandFailure` when the directory holds a run that would be lost.
  init(_ run: PreparedRun, resumes: Bool) throws(CommandFailure) {
    (self.run, self.resumes, path) = (run, resumes, run.request.settings.outputDirectory)
    try Self.check(path, resumes: resumes)
  }

  /// Refuses to write over another run, and where nothing can be written.
  static func check(_ path: String, resumes: Bool) throws(CommandFailure) {
    try OutputFile.checkFolder(path)
    guard !resumes else { return }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let signs = names.filter {
      $0 == "run.json" || $0.hasPrefix("checkpoint-") || $0 == "model.safetensors"
        || $0 == "adapter_model.safetensors"
    }
    guard let sign = signs.min() else { return }
    throw CommandFailure(
      .usage,
      "'\(path)' holds a run already (\(sign)); continue it with --resume, or choose another 'output_dir'")
  }

  /// Trains to the end, or until a signal asks to stop.
  ///
  /// - Returns: what was reached, and the signal's exit code where one came.
  /// - Throws: what stopped the run; everything saved before is still there.
  func carryOut(observers: [any RunObserver] = [TerminalObserver()]) throws -> (
    summary: RunSummary, code: ExitCode
  ) {
    let request = run.request
    var times = run.times
    let directory = try RunDirectory(
      path, description: RunRecord.description(of: run), keeping: request.settings.saveLimit)
    times.finish("run directory")
    let relay = Relay(observers)
    let trainer = try Trainer(
      run.opened.model, references: run.references.scorers, loss: request.objective.loss,
      optimizer: request.optimizer,
      options: options, observers: [relay])
    if resumes {
      if let checkpoint = try directory.resume(trainer) {
        Console.note("continuing from \(checkpoint)")
      } else {
        Console.note("there is no checkpoint in '\(path)' to continue from; starting from the beginning")
      }
    }
    try directory.writeDescription()
    times.finish("optimizer")
    if !observers.isEmpty { Console.note(times.description) }
    if request.settings.precomputesReferences == true { try fillReferences(from: trainer.state.step) }
    relay.observers.append(try directory.log(continuing: trainer.state))
    let summary = try train(trainer, directory)
    if summary.wasInterrupted {
      let code = Interruption.code ?? .interrupted
      Console.note("interrupted after step \(summary.step); continue with --resume")
      return (summary, code)
    }
    try finish(trainer, directory)
    return (summary, .success)
  }

  /// Scores the rows of one epoch with the references, ahead of the first step.
  private func fillReferences(from step: Int) throws {
    let last = min(run.plan.totalSteps, step + run.batches.stepsPerEpoch)
    let batches = (step..<max(step, last)).flatMap { run.batches.microBatches(step: $0) } + run.evaluation
    var lastSaid = ContinuousClock.now
    try run.references.fill(batches, run.request.objective.loss.requirements.referenceStatistics) { done in
      if done == batches.count || ContinuousClock.now - lastSaid > .seconds(2) {
        Console.note("references: \(done) of \(batches.count) batches scored")
        lastSaid = .now
      }
      return Interruption.code == nil
    }
  }

  /// The loop; a number that is not finite is written down with everything about its step.
  private func train(_ trainer: Trainer, _ directory: RunDirectory) throws -> RunSummary {
    do throws(TrainingError) {
      return try trainer.run(
        run.batches, plan: run.plan, evaluation: run.evaluation,
        saving: { trainer in try save(trainer, in: directory) },
        shouldStop: { Interruption.code != nil }, peakMemory: { Self.peakMemory })
    } catch {
      guard case .notFinite(let report) = error else { throw error }
      let place = try directory.write(report)
      throw CommandFailure(.notFinite, "\(report); everything about that step is in '\(place)'")
    }
  }

  private var options: TrainingOptions {
    let settings = run.request.settings
    var options = TrainingOptions()
    (options.maximumGradientNorm, options.seed) = (settings.maximumGradientNorm, UInt64(settings.seed))
    options.lossDescription = run.request.objective.expression.description
    if settings.syncsReference {
      options.refresh = ReferenceRefresh(steps: settings.referenceSyncSteps, mixup: settings.referenceMixup)
    }
    if run.request.references.first == "base" { options.startsAtReference = true }
    return options
  }

  /// Writes a checkpoint; at the end of a run that keeps none, the model itself.
  private func save(_ trainer: Trainer, in directory: RunDirectory) throws -> String {
    if run.plan.savingSteps == nil, trainer.state.step == run.plan.totalSteps {
      try writeModel(to: path)
      return path
    }
    return try directory.save(trainer, plan: run.plan, epoch: run.batches.epochs(after: trainer.state.step)) {
      try writeModel(to: $0.path)
    }
  }

  private func writeModel(to folder: String) throws {
    if let adapter = run.opened.model.adapter {
      try adapter.save(to: folder, baseModel: run.request.settings.model)
    } else {
      try run.opened.model.save(to: folder)
    }
    try run.opened.model.saveScalarHeads(to: folder)
    try TokenizerFiles.copy(from: run.request.settings.model, to: folder)
  }

  /// The model, its card, the state that plotting scripts read, and the report.
  private func finish(_ trainer: Trainer, _ directory: RunDirectory) throws {
    try writeModel(to: path)
    let epoch = run.batches.epochs(after: trainer.state.step)
    try directory.writeTrainerState(trainer.state, plan: run.plan, epoch: epoch)
    try OutputFile.write(card(trainer.state).text, to: path + "/README.md")
    let log = try Reports.RunLog(directory: URL(filePath: path))
    let title = "\(run.request.objective.expression)"
    try OutputFile.write(HTMLReport(runs: [log], title: title).text, to: path + "/report.html")
  }

  private func card(_ state: TrainerState) -> ModelCard {
    let settings = run.request.settings
    var results: [String: Double] = [:]
    for entry in state.history { results.merge(entry.values) { $1 } }
    return ModelCard(
      baseModel: settings.model, loss: run.request.objective.expression.description,
      references: run.request.references, rows: settings.rows.joined(separator: " + "),
      rowCount: run.rows.rows.count,
      steps: state.step,
      settings: (run.opened.adapterDescription.map { [("adapter", $0)] } ?? []) + [
        ("optimizer", "`\(run.request.optimizerText)`"), ("learning rate", "\(settings.learningRate)"),
        ("schedule", settings.schedule.rawValue),
        ("rows a step", "\(settings.batchSize * settings.accumulationSteps)"),
        ("longest sequence", settings.maximumLength.map { "\($0) tokens" } ?? "no limit"),
        ("seed", "\(settings.seed)"),
      ], results: results)
  }

  /// The most memory the process has held so far, in bytes.
  static var peakMemory: Int? {
    var usage = rusage()
    #if os(Linux)
      guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
      return usage.ru_maxrss * 1024
    #else
      guard getrusage(RUSAGE_SELF, &usage) == 0 else { return nil }
      return usage.ru_maxrss
    #endif
  }
}

/// Passes events on to observers, some of which come late.
private final class Relay: RunObserver {
  var observers: [any RunObserver]

  init(_ observers: [any RunObserver]) { self.observers = observers }

  func observe(_ event: RunEvent) throws {
    for observer in observers { try observer.observe(event) }
  }
}

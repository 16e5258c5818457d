// A run with everything opened and checked: what `train` carries out and `inspect` looks at.

import ChatTemplates
import Foundation
import Optimizers
import PreferenceCore
import PreferenceData
import TransformerModels
import VectorKernels

/// Models, references, rows and plan of one run.
struct PreparedRun {
  /// What was asked for.
  let request: RunRequest
  /// The policy, before any step.
  let opened: OpenedModel
  /// The reference models.
  let references: ReferenceModels
  /// The rows to learn from.
  let rows: PreferenceDataset
  /// Held-out rows, where there are some.
  let heldOut: PreferenceDataset?
  /// The batches of every step.
  let batches: BatchPlan
  /// Schedule and intervals.
  let plan: RunPlan
  /// What the run takes in memory, and how its steps are cut for it.
  let memory: MemoryPlan
  /// The day that chat templates see.
  let templateDate: TemplateDate
  /// What opening took.
  private(set) var times = StartupTimes()

  private var settings: RunSettings { request.settings }

  /// Opens what `request` names.
  ///
  /// - Parameters:
  ///   - loadsReferences: false where nothing will be trained.
  ///   - resumes: whether a run in `output_dir` is continued, whose cut of steps is then kept.
  /// - Throws: the first thing that cannot be opened or does not fit.
  init(_ request: RunRequest, loadsReferences: Bool = true, resumes: Bool = false) throws {
    let settings = request.settings
    if let threads = settings.threads { KernelPool.configure(threads: threads) }
    let opened = try OpenedModel(training: settings)
    let requirements = request.objective.loss.requirements
    try opened.attachScalarHeads(for: requirements, from: [settings.model, settings.adapterStart])
    times.finish("model")
    let day = settings.templateDay ?? (resumes ? RunRecord.templateDay(of: settings) : nil)
    templateDate = day.flatMap { TemplateDate(day: $0) } ?? .today
    (rows, heldOut) = try Self.rows(settings, requirements, opened.tokenizer.dated(templateDate))
    var batching = BatchPlanOptions()
    (batching.rowsPerMicroBatch, batching.accumulationSteps) = (
      settings.batchSize, settings.accumulationSteps
    )
    batching.shuffles = settings.shuffles
    (batching.seed, batching.needsBaselines) = (UInt64(settings.seed), requirements.needsBaselines)
    times.finish("rows")
    references = loadsReferences ? try ReferenceModels(of: request, opened) : .none
    times.finish("references")
    let given = settings.microBatchTokens ?? (resumes ? RunRecord.microBatchTokens(of: settings) : nil)
    memory = MemoryPlan(
      MemoryNeeds(of: request, opened, rows, references, microBatchTokens: given),
      limit: try MachineMemory.byteCount())
    batching.microBatchTokens = memory.microBatchTokens
    opened.model.activationLimit = memory.activationLimit
    opened.model.scoreLimit = memory.scoreLimit
    opened.model.recomputesActivations = settings.checkpointsActivations
    batches = BatchPlan(rows, options: batching)
    var plan = RunPlan(
      totalSteps: request.totalSteps(stepsPerEpoch: batches.stepsPerEpoch), schedule: request.schedule)
    plan.loggingSteps = settings.loggingSteps
    plan.evaluationSteps = (settings.evaluationSteps ?? 0) > 0 ? settings.evaluationSteps : nil
    plan.savingSteps = (settings.saveSteps ?? 0) > 0 ? settings.saveSteps : nil
    (self.request, self.opened, self.plan) = (request, opened, plan)
  }

  /// Held-out rows cut into batches; none where nothing is held out.
  var evaluation: [TokenBatch] {
    guard let heldOut else { return [] }
    return EvaluationBatches(
      heldOut, rowsPerBatch: settings.evaluationBatchSize ?? settings.batchSize,
      tokens: memory.microBatchTokens, request.objective.loss.requirements
    ).all
  }

  private static func rows(
    _ settings: RunSettings, _ requirements: Requirements, _ tokenizer: ModelTokenizer
  ) throws -> (PreferenceDataset, PreferenceDataset?) {
    let window = TokenWindow(
      maxLength: settings.maximumLength, mode: settings.truncation == .keepEnd ? .keepEnd : .keepStart)
    let formats = try (settings.formats ?? []).map { name in
      name == "none" ? nil : try RowFormat(named: name, for: settings.rows[0])
    }
    var options = DatasetOptions(format: formats.count == 1 ? formats[0] : nil, window: window)
    options.maximumDroppedFraction = settings.maximumDroppedFraction
    let loop: ParallelLoop = { count, body in KernelPool.shared.parallel(count, body) }
    let files = settings.rows.enumerated().map { index, path in
      MixturePart(
        path: path, fraction: settings.rowFractions?[index], format: formats.count > 1 ? formats[index] : nil)
    }
    let all = try PreferenceDataset(
      mixing: files, for: requirements, with: tokenizer, options: options, loop: loop)
    if let paths = settings.evaluationRows {
      let heldOut = try PreferenceDataset(
        mixing: paths.map { MixturePart(path: $0) }, for: requirements, with: tokenizer, options: options,
        loop: loop)
      return (all, heldOut)
    }
    guard let fraction = settings.evaluationFraction, fraction > 0 else { return (all, nil) }
    let parts = try all.holdingOut(fraction: fraction, seed: UInt64(settings.seed))
    return (parts.training, parts.heldOut)
  }
}

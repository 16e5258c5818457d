// `prefer evaluate`: the metrics of a loss on held-out rows.

import BuiltinLosses
import CommandLineTool
import PreferenceCore
import PreferenceData
import TransformerModels

/// Prints the metrics as JSON.
enum EvaluateCommand {
  static let command = Command(
    "evaluate", "Prints the metrics of a loss on held-out rows as JSON.",
    options: [
      Option("model", "DIR", isRequired: true, "The model."),
      Option("adapter", "DIR", "A low-rank adapter beside the model, as PEFT writes them."),
      Option("reference", "DIR", isRepeatable: true, "A reference model; as many as the loss takes."),
      Option("data", "ROWS", isRequired: true, "The rows; - reads standard input."),
      Option("loss", "L", "The loss; dpo unless given."),
      Option("max-length", "N", "Tokens of prompt and completion together; 1024 unless given."),
      Option("truncation-mode", "keep_start|keep_end", "Which end survives; keep_start unless given."),
      Option("batch-size", "N", "Rows of a batch; 8 unless given."),
      Option(
        "dtype", "TYPE", "Precision of matrix products: float32 (unless given), bfloat16x2 or bfloat16."),
    ] + LossCatalogue.options)

  static func run(_ call: Invocation) throws -> ExitCode {
    let objective = try Objective(call.value("loss") ?? "dpo", in: try LossCatalogue.registry(call))
    let takes = objective.loss.requirements.references
    let names = call.values("reference")
    guard takes.contains(names.count) else {
      throw TrainingError.referenceCount(
        loss: type(of: objective.loss).card.name, takes: takes, given: names.count)
    }
    let computeType = try call.computeType()
    let opened = try OpenedModel(
      call.value("model") ?? "", adapter: call.value("adapter"), computeType: computeType)
    try opened.attachScalarHeads(
      for: objective.loss.requirements, from: [opened.path, call.value("adapter")])
    // Whole distributions are not kept: a reference that the policy is compared with token by token is loaded.
    let keeps = !objective.loss.requirements.policyStatistics.contains(.divergence)
    let kept =
      try keeps ? names.map { try ReferenceModels.kept($0, for: opened, computeType: computeType) } : []
    let references: [any Scorer] =
      try keeps ? kept : names.map { try OpenedModel.reference($0, for: opened, computeType: computeType) }
    let mode = TruncationMode(
      rawValue: try call.choice("truncation-mode", of: TruncationMode.allCases.map(\.rawValue)))
    let rows = try PreferenceDataset(
      reading: call.value("data") ?? "", for: objective.loss.requirements, with: opened.tokenizer,
      options: DatasetOptions(
        window: TokenWindow(
          maxLength: try call.integer("max-length", default: 1024, atLeast: 2), mode: mode ?? .keepStart)))
    Console.note(rows.report.summary)
    let batches = EvaluationBatches(
      rows, rowsPerBatch: try call.integer("batch-size", default: 8, atLeast: 1), tokens: nil,
      objective.loss.requirements)
    let metrics = try Evaluator(opened.model, references: references, loss: objective.loss)
      .evaluate(batches.all)
    if let account = ReferenceModels.account(of: kept) { Console.note(account) }
    let sorted = metrics.sorted { $0.key < $1.key }
    Console.output(JSONValue.object(sorted.map { JSONMember($0.key, .number($0.value)) }).indented)
    return .success
  }
}

/// Rows in the order of their file, cut into batches for evaluation.
struct EvaluationBatches {
  /// Every micro-batch.
  let all: [TokenBatch]

  /// - Parameter tokens: the most tokens of a micro-batch.
  init(_ rows: PreferenceDataset, rowsPerBatch: Int, tokens: Int?, _ requirements: Requirements) {
    var options = BatchPlanOptions()
    (options.shuffles, options.rowsPerMicroBatch, options.microBatchTokens) = (false, rowsPerBatch, tokens)
    options.needsBaselines = requirements.needsBaselines
    let plan = BatchPlan(rows, options: options)
    all = (0..<plan.stepsPerEpoch).flatMap { plan.microBatches(step: $0) }
  }
}

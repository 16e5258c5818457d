// `prefer score`: what a model thinks of every completion of a file of rows.

import CommandLineTool
import Foundation
import PreferenceCore
import PreferenceData
import TransformerModels

/// Writes per-token log-probabilities and entropies.
enum ScoreCommand {
  static let command = Command(
    "score",
    "Writes log-probability and entropy of every completion token, and what the model's scalar heads say behind it, "
      + "a line for each row.",
    options: [
      Option("model", "DIR", isRequired: true, "The model."),
      Option("data", "ROWS", isRequired: true, "The rows; - reads standard input."),
      Option("adapter", "DIR", "A low-rank adapter beside the model, as PEFT writes them."),
      Option("output", "OUT.jsonl", isRequired: true, "Where the lines go; - writes standard output."),
      Option("max-length", "N", "Tokens of prompt and completion together; no limit unless given."),
      Option(
        "dtype", "TYPE", "Precision of matrix products: float32 (unless given), bfloat16x2 or bfloat16."),
    ])

  static func run(_ call: Invocation) throws -> ExitCode {
    try OutputFile.check(call.value("output") ?? "-")
    let opened = try OpenedModel(
      call.value("model") ?? "", adapter: call.value("adapter"), computeType: try call.computeType())
    for directory in [opened.path, call.value("adapter")].compactMap(\.self) {
      try opened.model.attachScalarHeads(savedIn: directory)
    }
    let heads = opened.model.scalarHeadNames
    let wanted = Set([.logProbability, .entropy] + heads.map { TokenStatistic.headBehind($0) })
    let limit = call.value("max-length") == nil ? nil : try call.integer("max-length", default: 2, atLeast: 2)
    var options = DatasetOptions(window: TokenWindow(maxLength: limit))
    options.maximumDroppedFraction = 1
    let rows = try PreferenceDataset(
      reading: call.value("data") ?? "", for: Requirements(.unpaired, references: 0...0),
      with: opened.tokenizer,
      options: options)
    Console.note(rows.report.summary)
    var batching = BatchPlanOptions()
    (batching.shuffles, batching.microBatchTokens, batching.rowsPerMicroBatch) = (false, 4096, 64)
    let plan = BatchPlan(rows, options: batching)
    var lines: [String] = []
    for step in 0..<plan.stepsPerEpoch {
      for batch in plan.microBatches(step: step) {
        let scores = try opened.model.score(batch, wanted)
        lines += Self.lines(batch, scores, feedback: rows.feedback)
      }
      if Console.errorIsTerminal { Console.note("\r\(lines.count)/\(rows.rows.count) rows", terminator: "") }
    }
    if Console.errorIsTerminal { Console.note("") }
    let text = lines.map { $0 + "\n" }.joined()
    if call.value("output") == "-" {
      Console.output(text, terminator: "")
    } else {
      try OutputFile.write(text, to: call.value("output") ?? "")
    }
    return .success
  }

  /// One JSON line for each row of a batch, in its order.
  static func lines(_ batch: TokenBatch, _ scores: ModelScores, feedback: Feedback) -> [String] {
    let layout = batch.layout
    let width = scores[.logProbability].shape[1]
    let (logps, entropies) = (scores[.logProbability].scalars, scores[.entropy].scalars)
    let heads = scores.statistics.compactMap { statistic in
      statistic.scalarHead.map { (name: $0.name, outputs: scores[statistic].scalars) }
    }
    func side(_ index: Int) -> JSONValue {
      let ids = batch.completions[index]
      let range = (index * width)..<(index * width + ids.count)
      var members = [
        JSONMember("ids", .array(ids.map { .number(Double($0)) })),
        JSONMember("logps", .array(logps[range].map { .number($0) })),
        JSONMember("entropies", .array(entropies[range].map { .number($0) })),
      ]
      if !heads.isEmpty {
        let outputs = heads.map { JSONMember($0.name, .array($0.outputs[range].map { .number($0) })) }
        members.append(JSONMember("heads", .object(outputs)))
      }
      // Truncation from the left can leave each side a prompt of its own.
      if layout.prompts[index] != layout.prompts[first(of: index)] {
        members.append(JSONMember("prompt_ids", prompt(index)))
      }
      return .object(members)
    }
    func prompt(_ index: Int) -> JSONValue {
      .array(batch.prompts[layout.prompts[index]].map { .number(Double($0)) })
    }
    func first(of index: Int) -> Int { layout.groups.firstIndex(of: layout.groups[index]) ?? index }
    var groups: [Int] = []
    for group in layout.groups where groups.last != group { groups.append(group) }
    return groups.map { group in
      let members = layout.groups.indices.filter { layout.groups[$0] == group }
      var row = [
        JSONMember("row", .number(Double(batch.rows[layout.prompts[members[0]]]))),
        JSONMember("prompt_ids", prompt(members[0])),
      ]
      switch feedback {
      case .unpaired: row.append(JSONMember("completion", side(members[0])))
      case .pairwise:
        for (name, index) in zip(["chosen", "rejected"], members) {
          row.append(JSONMember(name, side(index)))
        }
      case .ranked: row.append(JSONMember("completions", .array(members.map(side))))
      }
      return JSONValue.object(row).description
    }
  }
}

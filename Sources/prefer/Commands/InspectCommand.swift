// `prefer inspect`: the data as the model sees it, before a step is taken.

import BuiltinLosses
import CommandLineTool
import PreferenceCore
import PreferenceData
import Tokenizers

/// Shows counts, lengths, special tokens, a few rows token by token, and the scale of entropy-based losses.
enum InspectCommand {
  static let command = Command(
    "inspect", "Shows the data of a run file as the model sees it.",
    arguments: [Operand("RUN.json5", .required, "The run file.")],
    options: [Option("rows", "N", "How many rows are shown token by token; 3 unless given.")]
      + LossCatalogue.options,
    takesOverrides: true)

  static func run(_ call: Invocation) throws -> ExitCode {
    let count = try call.integer("rows", default: 3, atLeast: 0)
    let request = try TrainCommand.request(call)
    let readsEntropies = request.objective.loss.requirements.referenceStatistics.contains(.entropy)
    let run = try PreparedRun(request, loadsReferences: readsEntropies)
    var lines = run.rows.reports.flatMap { account(of: $0, "rows") }
    if let heldOut = run.heldOut, request.settings.evaluationRows != nil {
      lines += [""] + heldOut.reports.flatMap { account(of: $0, "held-out rows") }
    } else if let heldOut = run.heldOut {
      lines.append(row("held out", "\(heldOut.rows.count) of them; \(run.rows.rows.count) are learned from"))
    }
    lines += [""] + tokens(run.opened.tokenizer)
    for row in run.rows.rows.prefix(count) {
      lines += [""] + TokenPicture(run.opened.tokenizer).lines(of: row)
    }
    Console.output(lines.joined(separator: "\n"))
    if readsEntropies { Console.output("\n" + (try dispersion(run)).joined(separator: "\n")) }
    return .success
  }

  private static func row(_ name: String, _ text: String) -> String { Numbers.padded(name, 18) + text }

  private static func account(of report: DataReport, _ name: String) -> [String] {
    var lines = [
      row(
        name,
        "\(report.file), \(report.format.rawValue), \(report.isConversational ? "conversations" : "plain text")"
      ),
      row("", report.summary),
    ]
    lines += report.warnings.map { row("", $0) }
    if !report.numericColumns.isEmpty {
      lines.append(row("reward columns", report.numericColumns.joined(separator: ", ")))
    }
    let lengths = [
      ("prompt", report.promptLengths), ("best completion", report.firstLengths),
      ("other completions", report.otherLengths), ("whole sequence", report.sequenceLengths),
    ]
    lines.append(
      row(
        "tokens", ["least", "median", "90 %", "99 %", "most", "mean"].map { Numbers.aligned($0, 8) }.joined())
    )
    for (name, lengths) in lengths where lengths.maximum > 0 {
      let figures = [lengths.minimum, lengths.median, lengths.p90, lengths.p99, lengths.maximum].map(
        String.init)
      lines.append(
        row("  " + name, (figures + [Numbers.fixed(lengths.mean, 1)]).map { Numbers.aligned($0, 8) }.joined())
      )
    }
    return lines
  }

  private static func tokens(_ tokenizer: ModelTokenizer) -> [String] {
    let words = tokenizer.tokenizer
    func named(_ token: Tokenizer.SpecialToken?) -> String { token.map { "\($0.text) (\($0.id))" } ?? "none" }
    let stops = tokenizer.stopIDs.sorted().map { "\(words.piece(of: $0)) (\($0))" }
    return [
      row(
        "special tokens",
        "bos \(named(words.bosToken)), eos \(named(words.eosToken)), pad \(named(words.padToken))"),
      row("ends an answer", stops.isEmpty ? "nothing" : stops.joined(separator: ", ")),
      row("chat template", tokenizer.templateSource == nil ? "none" : "there is one"),
    ]
  }

  /// The mean −log H̄ over the first rows, and the scale that brings the mean weight to 1.
  private static func dispersion(_ run: PreparedRun) throws -> [String] {
    let requirements = run.request.objective.loss.requirements
    let all = EvaluationBatches(run.rows, rowsPerBatch: 8, tokens: nil, requirements).all
    let some = Array(all.prefix(8))
    let metrics = try Evaluator(
      run.opened.model, references: run.references.scorers, loss: run.request.objective.loss
    )
    .evaluate(some)
    func mean(_ name: String) -> Double? { metrics.first { $0.key.hasSuffix(name) }?.value }
    guard let surprise = mean("negative_log_entropy") else { return [] }
    let rows = some.reduce(0) { $0 + $1.layout.comparisons.count }
    var lines = [row("dispersion", "mean −log H̄ is \(Numbers.short(surprise)) over the first \(rows) rows")]
    if surprise > 0 { lines.append(row("", "scale=\(Numbers.short(1 / surprise)) makes the mean weight 1")) }
    if let weight = mean("mallows/weight") {
      lines.append(row("", "the mean weight as configured is \(Numbers.short(weight))"))
    }
    return lines
  }
}

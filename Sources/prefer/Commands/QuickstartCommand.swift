// `prefer quickstart`: the whole thing on a fresh machine, with nothing but this package.

import BuiltinLosses
import CommandLineTool
import Foundation
import PreferenceCore
import Reports

/// Makes a small model, teaches it a language, then preferences, and shows what that changed.
enum QuickstartCommand {
  static let command = Command(
    "quickstart", "Makes a small language model and trains it on preferences: no downloads, about a minute.",
    options: [
      Option("loss", "L", "The loss that teaches preferences; dpo unless given."),
      Option("output", "DIR", "The folder for everything; runs/quickstart unless given."),
      Option("seed", "N", "What rows, weights and answers are drawn with; 1 unless given."),
    ] + LossCatalogue.options,
    discussion:
      "Everything is on disk afterwards: rows, tokenizer, run files, models, reports. The run files go "
      + "through the\nsame code as 'prefer train'. A loss that reads rewards finds them in the column helpfulness."
  )

  static func run(_ call: Invocation) throws -> ExitCode {
    let text = call.value("loss") ?? "dpo"
    let registry = try LossCatalogue.registry(call)
    let objective = try Objective(text, in: registry)
    let seed = try call.integer("seed", default: 1, atLeast: 0)
    let files = QuickstartFiles(try folder(call.value("output")), seed: seed)
    Interruption.watch()
    say("1/4  a tiny world: rows, tokenizer and a model in \(files.folder)")
    let count = try files.writeModel()
    Console.note("     \(Numbers.count(count)) parameters with random weights")
    say("2/4  the language: demonstrations of both manners, with loss: \"sft\"")
    if let code = try train(try files.writeLanguageRun(), in: registry, label: "language") { return code }
    let references = references(of: objective.loss, files)
    say("3/4  preferences: helpful and polite rather than curt or off topic, with loss: \"\(text)\"")
    if let code = try train(
      try files.writePreferenceRun(try registry.canonical(text).description, references: references),
      in: registry, label: "preferences")
    {
      return code
    }
    say("4/4  held-out questions, asked before and after")
    let before = try figures(of: files.language, files, objective, seed)
    let after = try figures(of: files.preferences, files, objective, seed)
    try show(before, after, files)
    return .success
  }

  /// The folder asked for, or the first free one of the usual name.
  private static func folder(_ asked: String?) throws -> String {
    func isTaken(_ path: String) -> Bool {
      ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).isEmpty == false
    }
    if let asked {
      guard !isTaken(asked) else {
        throw CommandFailure(.usage, "'\(asked)' is not empty; name another folder with --output")
      }
      return asked
    }
    let usual = "runs/quickstart"
    return ([usual] + (2...999).map { "\(usual)-\($0)" }).first { !isTaken($0) } ?? usual
  }

  /// One run file, through the code of `prefer train`; the exit code where it was interrupted.
  private static func train(
    _ path: String, in registry: LossRegistry, label: String
  ) throws -> ExitCode? {
    let request = try RunRequest(try RunFile(path: path), in: registry)
    let run = try TrainingRun(try PreparedRun(request), resumes: false)
    let (summary, code) = try run.carryOut(observers: [TerminalObserver(label: "     \(label):")])
    guard code == .success else { return code }
    Console.note(
      "     \(summary.step) steps in \(Numbers.fixed(summary.values["train_runtime"] ?? 0, 1)) s, "
        + "\(Numbers.count(Int(summary.values["train_tokens_per_second"] ?? 0))) tokens/s")
    return nil
  }

  /// The start of the run, and its own half-taught self where the loss wants a second opinion.
  private static func references(of loss: any PreferenceLoss, _ files: QuickstartFiles) -> [String] {
    let least = loss.requirements.references.lowerBound
    guard least > 0 else { return [] }
    return ["base"] + (1..<max(1, least)).map { _ in files.halfway }
  }

  private static func figures(
    of path: String, _ files: QuickstartFiles, _ objective: Objective, _ seed: Int
  ) throws -> QuickstartFigures {
    try QuickstartFigures(of: path, against: [files.language], loss: objective.loss, files, seed: seed) {
      words in
      if let code = Interruption.code {
        throw CommandFailure(code, "interrupted; everything trained is kept")
      }
      if Console.errorIsTerminal { Console.note("\r     \(words)   ", terminator: "") }
    }
  }

  private static func show(
    _ before: QuickstartFigures, _ after: QuickstartFigures, _ files: QuickstartFiles
  ) throws {
    if Console.errorIsTerminal {
      Console.note("\r" + String(repeating: " ", count: 40) + "\r", terminator: "")
    }
    func row(_ name: String, _ value: (QuickstartFigures) -> Double, _ remark: String = "") {
      Console.output(
        Numbers.padded(name, 34) + Numbers.aligned(Numbers.fixed(value(before), 3), 9)
          + Numbers.aligned(Numbers.fixed(value(after), 3), 9)
          + (remark.isEmpty ? "" : "   " + Style.dim(remark)))
    }
    let samples = QuickstartFigures.sampleCount
    Console.output("")
    Console.output(
      Style.bold(
        Numbers.padded("on \(files.corpus.heldOut.count) held-out pairs", 34)
          + Numbers.aligned("before", 9) + Numbers.aligned("after", 9)))
    row(
      "accuracy of implicit rewards", \.accuracy,
      before.ties == 1 ? "before: all ties, policy and reference agree" : "")
    row("reward margin", \.margin)
    row("KL to the reference, nats", \.divergence, "mean log π/π_ref of \(samples) sampled answers")
    row("polite answers", \.polite, "of \(samples) sampled answers, judged by the corpus's own truth")
    row("answers on topic", \.onTopic)
    row("both", \.good)
    if after.good < before.good {
      // Losses differ in how far they pull: IPO's published tau asks for five nats a token.
      Console.output(
        "\nthe answers have become worse: the policy is \(Numbers.fixed(after.divergence, 1)) nats from its "
          + "reference; a larger beta or tau keeps it nearer, as in --loss \"ipo(tau=1)\"")
    }
    Console.output("")
    for (index, row) in files.corpus.heldOut.prefix(QuickstartFigures.shownCount).enumerated() {
      Console.output("\(Style.bold("question")) \(row.question)")
      Console.output("\(Style.bold("before  ")) \(before.answers[index])")
      Console.output("\(Style.bold("after   ")) \(after.answers[index])\n")
    }
    let logs = try [files.language, files.preferences].map { try RunLog(directory: URL(filePath: $0)) }
    let report = files.path("report.html")
    try OutputFile.write(HTMLReport(runs: logs, title: "Quickstart").text, to: report)
    Console.output("report   \(report)\nmodel    \(files.preferences)")
  }

  private static func say(_ text: String) { Console.note(Console.errorIsTerminal ? Style.bold(text) : text) }
}

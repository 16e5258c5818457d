// `prefer verify`: the laws every loss must obey, and files of values somebody else computed.

import BuiltinLosses
import CommandLineTool
import Foundation
import LossConformance
import PluginLoading
import PreferenceCore

/// Runs the conformance laws, or checks a file of vectors.
enum VerifyCommand {
  static let command = Command(
    "verify", "Checks losses against the conformance laws, or against a file of values and gradients.",
    arguments: [
      Operand(
        "NAME", .repeated, "Loss names, expressions or plugin libraries; every registered loss unless given.")
    ],
    options: [
      Option("json", "FILE", "Writes what was found for machines."),
      Option("vectors", "FILE", "Checks a file in the format of loss_vectors.json instead."),
    ] + LossCatalogue.options)

  static func run(_ call: Invocation) throws -> ExitCode {
    var registry = try LossCatalogue.registry(call)
    let names = try losses(call.words("NAME"), &registry)
    if let path = call.value("vectors") {
      return try vectors(at: path, named: names, in: registry, json: call.value("json"))
    }
    let chosen = names.isEmpty ? registry.entries.keys.sorted() : names
    var reports: [ConformanceReport] = []
    let width = (chosen.map(\.count).max() ?? 0) + 2
    for name in chosen {
      let report = try LossConformance.report(name, in: registry)
      reports.append(report)
      let marks = report.verdicts.map { row -> String in
        switch row.verdict {
        case .obeyed: Style.green("✓")
        case .broken: Style.red("✗")
        case .exempt: "–"
        }
      }
      Console.output(Numbers.padded(name, width) + marks.joined(separator: " "))
      for violation in report.violations { Console.output("    \(violation)") }
      let broken = Law.allCases.filter { law in report.violations.contains { $0.law == law } }
      for law in broken { Console.output("    what to do: \(law.remedy)") }
    }
    for (place, law) in Law.allCases.enumerated() {
      Console.output(Numbers.padded("", width + 2 * place) + "└ " + law.rawValue)
    }
    let broken = reports.filter { !$0.isObeyed }.count
    Console.output(
      "\(reports.count) \(reports.count == 1 ? "loss" : "losses"), \(Law.allCases.count) laws: "
        + (broken == 0 ? "all obeyed" : "\(broken) break some") + " (–: nothing to check)")
    if let path = call.value("json") { try OutputFile.write(json(reports).indented + "\n", to: path) }
    return broken == 0 ? .success : .brokenLaw
  }

  /// The losses that `words` name: a library stands for those it brings.
  private static func losses(_ words: [String], _ registry: inout LossRegistry) throws -> [String] {
    try words.flatMap { word -> [String] in
      guard word.hasSuffix(".so") || word.hasSuffix(".dylib") else { return [word] }
      let before = Set(registry.entries.keys)
      let plugin = try registry.load(library: word)
      Console.note("\(word): \(plugin.name) \(plugin.version)")
      return registry.entries.keys.filter { !before.contains($0) }.sorted()
    }
  }

  private static func json(_ reports: [ConformanceReport]) -> JSONValue {
    .array(
      reports.map { report in
        .object([
          JSONMember("loss", .string(report.loss)), JSONMember("ok", .bool(report.isObeyed)),
          JSONMember("laws", .object(report.verdicts.map { JSONMember($0.law.rawValue, json($0.verdict)) })),
        ])
      })
  }

  private static func json(_ verdict: Verdict) -> JSONValue {
    switch verdict {
    case .obeyed: .string("obeyed")
    case .exempt(let reason): .string("exempt: \(reason)")
    case .broken(let violations): .array(violations.map { .string($0.description) })
    }
  }

  // MARK: Vectors

  /// Checks every case that names only registered losses, and names the others.
  private static func vectors(
    at path: String, named names: [String], in registry: LossRegistry, json: String?
  ) throws -> ExitCode {
    var vectors: LossVectors
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(.failure, "'\(path)' cannot be read; there is no such file of vectors")
    }
    do {
      vectors = try JSONDecoder().decode(LossVectors.self, from: bytes)
    } catch {
      throw CommandFailure(.failure, "'\(path)' is not a file of loss vectors: \(error)")
    }
    if !names.isEmpty { vectors.cases = vectors.cases.filter { names.contains($0.loss) } }
    let results = LossConformance.verifyVectors(vectors, in: registry)
    var (checked, off, skipped) = (0, 0, 0)
    var worst: (error: Double, loss: String) = (0, "")
    let width = (results.map(\.loss.count).max() ?? 0) + 2
    for result in results {
      let verdict: String
      switch result.outcome {
      case .agrees(let error):
        checked += 1
        if error >= worst.error { worst = (error, result.loss) }
        let jumps = result.jumps == 0 ? "" : "; \(result.jumps) gradients at a jump not compared"
        verdict = Style.green("ok") + "  worst error \(Numbers.short(error))\(jumps)"
      case .differs(let place, let expected, let actual):
        (checked, off) = (checked + 1, off + 1)
        verdict = Style.red("off") + "  \(place): \(actual) instead of \(expected)"
      case .skipped(let unknown):
        skipped += 1
        verdict = Style.yellow("skipped") + "  '\(unknown)' is not registered"
      case .refused(let problem):
        (checked, off) = (checked + 1, off + 1)
        verdict = Style.red("refused") + "  \(problem)"
      }
      Console.output(Numbers.padded(result.loss, width) + verdict)
    }
    Console.output(
      "\(checked) cases checked, \(off) off, \(skipped) skipped"
        + (worst.loss.isEmpty ? "" : "; worst error \(Numbers.short(worst.error)) (\(worst.loss))"))
    if let json { try OutputFile.write(Self.json(results).indented + "\n", to: json) }
    guard checked > 0 else { throw CommandFailure(.usage, "no case names a registered loss") }
    return off == 0 ? .success : .brokenLaw
  }

  private static func json(_ results: [VectorResult]) -> JSONValue {
    .array(
      results.map { result in
        var members = [JSONMember("loss", .string(result.loss))]
        switch result.outcome {
        case .agrees(let worst):
          members += [
            JSONMember("outcome", .string("agrees")), JSONMember("worst_error", .number(worst)),
            JSONMember("jumps", .number(Double(result.jumps))),
          ]
        case .differs(let place, let expected, let actual):
          members += [
            JSONMember("outcome", .string("differs")), JSONMember("place", .string(place)),
            JSONMember("expected", .number(expected)), JSONMember("actual", .number(actual)),
          ]
        case .skipped(let unknown):
          members += [JSONMember("outcome", .string("skipped")), JSONMember("unknown", .string(unknown))]
        case .refused(let problem):
          members += [JSONMember("outcome", .string("refused")), JSONMember("problem", .string(problem))]
        }
        return .object(members)
      })
  }
}

// `prefer verify`: the laws every loss must obey, and files of values somebody else computed.

import BuiltinLosses
import CommandLineTool
import LossConformance
import PreferenceCore

/// Runs the conformance laws, or checks a file of vectors.
enum VerifyCommand {
  static let command = Command(
    "verify", "Checks losses against the conformance laws, or against a file of values and gradients.",
    arguments: [Operand("NAME", .repeated, "Loss names or expressions; every registered loss unless given.")],
    options: [
      Option("json", "FILE", "Writes what was found for machines."),
      Option("vectors", "FILE", "Checks a file in the format of loss_vectors.json instead."),
    ])

  static func run(_ call: Invocation) throws -> ExitCode {
    if let path = call.value("vectors") {
      return try vectors(VectorFile(path: path), named: call.words("NAME"), json: call.value("json"))
    }
    let names = call.words("NAME")
    let chosen = names.isEmpty ? LossRegistry.builtin.entries.keys.sorted() : names
    var failures = 0
    for name in chosen {
      let loss = try LossRegistry.builtin.resolve(name)
      do throws(ConformanceFailure) {
        try LossConformance.verify(loss)
        Console.output(Numbers.padded(name, 20) + Style.green("ok"))
      } catch {
        failures += 1
        Console.output(Numbers.padded(name, 20) + Style.red("broken"))
        Console.output("\(error)")
      }
    }
    return failures == 0 ? .success : .brokenLaw
  }

  /// The largest relative error that agreement in double precision allows.
  static func tolerance(of loss: String) -> Double { loss.contains("mallows-phi") ? 1e-7 : 1e-9 }

  /// Checks every case that names only registered losses, and names the others.
  private static func vectors(_ file: VectorFile, named names: [String], json path: String?) throws
    -> ExitCode
  {
    var outcomes: [VectorFile.Case.Outcome] = []
    var skipped: [String: Int] = [:]
    for item in file.cases where names.isEmpty || names.contains(item.loss) {
      let loss: any PreferenceLoss
      do throws(ConfigurationError) {
        loss = try LossRegistry.builtin.resolve(item.loss)
      } catch {
        guard error.namesUnknownLoss else { throw error }
        skipped[item.loss, default: 0] += 1
        continue
      }
      outcomes.append(item.outcome(of: loss))
    }
    let wrong = outcomes.filter { $0.worst > tolerance(of: $0.loss) || !$0.worst.isFinite }
    for (loss, cases) in Dictionary(grouping: outcomes, by: \.loss).sorted(by: { $0.key < $1.key }) {
      let worst = cases.map(\.worst).max() ?? 0
      let verdict = worst <= tolerance(of: loss) ? Style.green("ok") : Style.red("off")
      Console.output(
        "\(Numbers.padded(loss, 52)) \(cases.count) cases  \(verdict)  worst \(Numbers.short(worst))")
    }
    for (loss, count) in skipped.sorted(by: { $0.key < $1.key }) {
      Console.output(
        "\(Numbers.padded(loss, 52)) \(count) cases  \(Style.yellow("skipped")): not in the registry")
    }
    let worst = outcomes.max { $0.worst < $1.worst }
    let total = skipped.values.reduce(0, +)
    Console.output(
      "\(outcomes.count) cases checked, \(wrong.count) off, \(total) skipped"
        + (worst.map { "; worst error \(Numbers.short($0.worst)) (\($0.place) of \($0.loss))" } ?? ""))
    if let path { try OutputFile.write(Self.json(outcomes, skipped).indented + "\n", to: path) }
    guard !outcomes.isEmpty else { throw CommandFailure(.usage, "no case names a registered loss") }
    return wrong.isEmpty ? .success : .brokenLaw
  }

  private static func json(_ outcomes: [VectorFile.Case.Outcome], _ skipped: [String: Int]) -> JSONValue {
    let checked = outcomes.map { outcome -> JSONValue in
      .object([
        JSONMember("loss", .string(outcome.loss)), JSONMember("value_error", .number(outcome.value)),
        JSONMember("pair_error", .number(outcome.pairs)),
        JSONMember("gradient_error", .number(outcome.gradient)),
        JSONMember("ok", .bool(outcome.worst <= tolerance(of: outcome.loss))),
      ])
    }
    let left = skipped.sorted { $0.key < $1.key }.map { JSONMember($0.key, .number(Double($0.value))) }
    return .object([JSONMember("checked", .array(checked)), JSONMember("skipped", .object(left))])
  }
}

extension ConfigurationError {
  /// Whether some name in the expression is not registered.
  fileprivate var namesUnknownLoss: Bool {
    problems.contains { if case .unknown = $0 { true } else { false } }
  }
}

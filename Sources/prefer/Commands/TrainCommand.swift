// `prefer train`: from a run file to a trained model.

import BuiltinLosses
import CommandLineTool
import PreferenceCore

/// Trains a model.
enum TrainCommand {
  static let command = Command(
    "train", "Trains a model as a run file says.",
    arguments: [Operand("RUN.json5", .required, "The run file.")],
    options: [
      Option(flag: "dry-run", "Checks everything, prints the plan with memory and time, and stops."),
      Option(flag: "resume", "Continues from the newest checkpoint of output_dir."),
    ] + LossCatalogue.options, takesOverrides: true,
    discussion: "key=value sets a key of the run file: learning_rate=1e-5 dataset.eval_fraction=0.1.\n\n"
      + "Keys, with their defaults:\n\n" + RunSettings.listing)

  static func run(_ call: Invocation) throws -> ExitCode {
    let request = try request(call)
    if !call.has("dry-run") {
      try TrainingRun.check(request.settings.outputDirectory, resumes: call.has("resume"))
    }
    let prepared = try PreparedRun(request, resumes: call.has("resume"))
    guard !call.has("dry-run") else {
      Console.output(prepared.lines.joined(separator: "\n"))
      if let refusal = prepared.memory.refusal { throw CommandFailure(.usage, refusal) }
      let time = try TimeEstimate(of: prepared)
      Console.output(
        Numbers.padded("time", 12)
          + "about \(Numbers.clock(time.total)), \(Numbers.short(time.step)) s a step")
      return .success
    }
    for line in prepared.lines { Console.note(line) }
    if let refusal = prepared.memory.refusal { throw CommandFailure(.usage, refusal) }
    Interruption.watch()
    let (summary, code) = try TrainingRun(prepared, resumes: call.has("resume")).carryOut()
    if code == .success {
      let values = summary.values
      Console.note(
        "\(summary.step) steps in \(Numbers.clock(values["train_runtime"] ?? 0)), "
          + "\(Numbers.count(Int(values["train_tokens_per_second"] ?? 0))) tokens/s")
      if let account = prepared.references.account { Console.note(account) }
      Console.note("model and report.html in \(request.settings.outputDirectory)")
    }
    return code
  }

  /// The run file of a command line with its overrides, resolved.
  ///
  /// - Throws: `RunFileError` with every mistake of the file and of what it names.
  static func request(_ call: Invocation) throws -> RunRequest {
    var file = try RunFile(path: call.word("RUN.json5") ?? "")
    for override in call.overrides { file.override(override.key, with: override.value) }
    // Libraries of the command line stand in run.json as if the run file named them.
    let plugins = call.values("plugin") + file.read().settings.plugins
    if !plugins.isEmpty {
      file.override("plugins", with: JSONValue.array(plugins.map { .string($0) }).description)
    }
    let registry = try LossCatalogue.registry(call, plugins: plugins)
    return try RunRequest(file, in: registry)
  }
}

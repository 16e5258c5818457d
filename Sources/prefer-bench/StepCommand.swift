// `prefer-bench step`: one training step of a whole model, its useful arithmetic, and where the time goes.

import CommandLineTool
import Safetensors
import TransformerModels
import VectorKernels

/// Times training steps.
enum StepCommand {
  static let command = Command(
    "step", "Times one training step of a model, and says where the time goes.",
    options: [
      Option("shape", "NAME", "The model's shape, with random weights; smollm2-135m unless given."),
      Option("model", "DIR", "A model on disk in the place of a shape."),
      dtype,
      Option("lora", "R", "Trains adapters of rank R on every linear layer, the weights themselves frozen."),
      Option("loss", "LOSS", "The loss; dpo unless given."),
      Option("pairs", "P", "Pairs in a step; 4 unless given."),
      Option("tokens", "T", "Tokens of each sequence, prompt and completion; 512 unless given."),
      Option("prompt", "T", "Tokens of those that are the prompt's; half of them unless given."),
      Option("micro-batch", "P", "Pairs scored at a time; all of them unless given."),
      Option(flag: "cached-reference", "References were scored before: what a second epoch costs."),
      Option("steps", "N", "Steps timed after one that is not; 3 unless given."),
      Bench.threads, Bench.json,
    ], takesOverrides: true,
    discussion: """
      \(ModelShape.list)
      Measures of a shape can be replaced: layers=2 vocabulary=8192 (\(ModelShape.measures.joined(separator: ", "))).

      Useful arithmetic of a forward pass, in floating-point operations:
        2 x weights of linear layers x tokens + 4 x heads' width x layers x (token, token it sees) + 2 x width x
        vocabulary x scored tokens
      A prompt counts once however many completions it has. The policy's step is three times that, a reference's
      once; with adapters the policy's is twice, attention and the adapters' own three times. What is computed twice, the optimizer and element-wise work are not counted. The share of peak is
      against the micro-kernel for the step's data type, measured in the same run on as many threads.
      """)

  /// The precision of products.
  static let dtype = Option(
    "dtype", "TYPE", "Precision of matrix products: float32 (unless given), bfloat16x2 or bfloat16.")

  static func run(_ call: Invocation) throws -> Report {
    let threads = try call.configureThreads()
    var settings = try settings(call)
    settings.steps = try call.count("steps", default: 3)
    let peak = Peak.measure(settings.type, threads: threads)
    let measured = try StepMeasurement(settings)
    return Report(
      text: text(settings, measured, peak, threads), json: json(settings, measured, peak, threads))
  }

  /// What the command line says of the step.
  static func settings(_ call: Invocation) throws -> StepSettings {
    let name = call.value("shape") ?? "smollm2-135m"
    var settings = StepSettings(configuration: try ModelShape.configuration(name, call.overrides))
    if let directory = call.value("model") {
      if call.value("shape") != nil { throw UsageError("--model and --shape are two models; give one") }
      if !call.overrides.isEmpty { throw UsageError("a model on disk has its own measures") }
      settings.directory = directory
      settings.configuration = try ModelDirectory(directory).configuration()
    }
    settings.type = ComputeType(rawValue: try scalarType(call)) ?? .float32
    settings.loss = call.value("loss") ?? settings.loss
    settings.pairs = try call.count("pairs", default: settings.pairs)
    settings.tokens = try call.count("tokens", default: settings.tokens, atLeast: 2)
    settings.prompt = try call.count("prompt", default: settings.tokens / 2)
    if settings.prompt >= settings.tokens {
      throw UsageError("--prompt must leave tokens for the completion: less than \(settings.tokens)")
    }
    settings.microBatch = try call.count("micro-batch", default: settings.pairs)
    if call.value("lora") != nil { settings.rank = try call.count("lora", default: 16) }
    settings.remembersReferences = call.has("cached-reference")
    return settings
  }

  /// The value of `--dtype`.
  static func scalarType(_ call: Invocation) throws -> String {
    try call.word("dtype", of: ComputeType.allCases.map(\.rawValue), default: "float32")
  }

  private static func text(
    _ settings: StepSettings, _ measured: StepMeasurement, _ peak: Double, _ threads: Int
  ) -> String {
    let model = settings.configuration
    let phases = measured.phases.flatMap { phase in
      ([(phase.name, phase.seconds)] + phase.breakdown.map { ("  " + $0.name, $0.seconds) }).map {
        [$0, Figures.time($1), Figures.percent($1 / measured.seconds)]
      }
    }
    return """
      \(Machine.line)
      \(settings.directory ?? "random weights"): \(Figures.short(Double(measured.parameterCount) / 1e6)) M parameters, \
      \(Figures.short(Double(measured.trainedCount) / 1e6)) M of them trained, \
      \(model.layerCount) layers, width \(model.width), vocabulary \(model.vocabularyCount)
      \(settings.loss), \(settings.type.rawValue), \(settings.pairs) pairs of \(settings.tokens) tokens \
      (\(settings.prompt) of them the prompt's), \(threads) threads

      step            \(Figures.time(measured.seconds)) (median \(Figures.time(measured.median)))
      tokens          \(Figures.short(Double(measured.tokens) / measured.seconds))/s; \(measured.tokens) a step, \
      \(measured.distinctTokens) with prompts shared
      useful          \(Figures.rate(measured.operations, "FLOP").dropLast(2)) a step, \(Figures.rate(measured.rate, "FLOP"))
      micro-kernel    \(Figures.rate(peak, "FLOP")); the step reaches \(Figures.percent(measured.rate / peak)) of it
      peak memory     \(Figures.bytes(Machine.peakMemory))

      \(Figures.table(["phase", "time", "share"], phases))
      """
  }

  private static func json(
    _ settings: StepSettings, _ measured: StepMeasurement, _ peak: Double, _ threads: Int
  ) -> JSONValue {
    .members([
      "machine": Machine.json, "parameters": .number(measured.parameterCount),
      "trained_parameters": .number(measured.trainedCount), "loss": .text(settings.loss),
      "dtype": .text(settings.type.rawValue), "pairs": .number(settings.pairs),
      "tokens_per_sequence": .number(settings.tokens), "prompt_tokens": .number(settings.prompt),
      "threads": .number(threads), "seconds": .number(measured.seconds),
      "median_seconds": .number(measured.median),
      "tokens_per_second": .number(Double(measured.tokens) / measured.seconds),
      "flops": .number(measured.operations), "flops_per_second": .number(measured.rate),
      "peak_flops_per_second": .number(peak), "share_of_peak": .number(measured.rate / peak),
      "peak_memory_bytes": .number(Machine.peakMemory),
      "phases": .object(measured.phases.map { JSONMember($0.name, json($0)) }),
    ])
  }

  /// A phase's seconds, and those of its parts.
  private static func json(_ phase: StepPhase) -> JSONValue {
    let parts = phase.breakdown.map { JSONMember($0.name, .number($0.seconds)) }
    return .object([JSONMember("seconds", .number(phase.seconds))] + parts)
  }
}

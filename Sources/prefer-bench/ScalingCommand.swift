// `prefer-bench scaling`: how a step's time grows with sequence length, vocabulary, batch and threads.

import CommandLineTool
import Safetensors
import TransformerModels
import VectorKernels

/// Times steps that differ in one measure at a time.
enum ScalingCommand {
  static let command = Command(
    "scaling", "Times steps that differ in sequence length, vocabulary, batch or threads.",
    options: [
      Option("shape", "NAME", "The model's shape; smollm2-135m unless given."),
      StepCommand.dtype,
      Option("along", "MEASURE", "Only tokens, vocabulary, pairs, layers or threads."),
      Option("steps", "N", "Steps timed for each point after one that is not; 2 unless given."),
      Bench.threads, Bench.json,
    ], takesOverrides: true,
    discussion: """
      \(ModelShape.list)
      Four of the shape's layers unless layers=N says otherwise, so that all points together take a minute or two.
      From the middle point, 4 pairs of 512 tokens, one measure changes at a time. 'useful' is the arithmetic of the
      step, as 'step --help' counts it; a step that scales well keeps its rate.
      """)

  private static let measures = ["tokens", "vocabulary", "pairs", "layers", "threads"]

  /// One measured step.
  private struct Point {
    let measure: String
    let value: Int
    let measured: StepMeasurement
  }

  static func run(_ call: Invocation) throws -> Report {
    let threads = try call.configureThreads()
    let steps = try call.count("steps", default: 2)
    let isOnly = call.value("along") != nil
    let along = isOnly ? [try call.word("along", of: measures, default: "")] : measures
    var overrides = call.overrides
    if !overrides.contains(where: { $0.key == "layers" }) {
      overrides.insert(.init(key: "layers", value: "4"), at: 0)
    }
    let name = call.value("shape") ?? "smollm2-135m"
    var middle = StepSettings(configuration: try ModelShape.configuration(name, overrides))
    middle.type = ComputeType(rawValue: try StepCommand.scalarType(call)) ?? .float32
    middle.steps = steps
    let peak = Peak.measure(middle.type, threads: threads)
    var points: [Point] = []
    for measure in along {
      for value in values(measure, threads) {
        var settings = middle
        if measure == "threads" { KernelPool.configure(threads: value) }
        try set(measure, value, in: &settings, name, overrides)
        points.append(Point(measure: measure, value: value, measured: try StepMeasurement(settings)))
        Bench.note("\(measure) \(value): \(Figures.time(points[points.count - 1].measured.seconds))")
        KernelPool.configure(threads: threads)
      }
    }
    let tables = along.map { measure in table(points.filter { $0.measure == measure }) }
    return Report(
      text: ([
        "\(Machine.line)\n\(middle.type.rawValue), \(threads) threads; micro-kernel peak \(Figures.rate(peak, "FLOP"))"
      ] + tables)
      .joined(separator: "\n\n"),
      json: .members([
        "machine": Machine.json, "dtype": .text(middle.type.rawValue), "threads": .number(threads),
        "peak_flops_per_second": .number(peak), "points": .list(points.map(json)),
      ]))
  }

  private static func values(_ measure: String, _ threads: Int) -> [Int] {
    switch measure {
    case "tokens": [128, 256, 512, 1024, 2048]
    case "vocabulary": [8192, 16_384, 32_768, 65_536, 131_072]
    case "pairs": [1, 2, 4, 8]
    case "layers": [2, 4, 8]
    default: Array(sequence(first: 1) { $0 < threads ? min(threads, 2 * $0) : nil })
    }
  }

  private static func set(
    _ measure: String, _ value: Int, in settings: inout StepSettings, _ shape: String,
    _ overrides: [Invocation.Override]
  ) throws {
    switch measure {
    case "tokens": (settings.tokens, settings.prompt) = (value, value / 2)
    case "pairs": (settings.pairs, settings.microBatch) = (value, min(value, 4))
    case "vocabulary", "layers":
      settings.configuration = try ModelShape.configuration(
        shape, overrides + [.init(key: measure, value: "\(value)")])
    default: break
    }
  }

  private static func table(_ points: [Point]) -> String {
    let header = [points.first?.measure ?? "", "step", "useful", "rate", "per token"]
    return Figures.table(
      header,
      points.map { point in
        let measured = point.measured
        return [
          "\(point.value)", Figures.time(measured.seconds),
          String(Figures.rate(measured.operations, "FLOP").dropLast(2)),
          Figures.rate(measured.rate, "FLOP"),
          "\(Figures.short(1e3 * measured.seconds / Double(measured.tokens))) ms",
        ]
      })
  }

  private static func json(_ point: Point) -> JSONValue {
    .members([
      "along": .text(point.measure), "value": .number(point.value),
      "seconds": .number(point.measured.seconds), "flops": .number(point.measured.operations),
      "flops_per_second": .number(point.measured.rate),
      "tokens": .number(point.measured.tokens),
    ])
  }
}

// `prefer-bench kernels`: matrix products on the shapes that training is made of, against the micro-kernel's peak.

import CommandLineTool
import Safetensors
import VectorKernels

/// Times products for every instruction set, operand type and number of threads.
enum KernelCommand {
  static let command = Command(
    "kernels", "Times matrix products against the measured peak of their micro-kernel.",
    options: [
      Option(flag: "quick", "Only the instruction set in use, 1024 rows, and shorter measurements."),
      Option("seconds", "S", "How long each product is repeated; 0.2 unless given, 0.05 if quick."),
      Bench.threads,
      Option("set", "ISA", "Only this instruction set."),
      Option("match", "TEXT", "Only kinds of products that contain this, such as 'bfloat16-packed'."),
      Bench.json,
    ],
    discussion: """
      Rows are tokens. A shape 'A x B' is a layer with A outputs and B inputs: [rows, B] by its transposed weight,
      [A, B]. 'packed' has the weight laid out beforehand, as layers do once for each optimizer step; 'gradient' is
      the weight's own gradient, [A, rows] by [rows, B]; 'rounded' stores its result in bfloat16;
      'by-number' takes every number by itself, as attention does; 'bfloat16x2' takes 16 bits of every number. Numbers are
      about as large as each other. Every figure is the best of its measurement in GFLOP/s with its share of the peak: the same
      instruction set's micro-kernel on operands in the first-level cache, measured in the same run on as many threads. One
      thread is timed by its own processor time, several by the wall clock.
      """)

  /// A layer: outputs and inputs.
  private static let layers = [
    (576, 576), (1536, 576), (576, 1536), (768, 3072), (4864, 896), (49152, 576),
  ]

  static func run(_ call: Invocation) throws -> Report {
    let isQuick = call.has("quick")
    let seconds = try call.positive("seconds", default: isQuick ? 0.05 : 0.2)
    let all = KernelPool.shared.threads
    let counts = try call.integer("threads").map { [max(1, $0)] } ?? (all > 1 ? [1, all] : [1])
    let names = InstructionSet.supported.map(\.rawValue)
    let only =
      call.value("set") == nil
      ? (isQuick ? InstructionSet.current.rawValue : nil) : try call.word("set", of: names, default: "")
    defer { KernelPool.configure(threads: all) }
    var blocks: [Block] = []
    for set in InstructionSet.supported where only == nil || set.rawValue == only {
      for threads in counts {
        for kind in ProductBench.Kind.allCases
        where kind.isMeasured(on: set) && call.value("match").map(kind.rawValue.contains) ?? true {
          func peak() -> Double {
            Peak.measure(
              set, inPairs: kind.usesPairs(set), kind.precision, threads: threads, seconds: max(0.2, seconds))
          }
          var block = Block(set: set, threads: threads, kind: kind, peak: peak())
          KernelPool.configure(threads: threads)
          for rows in isQuick ? [1024] : [256, 1024, 4096] {
            block.rows.append((rows, layers.map { rate(rows, $0, kind, set, threads, seconds, isQuick) }))
          }
          // Again, lest the machine was busy with something else the first time.
          block.peak = max(block.peak, peak())
          Bench.note(block.title)
          blocks.append(block)
        }
      }
    }
    return Report(
      text: ([Machine.line] + blocks.map(\.text)).joined(separator: "\n\n"),
      json: .members(["machine": Machine.json, "products": .list(blocks.flatMap(\.json))]))
  }

  /// Operations per second, or nil where the product is too large to be worth the wait.
  private static func rate(
    _ rows: Int, _ layer: (Int, Int), _ kind: ProductBench.Kind, _ set: InstructionSet, _ threads: Int,
    _ seconds: Double, _ isQuick: Bool
  ) -> Double? {
    let isWide = layer.0 > 10_000
    if isWide, rows > 1024 || isQuick || set != InstructionSet.current { return nil }
    return ProductBench(rows, layer.0, layer.1, kind, set).rate(
      seconds, threads == 1 ? processorTime : wallTime)
  }

  /// The products of one kind on one instruction set and number of threads.
  private struct Block {
    let set: InstructionSet
    let threads: Int
    let kind: ProductBench.Kind
    /// Operations per second.
    var peak: Double
    var rows: [(rows: Int, rates: [Double?])] = []

    var title: String {
      "\(set.rawValue), \(threads) thread\(threads == 1 ? "" : "s"), \(kind.rawValue): micro-kernel peak "
        + Figures.rate(peak, "FLOP")
    }

    var text: String {
      let header = ["rows"] + KernelCommand.layers.map { "\($0.0) x \($0.1)" }
      let lines = rows.map { rows, rates in
        ["\(rows)"]
          + rates.map { rate in
            rate.map { "\(Figures.fixed($0 / 1e9, 0)) \(Figures.percent($0 / peak))" } ?? "-"
          }
      }
      return title + "\n" + Figures.table(header, lines)
    }

    var json: [JSONValue] {
      rows.flatMap { rows, rates in
        zip(KernelCommand.layers, rates).compactMap { layer, rate in
          rate.map { rate in
            .members([
              "set": .text(set.rawValue), "threads": .number(threads), "kind": .text(kind.rawValue),
              "rows": .number(rows), "outputs": .number(layer.0), "inputs": .number(layer.1),
              "flops_per_second": .number(rate), "peak_flops_per_second": .number(peak),
              "share_of_peak": .number(rate / peak),
            ])
          }
        }
      }
    }
  }
}

extension ProductBench.Kind {
  /// Whether the kind says something new: pairs only where bfloat16 is not multiplied in pairs anyway, parts of
  /// single precision only on tiles.
  fileprivate func isMeasured(on set: InstructionSet) -> Bool {
    switch self {
    case .pairs: set.hasPairs && !Self.bfloat16.usesPairs(set)
    case .float32ByNumber, .twoParts, .twoPartsPacked, .twoPartsGradient: set.hasTiles
    default: true
    }
  }
}

// The benchmark's own arithmetic: what a step costs, how figures are printed, what the command line says.

import CommandLineTool
import Foundation
import PreferenceCore
import Testing
import TransformerModels
import VectorKernels

@testable import prefer_bench

@Suite struct StepCostTests {
  /// Two prompts of 3 and 1 tokens; completions of 2 and 4, of 1 and 3.
  static let batch = TokenBatch(
    prompts: [[1, 2, 3], [4]], completions: [[5, 6], [7, 8, 9, 10], [11], [12, 13, 14]], layout: .pairs(2))

  @Test func `a prompt's tokens count once, and nobody looks at a last token`() {
    var work = TokenWork()
    work.add(Self.batch)
    #expect(work.tokens == 3 + 1 + (1 + 3 + 0 + 2))
    #expect(work.scored == 2 + 4 + 1 + 3)
    // What each token sees, itself included, counted one by one.
    var seen = 0
    for prompt in Self.batch.prompts { for t in prompt.indices { seen += t + 1 } }
    for (place, completion) in Self.batch.completions.enumerated() {
      let before = Self.batch.prompts[place / 2].count
      for t in completion.indices.dropLast() { seen += before + t + 1 }
    }
    #expect(work.seen == Double(seen))
  }

  @Test func `operations are counted by hand`() {
    let model = ModelConfiguration(
      vocabularyCount: 50, width: 8, feedForwardWidth: 12, layerCount: 3, headCount: 2, keyValueHeadCount: 1)
    let cost = StepCost(model, [Self.batch], rank: 2)
    // Query and output 8×8, key and value 4×8, three feed-forward maps 12×8.
    let weights = 3 * (2 * 64 + 2 * 32 + 3 * 96)
    #expect(cost.linear == Double(2 * weights * 10))
    #expect(cost.head == Double(2 * 8 * 50 * 10))
    #expect(cost.forward == cost.linear + cost.attention + cost.head)
    #expect(cost.training(isAdapted: false) == 3 * cost.forward)
    // Rank 2 into and out of every map: inputs and outputs add up to 4·(8 + 8) … as listed above.
    let sides = 3 * (2 * 16 + 2 * 12 + 3 * 20)
    #expect(cost.adapters == Double(2 * 2 * sides * 10))
    #expect(
      cost.training(isAdapted: true)
        == 2 * (cost.linear + cost.head) + 3 * (cost.attention + cost.adapters))
  }

  @Test func `attention is two products with what each token sees`() {
    let model = ModelConfiguration(
      vocabularyCount: 50, width: 8, feedForwardWidth: 12, layerCount: 1, headCount: 2)
    let single = TokenBatch(
      prompts: [[1, 2, 3]], completions: [[4]], layout: .init(prompts: [0], ranks: [0], isDesirable: [true]))
    // Tokens see 1, 2 and 3; scores and values are 2·8 operations each for every one seen.
    #expect(StepCost(model, [single]).attention == Double(2 * 2 * 8 * 6))
  }
}

@Suite(.serialized) struct BenchCommandTests {
  private func complaint(_ words: String...) -> String? {
    do {
      guard case .run(let call) = try Bench.tool.parse(words) else { return nil }
      _ = try StepCommand.settings(call)
      return nil
    } catch let error as UsageError { return error.description } catch { return "\(error)" }
  }

  @Test(arguments: ["kernels", "losses", "step", "scaling"])
  func `help explains and does not run`(_ command: String) throws {
    guard case .help(let page) = try Bench.tool.parse([command, "--help"]) else {
      Issue.record("'\(command) --help' would run")
      return
    }
    #expect(page.contains("usage: prefer-bench \(command)"))
    #expect(page.contains("--json"))
    #expect(page.contains("--threads N"))
  }

  private static func tokenizerReport(_ words: String...) throws -> Report {
    guard case .run(let call) = try Bench.tool.parse(["tokenizer"] + words) else {
      throw UsageError("the command line asks for help")
    }
    return try TokenizerCommand.run(call)
  }

  @Test func `a tokenizer is timed on the lines of a file`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    let (model, texts) = (root + "/Fixtures/hf/qwen2", root + "/Fixtures/rows.jsonl")
    let report = try Self.tokenizerReport(model, "--texts", texts, "--seconds", "0.01")
    #expect(report.text.contains("25 texts") && report.text.contains("759 pieces"))
    for name in ["load", "first", "encode", "decode"] { #expect(report.text.contains("\n" + name)) }
    #expect(throws: UsageError("'/nowhere' cannot be read; give a file of texts, one a line")) {
      try Self.tokenizerReport(model, "--texts", "/nowhere")
    }
  }

  @Test func `mistakes are refused with what would do`() {
    #expect(complaint("step", "--quik") == "'step' has no option '--quik'")
    #expect(complaint("kernels", "--quik") == "'kernels' has no option '--quik'; did you mean '--quick'?")
    #expect(complaint("kernel") == "unknown command 'kernel'; did you mean 'kernels'?")
    #expect(complaint("step", "--pairs", "0") == "--pairs must be at least 1, not 0")
    #expect(
      complaint("step", "--tokens", "8", "--prompt", "8")
        == "--prompt must leave tokens for the completion: less than 8")
    #expect(complaint("step", "--dtype", "int8") == "--dtype takes float32, bfloat16x2, bfloat16, not 'int8'")
    #expect(
      complaint("step", "depth=3")
        == "a shape has no 'depth'; it has layers, width, inner, heads, kv_heads, vocabulary")
    #expect(complaint("step", "layers=x") == "layers takes a positive whole number, not 'x'")
    #expect(
      complaint("step", "width=100")
        == "width must be a multiple of twice the heads, and heads one of kv_heads; 100, 9 and 3 are not")
    #expect(
      complaint("step", "--shape", "2b")
        == "--shape takes smollm2-135m, smollm2-360m, 0.5b, 1b, 1.5b, 3b, 7b, not '2b'")
    #expect(complaint("step", "layers=2", "vocabulary=512", "--pairs", "2") == nil)
  }

  @Test(arguments: [
    (0.0, 1, "0.0"), (3.14159, 2, "3.14"), (-0.25, 1, "-0.3"), (12.0, 0, "12"), (0.0049, 3, "0.005"),
  ]) func `numbers are rounded`(_ x: Double, _ places: Int, _ text: String) {
    #expect(Figures.fixed(x, places) == text)
  }

  @Test func `figures have their units`() {
    #expect(Figures.rate(1.953e12, "FLOP") == "1.95 TFLOP/s")
    #expect(Figures.rate(48e9, "B") == "48.0 GB/s")
    #expect(Figures.time(0.00345) == "3.45 ms")
    #expect(Figures.bytes(3 << 30) == "3.00 GiB")
    #expect(
      Figures.table(["a", "bb"], [["ccc", "1"], ["d", "222"]])
        == """
        a     bb
        ccc    1
        d    222
        """)
  }

  @Test func `a small step is measured from end to end`() throws {
    var settings = StepSettings(
      configuration: ModelConfiguration(
        vocabularyCount: 64, width: 16, feedForwardWidth: 24, layerCount: 2, headCount: 2))
    (settings.pairs, settings.tokens, settings.prompt, settings.microBatch) = (3, 8, 5, 2)
    #expect(settings.batches.map(\.rows) == [[0, 1], [2]])
    let measured = try StepMeasurement(settings)
    #expect(measured.tokens == 48)
    #expect(measured.distinctTokens == 3 * (5 + 2 * 2))
    #expect(measured.seconds > 0 && measured.seconds <= measured.median)
    #expect(
      Set(measured.phases.map(\.name)).isSuperset(of: [
        "policy forward", "loss", "policy backward", "reference", "optimizer and the rest",
      ]))
    for phase in measured.phases
    where ["policy forward", "policy backward", "reference"].contains(phase.name) {
      #expect(phase.breakdown.map(\.name) == ["linear layers", "attention", "head", "everything else"])
      #expect(phase.breakdown.allSatisfy { $0.seconds > 0 })
      #expect(abs(phase.breakdown.reduce(0) { $0 + $1.seconds } - phase.seconds) < 1e-9)
    }
    let total = measured.phases.reduce(0) { $0 + $1.seconds }
    #expect(abs(total - measured.seconds) < 1e-9)
    settings.rank = 2
    let adapted = try StepMeasurement(settings)
    #expect(adapted.trainedCount == 2 * 2 * (4 * 32 + 3 * 40))
    #expect(measured.trainedCount == measured.parameterCount)
    #expect(adapted.operations < measured.operations)
    (settings.rank, settings.remembersReferences) = (nil, true)
    let cached = try StepMeasurement(settings)
    // Without the reference's forward pass a quarter of the arithmetic is gone.
    #expect(abs(cached.operations / measured.operations - 0.75) < 1e-12)
  }
}

// Low-rank adapters: against merged weights and differences, and what they leave alone.

import Optimizers
import PreferenceCore
import Tensors
import Testing
import VectorKernels

@testable import TransformerModels

/// A tiny model and an adapter in which nothing is 0.
struct Adapted {
  let base: CausalLanguageModel
  let model: CausalLanguageModel
  let adapter: LowRankAdapter

  init(
    _ options: LowRankOptions = LowRankOptions(rank: 3, alpha: 5, targets: .allLinear),
    computeType: ComputeType = .float32, isFresh: Bool = false
  ) throws {
    base = tinyModel(biases: true, computeType: computeType)
    model = base.copy(for: .adapted)
    adapter = try LowRankAdapter(for: model.configuration, options, seed: 3)
    if !isFresh {
      for (place, parameter) in adapter.parameters.enumerated() {
        fillNormal(parameter.values, deviation: 0.3, seed: UInt64(place))
      }
    }
    model.attach(adapter, seed: 11)
  }

  /// The base with the adapter's part added to its weights.
  func merged() throws -> CausalLanguageModel {
    let merged = base.copy(for: .trained)
    for pair in adapter.groups.flatMap(\.pairs) {
      let weight = try #require(merged.parameters[ParameterName(pair.layer.name + ".weight")])
      let (outputs, inputs, rank) = (weight.shape[0], weight.shape[1], adapter.options.rank)
      for o in 0..<outputs {
        for i in 0..<inputs {
          let change = (0..<rank).reduce(0.0) {
            $0 + Double(pair.up.values[o * rank + $1]) * Double(pair.down.values[$1 * inputs + i])
          }
          weight.values[o * inputs + i] += Float(adapter.options.scale * change)
        }
      }
    }
    merged.parametersChanged()
    return merged
  }
}

@Suite struct AdapterTests {
  static let differentiable: Set<TokenStatistic> = [.logProbability, .entropy, .logCollision, .meanScore]

  @Test(arguments: [
    LowRankOptions(rank: 3, alpha: 5, targets: .allLinear), LowRankOptions(rank: 2, alpha: 1),
    LowRankOptions(
      rank: 4, alpha: 3, targets: .named(["k_proj", "mlp.up_proj", "model.layers.1.self_attn.o_proj"]),
      usesRankStabilizedScale: true),
  ])
  func `scores as its merged weights do`(_ options: LowRankOptions) throws {
    let adapted = try Adapted(options)
    let (ours, merged) = try (
      adapted.model.score(tinyBatch, allStatistics), adapted.merged().score(tinyBatch, allStatistics)
    )
    for statistic in Self.differentiable {
      // Scores of magnitude 10 in single precision, in another order of sums.
      #expect(distance(ours[statistic].scalars, merged[statistic].scalars) < 2e-5)
    }
    let base = try adapted.base.scalars(.logProbability, tinyBatch)
    #expect(distance(ours[.logProbability].scalars, base) > 1e-2)
  }

  @Test func `errs by the rounding in bfloat16`() throws {
    let exact = try Adapted().model.scalars(.logProbability, tinyBatch)
    let rounded = try Adapted(computeType: .bfloat16).model.scalars(.logProbability, tinyBatch)
    // Two blocks of rounded products with weights of deviation 0.4: some 2⁻⁸ of scores of magnitude 10.
    #expect(distance(exact, rounded) < 0.1)
  }

  private static func check(_ adapted: Adapted) throws {
    try checkGradient(adapted.model, differentiable, step: { _ in 1.5e-3 })
  }

  @Test func `gradients are those of differences`() throws { try Self.check(Adapted()) }

  @Test func `gradients are those of differences under dropout`() throws {
    let adapted = try Adapted(LowRankOptions(rank: 3, alpha: 5, dropout: 0.3, targets: .allLinear))
    adapted.model.stepBegins(4)
    try Self.check(adapted)
  }

  @Test(arguments: ComputeType.allCases)
  func `a fresh adapter changes no bit`(_ computeType: ComputeType) throws {
    let adapted = try Adapted(computeType: computeType, isFresh: true)
    let base = try adapted.base.score(tinyBatch, allStatistics)
    let fresh = try adapted.model.score(tinyBatch, allStatistics)
    for statistic in allStatistics { #expect(base[statistic].scalars == fresh[statistic].scalars) }
  }

  @Test func `a fresh adapter starts as in PEFT`() throws {
    let adapted = try Adapted(isFresh: true)
    for pair in adapted.adapter.groups.flatMap(\.pairs) {
      #expect(pair.up.values.scalars.allSatisfy { $0 == 0 })
      let bound = 1 / Double(pair.layer.inputs).squareRoot()
      let numbers = pair.down.values.scalars.map { Double($0) / bound }
      #expect(numbers.allSatisfy { abs($0) <= 1 } && numbers.contains { abs($0) > 0.7 })
    }
    #expect(Set(adapted.adapter.parameters.map { $0.values[0] }).count > 14)
  }

  @Test(arguments: ComputeType.allCases)
  func `the reference is the model with its pairs off`(_ computeType: ComputeType) throws {
    let adapted = try Adapted(computeType: computeType)
    let reference = adapted.model.withoutAdapter()
    let (ours, base) = try (
      reference.score(tinyBatch, allStatistics), adapted.base.score(tinyBatch, allStatistics)
    )
    for statistic in allStatistics { #expect(ours[statistic].scalars == base[statistic].scalars) }
    let frozen = adapted.model.withFrozenAdapter()
    let before = try adapted.model.scalars(.logProbability, tinyBatch)
    for parameter in adapted.model.parameters { addConstant(0.1, to: parameter.values) }
    adapted.model.parametersChanged()
    #expect(try frozen.score(tinyBatch, [.logProbability])[.logProbability].scalars == before)
    #expect(try adapted.model.scalars(.logProbability, tinyBatch) != before)
    let again = try reference.score(tinyBatch, [.logProbability])
    #expect(again[.logProbability].scalars == base[.logProbability].scalars)
  }

  @Test func `only the pairs are trained`() throws {
    let adapted = try Adapted()
    let names = adapted.model.parameters.map(\.name.description)
    #expect(names.count == 2 * 7 * 2)
    #expect(names[0] == "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight")
    #expect(names[1] == "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight")
    let before = adapted.model.weights.fingerprint
    let slopes = try gradient(of: MixedObjective([.logProbability], count: 20), adapted.model)
    #expect(slopes.allSatisfy { $0.contains { $0 != 0 } })
    for (parameter, slope) in zip(adapted.model.parameters, slopes) {
      for (i, x) in slope.enumerated() { parameter.values[i] -= 0.01 * x }
    }
    adapted.model.parametersChanged()
    _ = try adapted.model.score(tinyBatch, [.logProbability])
    #expect(adapted.model.weights.fingerprint == before)
  }

  @Test func `frozen weights in bfloat16 are kept in bfloat16 alone`() throws {
    let adapted = try Adapted(computeType: .bfloat16)
    // Norms and biases are what is left in single precision.
    #expect(adapted.model.weights.allSatisfy { $0.shape.count == 1 })
    #expect(adapted.model.parameters.count == 28)
  }

  @Test func `threads, recomputation and batch mates change no bit`() throws {
    for computeType in ComputeType.allCases {
      let options = LowRankOptions(rank: 3, alpha: 5, dropout: 0.2, targets: .allLinear)
      let model = try Adapted(options, computeType: computeType).model
      model.stepBegins(2)
      let objective = MixedObjective(Self.differentiable, count: 20)
      let kept = try gradient(of: objective, model)
      defer { KernelPool.configure(threads: 2) }
      KernelPool.configure(threads: 1)
      #expect(try gradient(of: objective, model) == kept)
      KernelPool.configure(threads: 3)
      model.recomputesActivations = true
      #expect(try gradient(of: objective, model) == kept)
      let together = try model.scalars(.logProbability, tinyBatch)
      let alone = TokenBatch(
        prompts: [tinyBatch.prompts[1]], completions: Array(tinyBatch.completions[2...]),
        layout: FeedbackLayout(
          prompts: [0, 0, 0], ranks: [0, 1, 2], isDesirable: [true, false, false]), rows: [tinyBatch.rows[1]])
      let scores = try model.score(alone, [.logProbability])[.logProbability].scalars
      #expect(scores == Array(together[8...]))
    }
  }

  @Test func `dropout is the step's, and ends with it`() throws {
    let options = LowRankOptions(rank: 3, alpha: 5, dropout: 0.5, targets: .allLinear)
    let model = try Adapted(options).model
    let plain = try model.scalars(.logProbability, tinyBatch)
    func scores(step: Int) throws -> [Double] {
      model.stepBegins(step)
      defer { model.stepEnds() }
      return try model.scalars(.logProbability, tinyBatch)
    }
    let first = try scores(step: 1)
    #expect(try scores(step: 2) != first && first != plain)
    #expect(try scores(step: 1) == first)
    #expect(try model.scalars(.logProbability, tinyBatch) == plain)
  }

  @Test func `dropout leaves the expectation`() throws {
    let layout = try RaggedLayout(tinyBatch, tinyModel().configuration)
    let x = Matrix<Float>(rows: layout.rows, columns: 300)
    addConstant(1, to: x.buffer)
    var (sum, zeros, count) = (0.0, 0, 0)
    for step in 0..<20 {
      let pass = DropoutPass(probability: 0.25, seed: 7, step: step, layout)
      for layer in 0..<3 {
        let y = Matrix<Float>(rows: x.rows, columns: x.columns)
        dropRows(x, pass.rows(layer: layer), into: y)
        for value in y.buffer.scalars {
          #expect(value == 0 || abs(value - 4 / 3) < 1e-6)
          (sum, zeros, count) = (sum + Double(value), zeros + (value == 0 ? 1 : 0), count + 1)
        }
      }
    }
    // Five standard deviations of a mean of count draws.
    let spread = 5 * (0.25 * 0.75 / Double(count)).squareRoot()
    #expect(abs(Double(zeros) / Double(count) - 0.25) < spread)
    #expect(abs(sum / Double(count) - 1) < spread * 4 / 3)
  }

  @Test func `generates with its adapter`() throws {
    let adapted = try Adapted()
    let merged = try adapted.merged()
    let (ours, theirs) = try (
      adapted.model.generate(prompt: [3, 1, 4], maxNewTokens: 12, temperature: 0, stopIDs: []),
      merged.generate(prompt: [3, 1, 4], maxNewTokens: 12, temperature: 0, stopIDs: [])
    )
    #expect(ours == theirs)
  }
}

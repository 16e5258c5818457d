// Generation: the cache against scoring, draws against their distribution, and where it stops.

import Optimizers
import PreferenceCore
import Tensors
import Testing
import VectorKernels

@testable import TransformerModels

@Suite struct GenerationTests {
  @Test func `the greedy text is the one that scoring calls most probable`() throws {
    for window in [nil, 5] as [Int?] {
      var configuration = tinyModel().configuration
      configuration.attentionWindow = window
      let model = CausalLanguageModel.random(configuration: configuration, seed: 5, initializerRange: 0.5)
      let prompt: [Int32] = [4, 8, 15, 16]
      let text = try model.generate(prompt: prompt, maxNewTokens: 12, temperature: 0, stopIDs: [])
      #expect(text.count == 12)
      let batch = TokenBatch(
        prompts: [prompt], completions: [text],
        layout: FeedbackLayout(prompts: [0], ranks: [0], isDesirable: [true]))
      #expect(try model.scalars(.argmaxHit, batch) == [Double](repeating: 1, count: text.count))
    }
  }

  @Test func `stops behind a stop token`() throws {
    let model = tinyModel()
    let free = try model.generate(prompt: [4, 8], maxNewTokens: 10, temperature: 0, stopIDs: [])
    let stopped = try model.generate(prompt: [4, 8], maxNewTokens: 10, temperature: 0, stopIDs: [free[2]])
    let place = try #require(free.firstIndex(of: free[2]))
    #expect(stopped == Array(free[...place]))
    #expect(try model.generate(prompt: [4, 8], maxNewTokens: 0).isEmpty)
  }

  @Test func `a seed fixes the text`() throws {
    let model = tinyModel()
    func text(_ seed: UInt64) throws -> [Int32] {
      try model.generate(prompt: [1], maxNewTokens: 30, temperature: 1.5, seed: seed, stopIDs: [])
    }
    #expect(try text(3) == text(3))
    #expect(try text(3) != text(4))
  }

  @Test func `draws follow the distribution`() {
    let scores = FloatBuffer([0, 1, 2, -1])
    let count = 4000
    func shares(_ temperature: Double, _ topP: Double) -> [Double] {
      var counts = [Double](repeating: 0, count: 4)
      for i in 0..<count {
        counts[
          sample(scores, temperature: temperature, topP: topP, uniform: (Double(i) + 0.5) / Double(count))] +=
          1
      }
      return counts.map { $0 / Double(count) }
    }
    // softmax([0, 1, 2, −1]) and softmax([0, 1/2, 1, −1/2])
    #expect(distance(shares(1, 1), [0.08714, 0.23688, 0.64391, 0.03206]) < 1e-3)
    #expect(distance(shares(2, 1), [0.16741, 0.27600, 0.45505, 0.10154]) < 1e-3)
    // The two most probable reach 0.8, and are drawn in proportion.
    #expect(distance(shares(1, 0.8), [0, 0.26894, 0.73106, 0]) < 1e-3)
    #expect(shares(1, 0.5) == [0, 0, 1, 0])
  }

  @Test func `normal numbers are normal and fixed by their seed`() {
    let buffer = FloatBuffer(count: 20_001)
    fillNormal(buffer, deviation: 2, seed: 9)
    #expect(abs(sum(buffer) / 20_001) < 0.05)
    #expect(abs(sumOfSquares(buffer) / 20_001 - 4) < 0.15)
    let again = FloatBuffer(count: 100)
    fillNormal(again, deviation: 2, seed: 9)
    #expect(again.scalars == Array(buffer.scalars[..<100]))
  }

  @Test func `refuses prompts it cannot continue`() {
    let model = tinyModel()
    for (prompt, complaint) in [
      ([], "the prompt holds no token; begin it with a token such as bos"),
      (
        [1, 99],
        "token 99 of the prompt is not among the model's 19 tokens; use the tokenizer that belongs to the model"
      ),
    ] as [([Int32], String)] {
      #expect {
        try model.generate(prompt: prompt, maxNewTokens: 1)
      } throws: {
        "\($0)" == complaint
      }
    }
  }
}

@Suite struct BrainFloatTests {
  // Eight bits of mantissa: 0.4 % of each operand, through two blocks.
  @Test func `bfloat16 products stay near single precision, forwards and backwards`() throws {
    try compare(tinyModel(), tinyModel(computeType: .bfloat16), 1e-5..<0.2, 0.1)
  }

  // Sixteen bits: 256 times less.
  @Test(.enabled(if: InstructionSet.current == .amx, "elsewhere products take all bits"))
  func `two bfloat16 numbers for one stay nearer, forwards and backwards`() throws {
    try compare(tinyModel(), tinyModel(computeType: .bfloat16x2), 1e-7..<0.2 / 256, 0.1 / 256)
  }

  @Test func `rows of a multiple of 2 KB, which stand apart, are near single precision too`() throws {
    let configuration = ModelConfiguration(
      vocabularyCount: 19, width: 1024, feedForwardWidth: 512, layerCount: 1, headCount: 16,
      keyValueHeadCount: 2, headWidth: 64)
    func model(_ computeType: ComputeType) -> CausalLanguageModel {
      CausalLanguageModel.random(
        configuration: configuration, seed: 3, initializerRange: 0.04, computeType: computeType)
    }
    #expect(Workspace.operandStride(1024, of: UInt16.self) == 1056)
    try compare(model(.float32), model(.bfloat16), 1e-5..<0.2, 0.1)
  }

  /// How far log-probabilities may be apart, and gradients as shares of their size.
  private func compare(
    _ exact: CausalLanguageModel, _ rounded: CausalLanguageModel, _ errors: Range<Double>, _ share: Float
  ) throws {
    let objective = MixedObjective([.logProbability], count: 5 * 4)
    let error = distance(
      try exact.scalars(.logProbability, tinyBatch), try rounded.scalars(.logProbability, tinyBatch))
    #expect(errors.contains(error), "\(error)")
    let (a, b) = (try gradient(of: objective, exact), try gradient(of: objective, rounded))
    for (place, parameter) in exact.parameters.enumerated() {
      let size = a[place].reduce(0) { $0 + $1 * $1 }.squareRoot()
      let off = zip(a[place], b[place]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      #expect(off < share * size, "\(parameter.name): \(off) of \(size)")
    }
  }

  @Test func `bfloat16 is exact where rounding is, and follows moved weights`() throws {
    let model = tinyModel(computeType: .bfloat16)
    let before = try model.scalars(.logProbability, tinyBatch)
    for parameter in model.parameters { scale(parameter.values, by: 1.25) }
    model.parametersChanged()
    let after = try model.scalars(.logProbability, tinyBatch)
    #expect(after != before)
    #expect(try model.copy().scalars(.logProbability, tinyBatch) == after)
  }
}

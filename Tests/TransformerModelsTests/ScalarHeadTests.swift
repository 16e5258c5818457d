// Scalar heads: a linear map of the last state, read before a token or behind it, trained and saved with the model.

import Foundation
import Optimizers
import PreferenceCore
import Testing
import VectorKernels

@testable import TransformerModels

@Suite struct ScalarHeadTests {
  /// A model with one head of random weights.
  private static func model(_ computeType: ComputeType = .float32) -> CausalLanguageModel {
    let model = tinyModel(computeType: computeType)
    model.attachScalarHead("value")
    for parameter in model.scalarHeads[0].parameters { fillNormal(parameter.values, deviation: 0.5, seed: 8) }
    return model
  }

  @Test func `says 0 before it is trained`() throws {
    let model = tinyModel()
    model.attachScalarHead("value")
    #expect(try model.scalars(.head("value"), tinyBatch).allSatisfy { $0 == 0 })
    #expect(model.scalarHeadNames == ["value"])
  }

  @Test func `a head with a token's own vector gives that token's score`() throws {
    let model = Self.model()
    let (head, token, width) = (model.scalarHeads[0], 6, 12)
    for i in 0..<width { head.weight.values[i] = model.parameters[0].values[token * width + i] }
    head.bias.values[0] = 0.25
    let values = try model.scalars(.head("value"), tinyBatch)
    let behind = try model.scalars(.headBehind("value"), tinyBatch)
    for (n, completion) in tinyBatch.completions.enumerated() {
      for t in completion.indices {
        let text = tinyBatch.prompts[tinyBatch.layout.prompts[n]] + completion[..<t]
        #expect(abs(values[4 * n + t] - model.nextScores(text)[token] - 0.25) < 1e-5)
        let read = text + [completion[t]]
        #expect(abs(behind[4 * n + t] - model.nextScores(read)[token] - 0.25) < 1e-5)
      }
      for t in completion.count..<4 { #expect(values[4 * n + t] == 0 && behind[4 * n + t] == 0) }
    }
  }

  @Test func `behind one token is before the next`() throws {
    let model = Self.model()
    let scores = try model.score(tinyBatch, [.head("value"), .headBehind("value"), .logProbability])
    let (before, behind) = (scores[.head("value")].scalars, scores[.headBehind("value")].scalars)
    for (n, completion) in tinyBatch.completions.enumerated() {
      for t in completion.indices.dropFirst() { #expect(before[4 * n + t] == behind[4 * n + t - 1]) }
    }
    // Reading one token more changes no bit of what is said of the others.
    #expect(try tinyModel().scalars(.logProbability, tinyBatch) == scores[.logProbability].scalars)
  }

  @Test func `gradients are derivatives, by the head's weights and by the model's`() throws {
    try checkGradient(Self.model(), [.head("value")])
    try checkGradient(Self.model(), [.headBehind("value")])
    try checkGradient(Self.model(), [.head("value"), .headBehind("value"), .logProbability])
  }

  @Test func `weights that are adapted let its gradient through`() throws {
    let scratch = try Scratch()
    try tinyModel().save(to: scratch.path)
    let model = try CausalLanguageModel.load(ModelDirectory(scratch.path), for: .adapted)
    model.attach(try LowRankAdapter(for: model.configuration, LowRankOptions(rank: 2), seed: 3))
    for parameter in model.parameters { fillNormal(parameter.values, deviation: 0.3, seed: 5) }
    model.attachScalarHead("reward")
    for parameter in model.scalarHeads[0].parameters { fillNormal(parameter.values, deviation: 0.5, seed: 8) }
    model.parametersChanged()
    #expect(model.parameters.contains { $0.name == "scalar_heads.reward.weight" })
    try checkGradient(model, [.headBehind("reward")])
  }

  @Test(arguments: ComputeType.allCases) func `bfloat16 agrees roughly`(_ computeType: ComputeType) throws {
    let exact = try Self.model().scalars(.headBehind("value"), tinyBatch)
    let rounded = try Self.model(computeType).scalars(.headBehind("value"), tinyBatch)
    #expect(distance(exact, rounded) < 0.1)
  }

  @Test func `is saved beside the model and read back to the bit`() throws {
    let scratch = try Scratch()
    let model = Self.model()
    try model.save(to: scratch.path)
    try model.saveScalarHeads(to: scratch.path)
    let read = try CausalLanguageModel.load(ModelDirectory(scratch.path), trainable: true)
    #expect(read.scalarHeadNames.isEmpty)
    read.attachScalarHead("value")
    read.attachScalarHead("other")
    try read.loadScalarHeads(from: scratch.path)
    #expect(try read.scalars(.head("value"), tinyBatch) == model.scalars(.head("value"), tinyBatch))
    #expect(try read.scalars(.head("other"), tinyBatch).allSatisfy { $0 == 0 })
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `a head whose weights are not numbers is refused, and changes nothing`(_ bad: Float) throws {
    let scratch = try Scratch()
    let model = Self.model()
    model.scalarHeads[0].weight.values[3] = bad
    try model.saveScalarHeads(to: scratch.path)
    let read = tinyModel()
    let error = #expect(throws: ModelError.self) { try read.attachScalarHeads(savedIn: scratch.path) }
    #expect(
      error?.description.replacingOccurrences(of: scratch.path, with: "M")
        == "'M/scalar_heads.safetensors': tensor 'scalar_heads.value.weight' holds NaN or infinite weights; "
        + "the head is damaged: fetch it again or go back to an earlier checkpoint")
    #expect(try read.scalars(.head("value"), tinyBatch).allSatisfy { $0 == 0 })
  }

  @Test func `a head that is not there is named`() throws {
    let error = #expect(throws: ScoringError.self) { try tinyModel().score(tinyBatch, [.head("value")]) }
    #expect(
      error?.description
        == "a language model cannot score 'head/value'; it scores argmax-hit, entropy, log-collision, "
        + "log-probability, mean-score")
  }
}

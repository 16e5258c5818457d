// Every family against transformers: checkpoints with common and with odd settings, scores, gradients, files.

import Foundation
import Optimizers
import PreferenceCore
import Safetensors
import Tensors
import Testing
import VectorKernels

@testable import TransformerModels

/// The directories of checkpoints under `Fixtures/<folder>`, as `folder/name`.
private func checkpoints(_ folder: String) -> [String] {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/" + folder)
  let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
  let complete = names.filter {
    FileManager.default.fileExists(atPath: root.appendingPathComponent($0 + "/gradients.json").path)
  }
  return complete.sorted().map { "\(folder)/\($0)" }
}

/// Checkpoints that transformers wrote: `hf` as they usually are; `hf-odd` with odd head counts, windows shorter than
/// the sequences, every rotary rule, biases, other activations, both spellings of the configuration, shards.
private let everyCheckpoint = checkpoints("hf") + checkpoints("hf-odd")

@Suite struct ArchitecturesTests {
  @Test func `every family has checkpoints`() throws {
    var families: [ModelConfiguration.Family: Int] = [:]
    for name in everyCheckpoint {
      families[try Golden(at: name).directory.configuration().family, default: 0] += 1
    }
    for family in ModelConfiguration.Family.allCases { #expect(families[family] ?? 0 >= 3, "\(family)") }
  }

  @Test(arguments: everyCheckpoint)
  func `scores as transformers does`(_ name: String) throws {
    let golden = try Golden(at: name)
    let model = try CausalLanguageModel.load(golden.directory, trainable: false)
    let scores = try model.score(golden.batch, [.logProbability, .entropy])
    for statistic in [TokenStatistic.logProbability, .entropy] {
      let error = distance(scores[statistic].scalars, golden.expected(statistic))
      // Single precision on both sides; scores of odd checkpoints reach 100, whose last place is 8e-6.
      #expect(error < 1e-4, "\(statistic): \(error)")
    }
  }

  @Test(arguments: ["llama_own_head", "llama_head_alone", "mistral_layers"])
  func `scores files that are not quite what they say as transformers does`(_ name: String) throws {
    let golden = try Golden(at: "hf-odd/" + name)
    let model = try CausalLanguageModel.load(golden.directory, trainable: true)
    #expect(model.configuration.tiesEmbeddings == (name == "llama_head_alone"))
    let scores = try model.score(golden.batch, [.logProbability, .entropy])
    for statistic in [TokenStatistic.logProbability, .entropy] {
      let error = distance(scores[statistic].scalars, golden.expected(statistic))
      #expect(error < 2e-5, "\(statistic): \(error)")
    }
    // What is saved says what it is.
    let scratch = try Scratch()
    try model.save(to: scratch.path)
    let copy = try CausalLanguageModel.load(ModelDirectory(scratch.path), trainable: false)
    #expect(copy.configuration.tiesEmbeddings == model.configuration.tiesEmbeddings)
    let again = try copy.score(golden.batch, [.logProbability])
    #expect(again[.logProbability].scalars == scores[.logProbability].scalars)
  }

  @Test(arguments: everyCheckpoint)
  func `has torch's gradients`(_ name: String) throws {
    let golden = try Golden(at: name)
    let model = try CausalLanguageModel.load(golden.directory, trainable: true)
    let row = golden.rows[0]
    let batch = TokenBatch(
      prompts: [row.promptIds], completions: [row.chosenIds],
      layout: FeedbackLayout(prompts: [0], ranks: [0], isDesirable: [true]))
    var gradients = GradientAccumulator(for: model.parameters)
    try model.accumulateGradients(into: &gradients, scoring: batch, [.logProbability, .entropy]) { scores in
      let shape = scores[.logProbability].shape
      let ones = [Double](repeating: 1, count: shape.reduce(1, *))
      return [
        .logProbability: Tensor(ones, shape: shape), .entropy: Tensor(ones.map { -$0 / 2 }, shape: shape),
      ]
    }
    // A norm and a projection for each weight, in the order of its file.
    let data = try Data(contentsOf: URL(fileURLWithPath: golden.directory.location(of: "gradients.json")))
    let expected = try JSONDecoder().decode([String: [Double]].self, from: data)
    let weights = model.configuration.weights
    #expect(Set(weights.map(\.name.description)) == Set(expected.keys))
    for weight in weights {
      let values = gradients.buffer(for: weight.name).scalars.map(Double.init)
      let (rows, columns) = (weight.shape[0], weight.count / max(1, weight.shape[0]))
      let ordered =
        weight.isTurned
        ? (0..<values.count).map { values[$0 % rows * columns + $0 / rows] } : values
      let norm = ordered.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let projection = ordered.enumerated().reduce(0) { $0 + $1.element * cos(0.7 * Double($1.offset) + 1) }
      let exact = try #require(expected[weight.name.description])
      let tolerance = 2e-3 * exact[0] + 1e-4
      #expect(abs(norm - exact[0]) < tolerance, "\(weight.name): \(norm), torch says \(exact[0])")
      #expect(abs(projection - exact[1]) < tolerance, "\(weight.name): \(projection), torch \(exact[1])")
    }
  }

  @Test(arguments: everyCheckpoint)
  func `a saved model is the file it came from`(_ name: String) throws {
    let scratch = try Scratch()
    let directory = try Golden(at: name).directory
    try CausalLanguageModel.load(directory, trainable: true).save(to: scratch.path)
    let (original, saved) = (try directory.weights(), try ModelDirectory(scratch.path).weights())
    #expect(saved.files.keys.sorted() == original.files.keys.sorted())
    for (tensor, file) in original.files {
      let copy = try #require(saved.files[tensor])
      #expect(try copy.shape(of: tensor) == file.shape(of: tensor))
      #expect(try copy.scalarType(of: tensor) == file.scalarType(of: tensor))
      #expect(try copy.bytes(of: tensor).scalars == file.bytes(of: tensor).scalars)
    }
    #expect(
      try JSONFile.read(scratch.path + "/config.json") == JSONFile.read(directory.location(of: "config.json"))
    )
  }

  @Test(arguments: checkpoints("hf"))
  func `bfloat16 stays near, and a frozen model is the trained one`(_ name: String) throws {
    let golden = try Golden(at: name)
    func load(_ use: WeightUse) throws -> CausalLanguageModel {
      try .load(golden.directory, for: use, computeType: .bfloat16)
    }
    let scores = try load(.trained).score(golden.batch, [.logProbability])[.logProbability].scalars
    #expect(distance(scores, golden.expected(.logProbability)) < 0.2)
    #expect(try load(.scoring).score(golden.batch, [.logProbability])[.logProbability].scalars == scores)
  }

  @Test func `weights are found without the module that holds them`() throws {
    for (name, base) in [("gpt2_c", "transformer."), ("llama_bias", "model.")] {
      let scratch = try Scratch()
      let directory = try Golden(at: "hf-odd/" + name).directory
      let tensors = try directory.weights().files.map { tensor, file in
        let short = tensor.hasPrefix(base) ? String(tensor.dropFirst(base.count)) : tensor
        return SafetensorsTensor(
          short, shape: try file.shape(of: tensor), floats: try file.floats(of: tensor))
      }
      try SafetensorsWriter.write(tensors, to: scratch.path + "/model.safetensors")
      try JSONFile.write(
        JSONFile.read(directory.location(of: "config.json")), to: scratch.path + "/config.json")
      let (short, long) = (
        try CausalLanguageModel.load(ModelDirectory(scratch.path), trainable: true),
        try CausalLanguageModel.load(directory, trainable: true)
      )
      #expect(short.fingerprint == long.fingerprint)
      try short.save(to: scratch.path + "/again")
      let saved = try ModelDirectory(scratch.path + "/again").weights()
      #expect(saved.files.keys.sorted() == tensors.map(\.name).sorted())
    }
  }
}

// Loading and saving: round trips, shards, and refusals that name tensor and file.

import Foundation
import Optimizers
import PreferenceCore
import Safetensors
import Tensors
import Testing
import VectorKernels

@testable import TransformerModels

@Suite struct FilesTests {
  @Test(arguments: ["llama", "llama3", "qwen2"])
  func `a saved model is the file it came from`(_ name: String) throws {
    let scratch = try Scratch()
    let golden = try Golden(name)
    try CausalLanguageModel.load(golden.directory, trainable: true).save(to: scratch.path)
    let original = try SafetensorsFile(mapping: golden.directory.location(of: "model.safetensors"))
    let saved = try SafetensorsFile(mapping: scratch.path + "/model.safetensors")
    #expect(saved.names.sorted() == original.names.sorted())
    for tensor in original.names {
      #expect(try saved.scalarType(of: tensor) == original.scalarType(of: tensor))
      #expect(try saved.bytes(of: tensor).scalars == original.bytes(of: tensor).scalars)
    }
    for file in ["config.json", "generation_config.json"] {
      #expect(
        try JSONFile.read(scratch.path + "/" + file) == JSONFile.read(golden.directory.location(of: file)))
    }
  }

  @Test func `a fresh model scores the same after a round trip, in one file or in shards`() throws {
    let scratch = try Scratch()
    let model = tinyModel(tied: false, biases: true)
    let scores = try model.scalars(.logProbability, tinyBatch)
    try model.save(to: scratch.path + "/one")
    try model.save(to: scratch.path + "/many", shardLimit: 3000)
    let index = try ShardIndex(path: scratch.path + "/many/model.safetensors.index.json")
    #expect(index.shards.count > 2)
    #expect(index.shards[0] == "model-00001-of-0000\(index.shards.count).safetensors")
    for place in ["/one", "/many"] {
      for trainable in [true, false] {
        let read = try CausalLanguageModel.load(ModelDirectory(scratch.path + place), trainable: trainable)
        #expect(try read.scalars(.logProbability, tinyBatch) == scores)
      }
    }
  }

  @Test func `weights can be stored in another type`() throws {
    let scratch = try Scratch()
    try tinyModel().save(to: scratch.path, storedAs: .bfloat16)
    let file = try SafetensorsFile(mapping: scratch.path + "/model.safetensors")
    #expect(try file.names.allSatisfy { try file.scalarType(of: $0) == .bfloat16 })
    #expect(try JSONFile.read(scratch.path + "/config.json")["dtype"] == .text("bfloat16"))
  }

  @Test func `a frozen model's weights can be moved without touching its file`() throws {
    let golden = try Golden("llama")
    let model = try CausalLanguageModel.load(golden.directory, trainable: false)
    let before = try Data(
      contentsOf: URL(fileURLWithPath: golden.directory.location(of: "model.safetensors")))
    for parameter in model.parameters { scale(parameter.values, by: 0.5) }
    model.parametersChanged()
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: golden.directory.location(of: "model.safetensors"))) == before
    )
    let scores = try model.scalars(.logProbability, golden.batch)
    #expect(distance(scores, golden.expected(.logProbability)) > 1e-3)
  }

  @Test func `a copy stays where it was`() throws {
    let model = tinyModel()
    let scores = try model.scalars(.logProbability, tinyBatch)
    let reference = model.copy()
    for parameter in model.parameters { scale(parameter.values, by: 1.5) }
    #expect(try reference.scalars(.logProbability, tinyBatch) == scores)
    #expect(try model.scalars(.logProbability, tinyBatch) != scores)
  }

  @Test func `a frozen model in bfloat16 keeps nothing else and scores as the one that learns`() throws {
    let golden = try Golden("llama")
    func load(_ use: WeightUse) throws -> CausalLanguageModel {
      try .load(golden.directory, for: use, computeType: .bfloat16)
    }
    let (trained, frozen) = (try load(.trained), try load(.scoring))
    #expect(
      frozen.parameters.allSatisfy { $0.shape.count == 1 } && frozen.parameterCount == trained.parameterCount)
    let (mine, its) = (
      try trained.score(golden.batch, allStatistics), try frozen.score(golden.batch, allStatistics)
    )
    for statistic in allStatistics { #expect(mine[statistic].scalars == its[statistic].scalars) }
    let copy = trained.copy(for: .scoring)
    #expect(copy.fingerprint == frozen.fingerprint && copy.fingerprint != trained.fingerprint)
    #expect(try copy.score(golden.batch, [.entropy])[.entropy].scalars == its[.entropy].scalars)
    trained.parameters[1].values[3] += 0.001
    #expect(trained.copy(for: .scoring).fingerprint != frozen.fingerprint)
  }

  @Test(arguments: [ComputeType.float32, .bfloat16x2])
  func `frozen weights that bfloat16 holds take part in less, for the same bits`(
    _ computeType: ComputeType
  ) throws {
    let golden = try Golden("llama3")
    func load(_ use: WeightUse) throws -> CausalLanguageModel {
      try .load(golden.directory, for: use, computeType: computeType)
    }
    let (moved, stays) = (try load(.following), try load(.scoring))
    #expect(moved.weights.filter { $0.shape.count == 2 }.allSatisfy { holdsBrainFloats($0.values) })
    for statistic in allStatistics {
      #expect(
        try moved.scalars(statistic, golden.batch) == stays.scalars(statistic, golden.batch), "\(statistic)")
    }
    // And on the way back to what is trained beside them.
    let matrix = try #require(moved.weights.first { $0.shape.count == 2 })
    let specification = try #require(moved.configuration.weights.first { $0.name == matrix.name })
    func map(_ use: WeightUse) -> LinearMap<Float> {
      LinearMap(
        JoinedWeights(specifications: [specification], values: matrix.values), use: use, computeType.precision
      )
    }
    let slope = Matrix<Float>(rows: 7, columns: matrix.shape[0])
    fillNormal(slope.buffer, deviation: 1, seed: 5)
    let results = [WeightUse.trained, .adapted].map { use in
      let result = Matrix<Float>(rows: 7, columns: matrix.shape[1])
      map(use).pullBack(slope, into: result)
      return result.buffer.scalars
    }
    #expect(results[0] == results[1])
  }

  @Test func `decay spares norms and biases`() {
    let parameters = tinyModel(biases: true).parameters
    #expect(parameters.filter { !$0.isDecayed }.count == 5 + 2 * 7)
    #expect(parameters.filter { !$0.isDecayed }.allSatisfy { $0.shape.count == 1 })
    #expect(tinyModel().parameterCount == 19 * 12 + 2 * (12 * 24 * 2 + 12 * 12 * 2 + 12 * 10 * 3 + 24) + 12)
  }

  /// Saves a tiny model, lets `change` alter its tensors, and returns what loading it complains about.
  private func complaint(_ change: (inout [SafetensorsTensor]) throws -> Void) throws -> String {
    let scratch = try Scratch()
    let model = tinyModel()
    try model.save(to: scratch.path)
    var tensors = model.parameters.map {
      SafetensorsTensor($0.name.description, shape: $0.shape, floats: $0.values)
    }
    try change(&tensors)
    try SafetensorsWriter.write(tensors, to: scratch.path + "/model.safetensors")
    do throws(ModelError) {
      _ = try CausalLanguageModel.load(ModelDirectory(scratch.path), trainable: false)
      return "no complaint"
    } catch {
      return error.description.replacingOccurrences(of: scratch.path, with: "M")
    }
  }

  @Test func `refuses weights that do not fit`() throws {
    #expect(
      try complaint { $0.removeAll { $0.name == "model.norm.weight" } }
        == "'M/model.safetensors': tensor 'model.norm.weight' is missing; "
        + "'config.json' asks for it: check that both belong to one model")
    #expect(
      try complaint {
        $0.removeAll { $0.name == "model.norm.weight" }
        $0.append(SafetensorsTensor("model.norm.weight", shape: [3, 4], floats: FloatBuffer(count: 12)))
      }
        == "'M/model.safetensors': tensor 'model.norm.weight' has shape [3, 4], but 'config.json' asks for [12]; "
        + "check that both belong to one model")
    for bad in [Float.nan, .infinity, -.infinity] {
      #expect(
        try complaint {
          $0.removeAll { $0.name == "model.norm.weight" }
          let values = FloatBuffer([Float](repeating: 1, count: 11) + [bad])
          $0.append(SafetensorsTensor("model.norm.weight", shape: [12], floats: values))
        }
          == "'M/model.safetensors': tensor 'model.norm.weight' holds NaN or infinite weights; "
          + "the model is damaged: fetch it again or go back to an earlier checkpoint")
    }
  }

  @Test func `refuses directories without a model`() throws {
    let scratch = try Scratch()
    #expect {
      try CausalLanguageModel.load(ModelDirectory(scratch.path), trainable: false)
    } throws: {
      "\($0)" == "'\(scratch.path)' has no config.json; give the directory of a model"
    }
    try JSONFile.write(tinyModel().configuration.json(dtype: "float32"), to: scratch.path + "/config.json")
    #expect {
      try CausalLanguageModel.load(ModelDirectory(scratch.path), trainable: false)
    } throws: {
      "\($0)"
        == "'\(scratch.path)': has neither model.safetensors nor model.safetensors.index.json; "
        + "convert other formats to safetensors first"
    }
  }
}

// Adapters on disk, as PEFT writes and reads them, and adapters that are refused.

import Foundation
import Optimizers
import Safetensors
import Testing
import VectorKernels

@testable import TransformerModels

@Suite struct AdapterFilesTests {
  private static var fixture: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/lora/adapter").path
  }

  @Test func `reads what PEFT wrote`() throws {
    let configuration = try Golden("llama").directory.configuration()
    let adapter = try LowRankAdapter.load(Self.fixture, for: configuration)
    #expect(
      adapter.options
        == LowRankOptions(rank: 4, alpha: 8, targets: .named(["q_proj", "v_proj", "down_proj"])))
    #expect(adapter.parameters.count == 12 && adapter.options.scale == 2)
    let first = try #require(
      adapter.parameters["base_model.model.model.layers.0.mlp.down_proj.lora_A.weight"])
    #expect(first.shape == [4, 80])
    let file = try SafetensorsFile(mapping: Self.fixture + "/adapter_model.safetensors")
    for parameter in adapter.parameters {
      #expect(try file.floats(of: parameter.name.description).scalars == parameter.values.scalars)
    }
  }

  @Test func `what is written is read again, to the bit`() throws {
    let scratch = try Scratch()
    let configuration = tinyModel().configuration
    for targets in [LowRankOptions.Targets.usual, .allLinear, .named(["down_proj"])] {
      var options = LowRankOptions(rank: 2, alpha: 3.5, dropout: 0.1, targets: targets)
      options.usesRankStabilizedScale = true
      let adapter = try LowRankAdapter(for: configuration, options, seed: 5)
      try adapter.save(to: scratch.path, baseModel: "tiny")
      let again = try LowRankAdapter.load(scratch.path, for: configuration)
      #expect(again.options.scale == options.scale && again.options.dropout == 0.1)
      #expect(again.parameters.map(\.name) == adapter.parameters.map(\.name))
      #expect(again.parameters.fingerprint == adapter.parameters.fingerprint)
    }
    let json = try JSONFile.read(scratch.path + "/adapter_config.json")
    #expect(json["base_model_name_or_path"]?.string == "tiny" && json["peft_type"]?.string == "LORA")
    #expect(json["target_modules"] == .list([.text("down_proj")]) && json["lora_alpha"]?.double == 3.5)
  }

  /// What is said about an adapter whose configuration has `key: value` in place of its own.
  private func complaint(_ key: String, _ value: JSONValue) throws -> String? {
    let scratch = try Scratch()
    let configuration = tinyModel().configuration
    try LowRankAdapter(for: configuration, LowRankOptions(rank: 2), seed: 5)
      .save(to: scratch.path, baseModel: "tiny")
    let path = scratch.path + "/adapter_config.json"
    try JSONFile.write(try JSONFile.read(path).setting(key, to: value), to: path)
    do {
      _ = try LowRankAdapter.load(scratch.path, for: configuration)
      return nil
    } catch {
      return error.description.replacingOccurrences(of: scratch.path, with: "DIR")
    }
  }

  @Test(arguments: [
    (
      "use_dora", JSONValue.boolean(true),
      "'DIR/adapter_config.json': use_dora is not supported; merge the adapter into the model with PEFT"
    ),
    (
      "bias", .text("all"),
      "'DIR/adapter_config.json': bias 'all' is not supported; merge the adapter into the model with PEFT"
    ),
    (
      "modules_to_save", .list([.text("lm_head")]),
      "'DIR/adapter_config.json': modules_to_save is not supported; merge the adapter into the model with PEFT"
    ),
    ("peft_type", .text("IA3"), "'DIR/adapter_config.json': peft_type is 'IA3'; only 'LORA' is read"),
    (
      "target_modules", .text(".*proj"),
      "'DIR/adapter_config.json': target_modules '.*proj' is a pattern, which is not supported; "
        + "list the layers' names"
    ),
    (
      "target_modules", .list([.text("q_proj"), .text("v_proj"), .text("k_proj")]),
      "'DIR/adapter_model.safetensors': tensor 'base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight' "
        + "is missing; 'adapter_config.json' asks for it: check that both belong to one adapter and to this model"
    ),
    (
      "target_modules", .list([.text("q_proj")]),
      "'DIR/adapter_model.safetensors': tensor 'base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight' "
        + "belongs to no layer that adapter_config.json adapts; what it does to the model is not supported"
    ),
    (
      "r", .number("3"),
      "'DIR/adapter_model.safetensors': tensor 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight' "
        + "has shape [2, 12], but the model asks for [3, 12]; check that the adapter was made for this model"
    ),
  ])
  func `refuses what it would compute wrongly`(_ key: String, _ value: JSONValue, _ message: String) throws {
    let found = try complaint(key, value)
    #expect(found == message)
  }

  @Test func `names the layers there are`() {
    let configuration = tinyModel().configuration
    #expect {
      try LowRankAdapter(for: configuration, LowRankOptions(targets: .named(["q_proj", "qkv"])), seed: 1)
    } throws: {
      "\($0)"
        == "target_modules 'qkv' is no linear layer of this model; there are 'q_proj', 'k_proj', 'v_proj', "
        + "'o_proj', 'gate_proj', 'up_proj', 'down_proj', and \"all-linear\" takes them all"
    }
    #expect {
      try LowRankAdapter(for: configuration, LowRankOptions(targets: .named([])), seed: 1)
    } throws: {
      "\($0)" == "target_modules is empty, so there would be nothing to train; name a layer"
    }
    #expect {
      try LowRankAdapter.load("/nowhere", for: configuration)
    } throws: {
      "\($0)" == "'/nowhere' has no adapter_config.json; give the directory of a PEFT adapter"
    }
  }
}

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
      "'DIR/adapter_model.safetensors': tensor "
        + "'base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector' is missing; "
        + "'adapter_config.json' asks for it: check that both belong to one adapter and to this model"
    ),
    (
      "bias", .text("every"),
      "'DIR/adapter_config.json': bias 'every' is not known; it is none, all or lora_only"
    ),
    (
      "layers_pattern", .text("layers"),
      "'DIR/adapter_config.json': layers_pattern is given without layers_to_transform; is it PEFT's?"
    ),
    (
      "lora_bias", .boolean(true),
      "'DIR/adapter_config.json': lora_bias is not supported; merge the adapter into the model with PEFT"
    ),
    (
      "target_parameters", .list([.text("mlp.experts")]),
      "'DIR/adapter_config.json': target_parameters is not supported; merge the adapter into the model with PEFT"
    ),
    (
      "ensure_weight_tying", .boolean(true),
      "'DIR/adapter_config.json': ensure_weight_tying is not supported; merge the adapter into the model with PEFT"
    ),
    (
      "init_lora_weights", .text("pissa_niter_4"),
      "'DIR/adapter_config.json': init_lora_weights 'pissa_niter_4' changes the base's weights, which is not "
        + "supported; convert the adapter to a plain one with PEFT"
    ),
    (
      "rank_pattern", .object([JSONMember("q_proj", .number("0"))]),
      "'DIR/adapter_config.json': rank_pattern 'q_proj' is no positive number; is it PEFT's?"
    ),
    (
      "alpha_pattern", .object([JSONMember("q_proj", .text("x"))]),
      "'DIR/adapter_config.json': alpha_pattern 'q_proj' is no positive number; is it PEFT's?"
    ),
    ("peft_type", .text("IA3"), "'DIR/adapter_config.json': peft_type is 'IA3'; only 'LORA' is read"),
    (
      "target_modules", .text("q_proj"),
      "target_modules matches no linear layer of this model, so there would be nothing to train; there are "
        + "'q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'"
    ),
    (
      "target_modules", .list([.text("q_proj"), .text("v_proj"), .text("wpe")]),
      "target_modules 'wpe': adapters beside the embedding or the head are not supported; name it in "
        + "modules_to_save, or merge the adapter with PEFT"
    ),
    (
      "target_modules", .list([.text("q_proj"), .text("v_proj"), .text("lm_head")]),
      "'DIR/adapter_model.safetensors': tensor 'base_model.model.lm_head.lora_A.weight' is missing; "
        + "'adapter_config.json' asks for it: check that both belong to one adapter and to this model"
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

  @Test func `pairs beside embedding and head are PEFT's: read and written, not made anew`() throws {
    let scratch = try Scratch()
    let configuration = tinyModel().configuration
    let options = LowRankOptions(rank: 2, targets: .named(["q_proj", "lm_head", "embed_tokens"]))
    let error = #expect(throws: ModelError.self) {
      _ = try LowRankAdapter(for: configuration, options, seed: 5)
    }
    #expect(error?.description.hasPrefix("target_modules 'lm_head': adapters beside") == true)
    let adapter = try LowRankAdapter(for: configuration, options) { parameter in
      for i in 0..<parameter.values.count { parameter.values[i] = Float(i % 17) / 8 - 1 }
    }
    #expect(adapter.needsMergedWeights && !adapter.configuration.tiesEmbeddings)
    try adapter.save(to: scratch.path, baseModel: "tiny")
    let file = try SafetensorsFile(mapping: scratch.path + "/adapter_model.safetensors")
    let (tokens, width) = (configuration.vocabularyCount, configuration.width)
    let prefix = "base_model.model.model.embed_tokens.lora_embedding_"
    #expect(try file.shape(of: prefix + "A") == [2, tokens] && file.shape(of: prefix + "B") == [width, 2])
    let again = try LowRankAdapter.load(scratch.path, for: configuration)
    #expect(again.parameters.fingerprint == adapter.parameters.fingerprint)
  }

  @Test func `biases that a model has not are refused of a new adapter, and nothing to one that PEFT wrote`()
    throws
  {
    #expect(try complaint("bias", .text("all")) == nil)
    #expect(try complaint("bias", .text("lora_only")) == nil)
    var options = LowRankOptions(rank: 2)
    options.biases = .all
    let error = #expect(throws: ModelError.self) {
      _ = try LowRankAdapter(for: tinyModel().configuration, options, seed: 5)
    }
    #expect(error?.description == "bias 'all': the model has no such bias; leave it out")
  }

  @Test func `a pattern that is none is refused`() throws {
    let found = try #require(try complaint("target_modules", .text("(q_proj")))
    #expect(found.hasPrefix("target_modules '(q_proj' is no regular expression: "))
  }

  /// The layers that options adapt, without what their names have in common, with rank and scale.
  private func adapted(_ options: LowRankOptions, isStrict: Bool = false) throws -> [String] {
    try tinyModel().configuration.adaptedLayers(options, isStrict: isStrict).map {
      "\($0.layer.name.dropFirst("model.layers.".count)) \($0.rank) \($0.scale)"
    }
  }

  @Test func `layers are chosen by PEFT's rules`() throws {
    var options = LowRankOptions(rank: 4, alpha: 8, targets: .pattern(".*\\.(q_proj|down_proj)"))
    options.excluded = .named(["layers.0.mlp.down_proj"])
    options.ranks = [.init("q_proj", 2), .init(".*q_proj", 3)]
    options.alphas = [.init("layers.1.mlp.down_proj", 16)]
    #expect(
      try adapted(options) == [
        "0.self_attn.q_proj 2 4.0", "1.self_attn.q_proj 2 4.0", "1.mlp.down_proj 4 4.0",
      ])
    options.usesRankStabilizedScale = true
    #expect(try adapted(options).last == "1.mlp.down_proj 4 8.0")

    // One name that is found is enough for PEFT; a run file must name nothing else.
    options = LowRankOptions(rank: 4, alpha: 4, targets: .named(["k_proj", "c_attn"]))
    options.blocks = [1]
    #expect(try adapted(options) == ["1.self_attn.k_proj 4 1.0"])
    #expect(throws: ModelError.self) { try adapted(options, isStrict: true) }
    // A name in full is meant whatever blocks are chosen.
    options.targets = .named(["k_proj", "model.layers.0.mlp.up_proj"])
    #expect(try adapted(options) == ["0.mlp.up_proj 4 1.0", "1.self_attn.k_proj 4 1.0"])

    // Blocks are counted in what layers_pattern names, of which there may be none.
    options.targets = .named(["k_proj"])
    options.blockContainers = ["h", "layers"]
    #expect(try adapted(options) == ["1.self_attn.k_proj 4 1.0"])
    options.blockContainers = ["h"]
    #expect(throws: ModelError.self) { try adapted(options) }

    options = LowRankOptions(rank: 4, alpha: 4, targets: .allLinear)
    options.savedModules = ["self_attn", "gate_proj"]
    #expect(
      try adapted(options).map { $0.split(separator: " ")[0] } == [
        "0.mlp.up_proj", "0.mlp.down_proj", "1.mlp.up_proj", "1.mlp.down_proj",
      ])
  }

  @Test func `every measure is written as it was read`() throws {
    let configuration = try Golden("qwen2").directory.configuration()
    let folder = URL(fileURLWithPath: Self.fixture).deletingLastPathComponent().path
    for name in ["bias_all", "bias_lora", "everything"] {
      let scratch = try Scratch()
      let adapter = try LowRankAdapter.load("\(folder)/peft/\(name)", for: configuration)
      try adapter.save(to: scratch.path, baseModel: "tiny")
      let again = try LowRankAdapter.load(scratch.path, for: configuration)
      #expect(
        again.options == adapter.options && again.parameters.fingerprint == adapter.parameters.fingerprint)
      let (ours, theirs) = try (
        SafetensorsFile(mapping: scratch.path + "/adapter_model.safetensors"),
        SafetensorsFile(mapping: "\(folder)/peft/\(name)/adapter_model.safetensors")
      )
      #expect(ours.names.sorted() == theirs.names.sorted())
    }
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
    var options = LowRankOptions()
    options.savedModules = ["norm", "pooler"]
    #expect {
      try LowRankAdapter(for: configuration, options, seed: 1)
    } throws: {
      "\($0)"
        == "modules_to_save 'pooler' is no module of this model; there are 'down_proj', 'embed_tokens', "
        + "'gate_proj', 'input_layernorm', 'k_proj', 'lm_head', 'norm', 'o_proj', 'post_attention_layernorm', "
        + "'q_proj', 'up_proj', 'v_proj'"
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

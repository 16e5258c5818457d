// Run files made of TRL's configurations: what they say, what is refused, and that they run.

import BuiltinLosses
import Foundation
import PreferenceCore
import Testing

@testable import prefer

@Suite struct MigrationTests {
  /// The losses that TRL has names for, whether or not they are built in.
  static let known: Set<String> = [
    "dpo", "robust", "hinge", "ipo", "sft", "exo", "nca", "bco", "sppo", "aot", "aot-unpaired", "apo-zero",
    "apo-down",
    "discopop", "ln-dpo", "f-dpo", "f-divergence", "wpo", "ld", "kto", "cpo", "simpo", "alphapo",
  ]

  /// The lines of the run file between the braces, comments included.
  static func lines(_ text: String) throws -> [String] {
    let migration = try Migration(text, model: "M", rows: "R", known: known)
    return migration.text.split(separator: "\n").dropFirst(4).dropLast().map {
      $0.trimmingCharacters(in: CharacterSet(charactersIn: " ,"))
    }
  }

  static func fixture(_ name: String) throws -> String {
    try OutputFile.read(Fixtures.path("migration/\(name).json"))
  }

  @Test(arguments: [
    ("dpo_defaults", ["loss: \"dpo(beta=0.1)\"", "output_dir: \"out\""]),
    (
      "dpo",
      [
        "loss: \"0.8*dpo(beta=0.2) + 0.2*bco(beta=0.2) + 1*sft\"", "output_dir: \"mpo\"", "seed: 7",
        "learning_rate: 5e-07", "num_train_epochs: 1", "per_device_train_batch_size: 2",
        "gradient_accumulation_steps: 4", "max_grad_norm: 0.5", "weight_decay: 0.01", "adam_beta2: 0.98",
        "max_length: 512", "lr_scheduler_type: \"cosine\"", "warmup_steps: 0.1", "logging_steps: 1",
        "save_steps: 0", "shuffle: false",
      ]
    ),
    (
      "kto",
      [
        "loss: \"kto(beta=0.05, desirable_weight=1.5)\"", "output_dir: \"kto\"", "learning_rate: 5e-07",
        "max_steps: 8", "per_device_train_batch_size: 4", "shuffle: false", "precompute_ref_log_probs: true",
      ]
    ),
    (
      "sft",
      [
        "loss: \"sft\"", "output_dir: \"sft\"", "learning_rate: 2e-05", "max_steps: 4",
        "per_device_train_batch_size: 4",
      ]
    ),
  ])
  func `a configuration as TRL writes it, of more than a hundred keys`(_ name: String, _ expected: [String])
    throws
  {
    #expect(try JSONValue(json5: Self.fixture(name)).memberCount > 100)
    let lines = try Self.lines(Self.fixture(name)).filter {
      !$0.hasPrefix("dtype") && !$0.hasPrefix("dataset")
    }
    #expect(lines == expected)
  }

  @Test func `comments say what a reader should know`() throws {
    let migration = try Migration(Self.fixture("dpo_sync"), known: Self.known)
    #expect(
      migration.text == """
        {
          // What TRL's DPOConfig asks for, in Prefer's words.
          // label_smoothing 0.1 is read by none of these losses, in TRL either.
          // lr_scheduler_type 'constant' has no warm-up, in TRL either.
          // eval_steps 20 needs held-out rows: add dataset.eval_path or dataset.eval_fraction.
          // Still to be said: model_name_or_path (the model's directory), dataset.path (the rows).
          dataset: {max_dropped_fraction: 1},
          loss: "dpo(beta=0.1)",
          output_dir: "sync",
          max_steps: 100,
          lr_scheduler_type: "constant",
          save_steps: 50,
          save_total_limit: 2,
          sync_ref_model: true,
          ref_model_sync_steps: 64,
        }
        """)
    let whole = try Migration(
      Self.fixture("dpo_sync"), model: "M", rows: "R", heldOut: "H", known: Self.known)
    #expect(whole.text.contains("  dataset: {path: \"R\", eval_path: \"H\", max_dropped_fraction: 1},\n"))
    #expect(whole.text.contains("  eval_steps: 20,\n  per_device_eval_batch_size: 4,\n"))
  }

  @Test(arguments: [
    ("{\"loss_type\": \"hinge\", \"beta\": 0.5}", "hinge(beta=0.5)"),
    ("{\"loss_type\": [\"robust\"], \"label_smoothing\": 0.1}", "robust(beta=0.1, label_smoothing=0.1)"),
    ("{\"loss_type\": [\"ipo\"], \"beta\": 0.3}", "ipo(tau=0.3)"),
    ("{\"f_divergence_type\": \"js_divergence\"}", "f-dpo(beta=0.1, divergence=js)"),
    (
      "{\"f_divergence_type\": \"alpha_divergence\", \"f_alpha_divergence_coef\": 0.3}",
      "f-dpo(beta=0.1, divergence=alpha, alpha=0.3)"
    ),
    (
      "{\"f_divergence_type\": \"forward_kl\", \"loss_type\": [\"sigmoid\", \"ipo\", \"sft\"]}",
      "f-dpo(beta=0.1, divergence=forward_kl) + f-divergence(ipo(tau=0.1), divergence=forward_kl) + sft"
    ),
    ("{\"f_divergence_type\": \"js_divergence\", \"loss_type\": [\"sft\"]}", "sft"),
    ("{\"ld_alpha\": 0.5}", "ld(dpo(beta=0.1), alpha=0.5)"),
    (
      "{\"ld_alpha\": 0.5, \"loss_type\": [\"sigmoid\", \"sft\"], \"loss_weights\": [0.8, 1]}",
      "0.8*ld(dpo(beta=0.1), alpha=0.5) + 1*sft"
    ),
    (
      "{\"ld_alpha\": 0.5, \"use_weighting\": true, \"loss_type\": [\"hinge\"]}",
      "wpo(ld(hinge(beta=0.1), alpha=0.5))"
    ),
    ("{\"use_weighting\": true}", "wpo(dpo(beta=0.1))"),
    ("{\"loss_type\": [\"sft\"], \"beta\": 0.1, \"discopop_tau\": 0.05}", "sft"),
    ("{\"cpo_alpha\": 1.0, \"label_smoothing\": 0.1}", "cpo(beta=0.1, label_smoothing=0.1) + 1*sft"),
    (
      "{\"cpo_alpha\": 0, \"loss_type\": \"simpo\", \"beta\": 2, \"simpo_gamma\": 0.5}",
      "simpo(beta=2, gamma_beta_ratio=0.25)"
    ),
    (
      "{\"cpo_alpha\": 0, \"loss_type\": \"simpo\", \"beta\": 2.5, \"simpo_gamma\": 0.1, \"alpha\": 0.25}",
      "alphapo(beta=2.5, alpha=0.25, gamma=0.1)"
    ),
    ("{\"desirable_weight\": 1.0, \"undesirable_weight\": 2}", "kto(beta=0.1, undesirable_weight=2)"),
  ])
  func `objectives`(_ text: String, _ loss: String) throws {
    let lines = try Self.lines(text)
    #expect(lines.contains("loss: \"\(loss)\""), "\(lines)")
  }

  @Test func `the page's table of losses is what is printed`() throws {
    let folder = URL(filePath: Fixtures.path("")).deletingLastPathComponent().deletingLastPathComponent()
    let page = try OutputFile.read(folder.appending(path: "Docs/ComingFromTRL.md").path)
    let known = Set(LossRegistry.builtin.entries.keys)
    var count = 0
    for row in page.matches(of: /(?m)^\| `("[^`]+)`[^|]*\| `([^`]+)` \|$/) {
      count += 1
      let migration = try Migration("{\(row.1)}", known: known)
      #expect(migration.settings.first { $0.key == "loss" }?.value == .string(String(row.2)), "\(row.1)")
    }
    #expect(count == 25)
  }

  @Test(arguments: [
    ("{\"bf16\": false}", "float32"), ("{\"bf16\": true}", "bfloat16"), ("{}", "bfloat16"),
    ("{\"bf16\": false, \"model_init_kwargs\": {\"dtype\": \"bfloat16\"}}", "bfloat16"),
  ])
  func `precision`(_ text: String, _ precision: String) throws {
    // float32 is the default, which is left unsaid.
    let migration = try Migration(text, known: Self.known)
    #expect(migration.text.contains("dtype: \"bfloat16\"") == (precision == "bfloat16"))
  }

  @Test func `an adapter's keys come along`() throws {
    let text = """
      {"model_name_or_path": "m", "dataset_name": "d", "use_peft": true, "lora_r": 8, "lora_alpha": 16,
       "lora_dropout": 0.0, "lora_target_modules": ["q_proj", "v_proj"], "bf16": false}
      """
    let migration = try Migration(text, known: Self.known)
    #expect(
      migration.text.contains(
        "  model_name_or_path: \"m\",\n  dataset: {path: \"d\", max_dropped_fraction: 1},\n"))
    #expect(
      migration.text.contains(
        "  lora: {alpha: 16, dropout: 0, r: 8, target_modules: [\"q_proj\", \"v_proj\"]},\n"))
    #expect(migration.text.contains("  use_peft: true,\n"))
    let without = try Migration(
      text.replacingOccurrences(of: "true", with: "false"), known: Self.known)
    #expect(!without.text.contains("lora"))
  }

  @Test func `schedules keep their knobs, and rows that TRL drops never stop a run`() throws {
    let found = try Migration(
      """
      {"max_length": null, "learning_rate": 1e-3, "lr_scheduler_type": "cosine_with_min_lr",
       "lr_scheduler_kwargs": {"min_lr": 1e-4, "num_cycles": 0.5}, "bf16": false}
      """, model: "m", rows: "d", known: Self.known)
    #expect(
      found.text.contains(
        "  learning_rate: 0.001,\n  max_length: null,\n"
          + "  lr_scheduler_type: \"cosine_with_min_lr\",\n"
          + "  lr_scheduler_kwargs: {min_lr: 0.0001, num_cycles: 0.5},\n"), "\(found.text)")
    #expect(found.text.contains("dataset: {path: \"d\", max_dropped_fraction: 1}"))
    #expect(try RunFile(text: found.text).read().problems.isEmpty)
  }

  @Test func `everything without an equal is refused at once, by name`() throws {
    let error = #expect(throws: RunFileError.self) {
      try Migration(Self.fixture("unequal"), path: "c.json", known: Self.known)
    }
    #expect(
      error?.description == """
        c.json: 10 mistakes
          - 'dataloader_drop_last: true' has no equal: the last, smaller batch of an epoch is trained on too
          - 'eval_strategy: epoch' has no equal: evaluations come every 'eval_steps' steps
          - 'f_divergence_type' is not read by loss_type 'bco_pair'
          - 'load_best_model_at_end: true' has no equal: the model is the last step's; checkpoints and their evaluations are kept
          - 'lr_scheduler_kwargs: {patience: 10}' has no equal: no schedule here has that knob
          - 'lr_scheduler_type: greedy' has no equal: there is linear, cosine, constant, constant_with_warmup, polynomial, inverse_sqrt, cosine_with_min_lr, cosine_with_restarts
          - 'neftune_noise_alpha: 5' has no equal: no noise is put on embeddings
          - 'optim: adafactor' has no equal: there is adamw_torch (and its fused kin) and sgd
          - 'router_aux_loss_coef: 0.01' has no equal: there are no mixtures of experts
          - 'save_strategy: epoch' has no equal: checkpoints are written every 'save_steps' steps
        """)
  }

  @Test(arguments: [
    (
      "{\"beta\": 0.2, \"max_completion_length\": null}",
      "ORPOTrainer has no equal: its likelihood counts the prompt's tokens too; the nearest is "
        + "loss: \"orpo(beta=0.2)\", which counts the completion's alone"
    ),
    (
      "{\"desirable_weight\": 1, \"loss_type\": \"apo_zero_unpaired\"}",
      "'loss_type: apo_zero_unpaired' has no equal: of KTOTrainer's losses there is 'kto'"
    ),
    (
      "{\"cpo_alpha\": 1, \"loss_type\": \"hinge\"}",
      "'loss_type: hinge' has no equal without a reference; of CPOTrainer's losses there are 'sigmoid' and 'simpo'"
    ),
    (
      "{\"cpo_alpha\": 1, \"alpha\": 0.5}",
      "'alpha: 0.5' with loss_type 'sigmoid' has no equal: AlphaPO's reward is that of mean log-probabilities; "
        + "TRL's loss_type 'simpo' has it"
    ),
    (
      "{\"cpo_alpha\": 1, \"loss_type\": \"simpo\", \"label_smoothing\": 0.1}",
      "'label_smoothing: 0.1' with loss_type 'simpo' has no equal; leave it out"
    ),
    (
      "{\"packing\": true}",
      "'packing: true' has no equal: every row is a sequence of its own, and padding is never computed"
    ),
    (
      "{\"packing\": false, \"completion_only_loss\": false}",
      "'completion_only_loss: false' has no equal: only completions are learned, never prompts"
    ),
    (
      "{\"packing\": false, \"assistant_only_loss\": true}",
      "'assistant_only_loss: true' has no equal: what is learned is the completion, the turns behind the prompt"
    ),
    (
      "{\"packing\": false, \"loss_type\": \"dft\"}",
      "'loss_type: dft' has no equal: of SFTTrainer's losses there is 'nll', which is loss: \"sft\""
    ),
    (
      "{\"use_weighting\": true, \"loss_type\": [\"sigmoid\", \"sft\"]}",
      "'use_weighting' weighs pairs, of which loss_type 'sft' has none to weigh; leave one out"
    ),
    (
      "{\"ld_alpha\": 0.5, \"loss_type\": [\"sft\"]}", "'ld_alpha' is not read by loss_type 'sft'"
    ),
    ("{\"fp16\": true}", "'fp16: true' has no equal: products are taken in float32 or bfloat16"),
    (
      "{\"model_init_kwargs\": {\"dtype\": \"float16\"}}",
      "'dtype: float16' has no equal: weights are trained in float32"
    ),
    (
      "{\"model_init_kwargs\": {\"quantization_config\": {\"bits\": 4}}}",
      "'model_init_kwargs: {quantization_config: {\"bits\": 4}}' has no equal: a model is what its directory says"
    ),
    (
      "{\"logging_steps\": 0.1}", "'logging_steps: 0.1' is a share of all steps; write how many steps it is"
    ),
    (
      "{\"logging_strategy\": \"epoch\"}",
      "'logging_strategy: epoch' has no equal: lines are logged every 'logging_steps' steps"
    ),
    (
      "{\"train_sampling_strategy\": \"group_by_length\"}",
      "'train_sampling_strategy: group_by_length' has no equal: rows come in their order or at random"
    ),
    (
      "{\"accelerator_config\": {\"split_batches\": true}}",
      "'accelerator_config: {split_batches: true}' has no equal: one process trains on one machine"
    ),
    (
      "{\"deepspeed\": {\"stage\": 3}}",
      "'deepspeed: {\"stage\": 3}' has no equal: one process trains on one machine"
    ),
    ("{\"max_lenght\": 5}", "'max_lenght' is no key of TRL 1.16's DPOConfig; did you mean 'max_length'?"),
    ("{\"frobnicate\": true}", "'frobnicate' is no key of TRL 1.16's DPOConfig"),
    ("[1]", "a configuration is one object {…}, not a list"),
  ])
  func `refuses`(_ text: String, _ sentence: String) throws {
    let error = #expect(throws: RunFileError.self) { try Migration(text, known: Self.known) }
    #expect(error?.problems == [sentence])
  }

  @Test(arguments: ["dpo_defaults", "dpo_sync", "kto", "sft", "dpo", "cpo", "cpo_sigmoid"])
  func `what is printed can be run`(_ name: String) throws {
    let scratch = try Scratch()
    var rows = Fixtures.path("traces/rows.jsonl")
    if name == "kto" { rows = try scratch.write("rows.jsonl", UnpairedRows.text()) }
    let printed = try Shell.prefer(
      "explain", "--from-trl", Fixtures.path("migration/\(name).json"), "--model", Fixtures.path("hf/llama"),
      "--data", rows, "--eval-data", rows)
    #expect(printed.code == 0, "\(printed.errors)")
    let file = try scratch.write("run.json5", printed.output)
    let outcome = try Shell.prefer("train", file, "output_dir=\(scratch.path("out"))", "--dry-run")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("optimizer   adamw("), "\(outcome.output)")
  }

  @Test(arguments: [
    (["explain"], "'explain' needs either a loss EXPRESSION or --from-trl CONFIG.json"),
    (["explain", "dpo", "--data", "x"], "--data is read only with --from-trl CONFIG.json"),
    (
      ["explain", "dpo", "--from-trl", "x"],
      "--from-trl stands alone: it explains a configuration, not a loss"
    ),
    (["explain", "--from-trl", "nowhere.json"], "'nowhere.json' cannot be read; check the path"),
  ])
  func `a wrong command line exits 2`(_ arguments: [String], _ sentence: String) throws {
    let outcome = try Shell.prefer(arguments)
    #expect(outcome.code == 2 && outcome.errors == "error: \(sentence)\n", "\(outcome.errors)")
  }
}

extension JSONValue {
  /// How many keys an object has.
  var memberCount: Int { if case .object(let members) = self { members.count } else { 0 } }
}

// What becomes of each key of TRL's configurations: the one table, a line for every key that is read.

import Configuration

/// What one key of a TRL configuration means for a run file.
enum TRLRule: Sendable {
  /// The same under this name.
  case same(String)
  /// Read together with others, elsewhere.
  case elsewhere
  /// Changes neither weights nor what is saved.
  case silent
  /// Fine where it has one of these values, where it is null, or missing; else refused with the reason.
  case only([JSONValue], String)
}

extension Migration {
  /// Every key, by what becomes of it.
  static let rules: [String: TRLRule] = {
    var rules: [String: TRLRule] = [:]
    for name in same { rules[name] = .same(name) }
    for (name, key) in renamed { rules[name] = .same(key) }
    for name in silent { rules[name] = .silent }
    for name in elsewhere { rules[name] = .elsewhere }
    for (name, allowed, reason) in restricted { rules[name] = .only(allowed, reason) }
    return rules
  }()

  private static let same = [
    "output_dir", "seed", "learning_rate", "num_train_epochs", "max_steps", "per_device_train_batch_size",
    "gradient_accumulation_steps", "max_grad_norm", "weight_decay", "adam_beta1", "adam_beta2",
    "adam_epsilon",
    "max_length",
  ]

  /// TRL scripts' names of a model's and an adapter's keys.
  private static let renamed = [
    ("lora_r", "lora.r"), ("lora_alpha", "lora.alpha"), ("lora_dropout", "lora.dropout"),
    ("lora_target_modules", "lora.target_modules"), ("lora_modules_to_save", "lora.modules_to_save"),
    ("use_rslora", "lora.use_rslora"), ("use_dora", "lora.use_dora"),
  ]

  private static let elsewhere = [
    "loss_type", "loss_weights", "beta", "label_smoothing", "use_weighting", "ld_alpha", "f_divergence_type",
    "f_alpha_divergence_coef", "discopop_tau", "desirable_weight", "undesirable_weight", "cpo_alpha",
    "simpo_gamma",
    "alpha", "completion_only_loss", "assistant_only_loss", "packing", "eval_packing", "packing_strategy",
    "warmup_steps", "warmup_ratio", "lr_scheduler_type", "lr_scheduler_kwargs", "optim", "bf16", "fp16",
    "model_init_kwargs",
    "dtype",
    "torch_dtype", "model_name_or_path", "dataset_name", "use_peft", "logging_strategy", "logging_steps",
    "eval_strategy", "evaluation_strategy", "eval_steps", "per_device_eval_batch_size", "save_strategy",
    "save_steps", "save_total_limit", "train_sampling_strategy", "shuffle_dataset", "group_by_length",
    "precompute_ref_log_probs", "sync_ref_model", "ref_model_mixup_alpha", "ref_model_sync_steps",
    "truncation_mode", "accelerator_config",
  ]

  /// Where work is done, what is printed and uploaded where nothing is, how memory is saved: the numbers are the
  /// same.
  private static let silent = [
    "activation_checkpointing", "activation_checkpointing_kwargs", "gradient_checkpointing",
    "gradient_checkpointing_kwargs", "gradient_checkpointing_use_reentrant", "activation_offloading",
    "torch_empty_cache_steps", "use_cache", "use_liger_kernel", "use_liger_loss", "liger_kernel_config",
    "torch_compile", "torch_compile_backend", "torch_compile_mode", "tf32", "average_tokens_across_devices",
    "bf16_full_eval", "fp16_full_eval", "log_on_each_node", "logging_nan_inf_filter", "logging_dir",
    "logging_first_step", "include_num_input_tokens_seen", "include_tokens_per_second", "log_level",
    "log_level_replica", "disable_tqdm", "report_to", "run_name", "project", "trackio_space_id",
    "trackio_bucket_id",
    "trackio_static_space_id", "eval_delay", "prediction_loss_only", "eval_on_start",
    "eval_do_concat_batches",
    "eval_use_gather_object", "eval_accumulation_steps", "include_for_metrics", "include_inputs_for_metrics",
    "batch_eval_metrics", "save_only_model", "save_on_each_node", "save_safetensors", "enable_jit_checkpoint",
    "hub_token", "hub_private_repo", "hub_model_id", "hub_strategy", "hub_always_push", "hub_revision",
    "metric_for_best_model", "greater_is_better", "restore_callback_states_from_checkpoint",
    "full_determinism",
    "data_seed", "use_cpu", "no_cuda", "use_mps_device", "dataloader_num_workers", "dataloader_pin_memory",
    "dataloader_persistent_workers", "dataloader_prefetch_factor", "dataloader_multiprocessing_context",
    "dataloader_in_order", "remove_unused_columns", "label_names", "length_column_name",
    "ddp_find_unused_parameters", "ddp_bucket_cap_mb", "ddp_broadcast_buffers", "ddp_static_graph",
    "ddp_backend",
    "ddp_timeout", "debug", "skip_memory_metrics", "do_train", "do_eval", "do_predict", "local_rank",
    "dataset_num_proc", "padding_free", "pad_to_multiple_of", "precompute_ref_batch_size", "pad_token",
    "eos_token",
    "jit_mode_eval", "overwrite_output_dir", "past_index", "fp16_opt_level", "fp16_backend",
    "half_precision_backend", "tpu_num_cores", "mp_parameters", "ray_scope", "use_ipex", "push_to_hub_token",
    "dispatch_batches", "split_batches", "attn_implementation", "lora_task_type", "ignore_bias_buffers",
    "dataset_train_split", "dataset_test_split", "dataset_streaming", "dataset_text_field", "padding_value",
    "generate_during_eval", "is_encoder_decoder", "label_pad_token_id", "model_adapter_name",
    "ref_adapter_name",
  ]

  private static let oneProcess = "one process trains on one machine"
  private static let ownRows = "rows are JSON Lines files that lie here"

  private static let restricted: [(String, [JSONValue], String)] = [
    ("optim_args", [""], "write them into 'optim', as in \"adamw(beta2=0.95)\""),
    ("optim_target_modules", [.array([])], "no optimizer projects gradients"),
    ("label_smoothing_factor", [0], "no loss smooths over the vocabulary"),
    ("neftune_noise_alpha", [0], "no noise is put on embeddings"),
    ("auto_find_batch_size", [false], "the memory is reckoned before the run, and steps are cut to fit it"),
    ("push_to_hub", [false], "nothing is uploaded; upload the finished 'output_dir'"),
    (
      "load_best_model_at_end", [false],
      "the model is the last step's; checkpoints and their evaluations are kept"
    ),
    ("ignore_data_skip", [false], "a resumed run goes on with the rows that are next"),
    ("resume_from_checkpoint", [false], "give 'prefer train' the option --resume"),
    ("parallelism_config", [.object([])], oneProcess), ("fsdp", ["", .array([]), false], oneProcess),
    ("fsdp_config", [], oneProcess), ("deepspeed", [""], oneProcess),
    ("dataloader_drop_last", [false], "the last, smaller batch of an epoch is trained on too"),
    ("trust_remote_code", [false], "no model brings code of its own"),
    ("router_aux_loss_coef", [0], "there are no mixtures of experts"),
    ("disable_dropout", [true], "models compute without dropout, as TRL's do unless told otherwise"),
    ("max_prompt_length", [], "prompt and completion are cut together, by 'max_length'"),
    ("max_completion_length", [], "prompt and completion are cut together, by 'max_length'"),
    ("chat_template_path", [], "the template is the tokenizer's own"),
    ("dataset_kwargs", [.object([])], "rows are prepared in one way only"),
    ("model_revision", ["main"], "models are directories on disk"),
    ("load_in_4bit", [false], "no weights are quantised"),
    ("load_in_8bit", [false], "no weights are quantised"), ("dataset_config", [], ownRows),
    ("lora_target_parameters", [.array([])], "adapters stand beside linear layers"),
    ("reference_free", [false], "losses without a reference are 'simpo', 'cpo' and 'orpo'"),
    ("force_use_ref_model", [false], "the reference is named in 'references'"),
    ("reward_model_path", [], "there are no reward models in 'train'"),
  ]

  /// Applies the table.
  mutating func readRules() {
    for (key, value) in given.sorted(by: { Self.place($0.key) < Self.place($1.key) }) {
      // A limit that is null is no limit; everything else that is null is not there.
      guard value != .null || key == "max_length" else { continue }
      switch Self.rules[key] {
      case .same(let name)?:
        if name.hasPrefix("lora."), take("use_peft") != true { continue }
        set(name, value)
      case .only(let allowed, let reason)? where !allowed.contains(value):
        refuse("'\(key): \(value)' has no equal: \(reason)")
      default: continue
      }
    }
    if take("use_peft") == true { set("use_peft", true) }
  }

  /// Where a key stands among those that are the same, so that run files read alike.
  private static func place(_ key: String) -> (Int, String) { (same.firstIndex(of: key) ?? same.count, key) }

  /// Refuses what no version of TRL that is known here has, unless it says nothing.
  mutating func refuseStrangers() {
    for (key, value) in given where Self.rules[key] == nil {
      guard value != .null, value != false, !key.hasPrefix("_") else { continue }
      let suggestion = nearest(to: key, in: Array(Self.rules.keys)).map { "; did you mean '\($0)'?" }
      refuse("'\(key)' is no key of TRL 1.16's \(trainer.configurationName)\(suggestion ?? "")")
    }
  }
}

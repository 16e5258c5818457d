// The keys of TRL's configurations that are read together: precision, optimizer, warm-up, intervals, order.

import Configuration
import Optimizers

extension Migration {
  /// Model, precision and adapter, which TRL's scripts put beside a configuration.
  mutating func readModel() {
    if case .string(let name)? = take("model_name_or_path") { set("model_name_or_path", .string(name)) }
    if case .string(let name)? = take("dataset_name") { set("dataset.path", .string(name)) }
    // TRL computes in bfloat16 unless told otherwise.
    var precision = take("bf16") == false || take("fp16") == true ? "float32" : "bfloat16"
    if take("fp16") == true {
      refuse("'fp16: true' has no equal: products are taken in float32 or bfloat16")
    }
    var weights = take("dtype") ?? take("torch_dtype")
    if case .object(let members)? = take("model_init_kwargs") {
      for member in members where member.value != .null {
        switch member.key {
        case "dtype", "torch_dtype": weights = member.value
        // Where and by which kernels the same numbers are computed.
        case "attn_implementation", "use_kernels", "device_map", "use_cache", "low_cpu_mem_usage",
          "experts_implementation":
          continue
        default:
          if member.value != false {
            refuse(
              "'model_init_kwargs: {\(member.key): \(member.value)}' has no equal: a model is what its directory says"
            )
          }
        }
      }
    }
    switch weights {
    case "float16"?: refuse("'dtype: float16' has no equal: weights are trained in float32")
    case "bfloat16"?:
      precision = "bfloat16"
      note("weights are kept in float32, and rounded to bfloat16 for products only")
    default: break
    }
    set("dtype", .string(precision))
  }

  /// Schedule, warm-up and optimizer.
  mutating func readWarmup() {
    let schedules = Schedule.Kind.allCases.map(\.rawValue)
    var schedule = "linear"
    if case .string(let name)? = take("lr_scheduler_type") { schedule = name }
    if schedules.contains(schedule) {
      set("lr_scheduler_type", .string(schedule))
    } else {
      refuse("'lr_scheduler_type: \(schedule)' has no equal: there is \(schedules.joined(separator: ", "))")
    }
    if case .object(let knobs)? = take("lr_scheduler_kwargs") {
      for knob in knobs where knob.value != .null {
        let key = "lr_scheduler_kwargs.\(knob.key)"
        guard RunSettings.keys.fields.contains(where: { $0.name == key }) else {
          refuse(
            "'lr_scheduler_kwargs: {\(knob.key): \(knob.value)}' has no equal: no schedule here has that knob"
          )
          continue
        }
        set(key, knob.value)
      }
    }
    // Where DPOConfig's default is not this trainer's.
    if number("learning_rate") == nil, trainer == .sft { set("learning_rate", .number(2e-5)) }
    let (steps, ratio) = (number("warmup_steps") ?? 0, number("warmup_ratio") ?? 0)
    if schedule == "constant", steps > 0 || ratio > 0 {
      note("lr_scheduler_type 'constant' has no warm-up, in TRL either")
    } else if steps > 0 {
      // In transformers steps win over a ratio.
      set("warmup_steps", .number(steps))
    } else if ratio > 0 {
      set("warmup_ratio", .number(ratio))
    }
    guard case .string(let name)? = take("optim") else { return }
    switch name {
    // The same arithmetic in one kernel or in many.
    case "adamw_torch", "adamw_torch_fused", "adamw_hf", "adamw_apex_fused", "adamw_torch_xla",
      "adamw_torch_npu_fused":
      break
    case "sgd":
      set("optim", "sgd")
      settings.removeAll { ["adam_beta1", "adam_beta2", "adam_epsilon"].contains($0.key) }
    default: refuse("'optim: \(name)' has no equal: there is adamw_torch (and its fused kin) and sgd")
    }
  }

  /// Logging, evaluating, saving; the order of rows; the reference.
  mutating func readIntervals() {
    if let steps = interval("logging_steps", "logging_strategy", 10) { set("logging_steps", .number(steps)) }
    let evaluates = take("eval_strategy") ?? take("evaluation_strategy") ?? "no"
    if evaluates == "steps" {
      let steps = interval("eval_steps", "eval_strategy", number("logging_steps") ?? 10)
      if !settings.contains(where: { $0.key == "dataset.eval_path" }) {
        note(
          "eval_steps \(JSONValue.spelling(of: steps ?? 0)) needs held-out rows: add dataset.eval_path or dataset.eval_fraction"
        )
      } else if let steps {
        set("eval_steps", .number(steps))
        let size = number("per_device_eval_batch_size") ?? 8
        if size != number("per_device_train_batch_size") ?? 8 {
          set("per_device_eval_batch_size", .number(size))
        }
      }
    } else if evaluates != "no" {
      refuse("'eval_strategy: \(plain(evaluates))' has no equal: evaluations come every 'eval_steps' steps")
    }
    let saves = take("save_strategy") ?? "steps"
    if saves == "no" {
      set("save_steps", 0)
    } else if saves == "steps" {
      if let steps = interval("save_steps", "save_strategy", 500) { set("save_steps", .number(steps)) }
      if let limit = number("save_total_limit") { set("save_total_limit", .number(limit)) }
    } else {
      refuse(
        "'save_strategy: \(plain(saves))' has no equal: checkpoints are written every 'save_steps' steps")
    }
    readOrder()
    if take("precompute_ref_log_probs") == true { set("precompute_ref_log_probs", true) }
    guard take("sync_ref_model") == true else { return }
    set("sync_ref_model", true)
    for key in ["ref_model_mixup_alpha", "ref_model_sync_steps"] {
      if let value = number(key) { set(key, .number(value)) }
    }
  }

  private mutating func readOrder() {
    // KTOTrainer takes rows in their order unless told otherwise.
    let order = take("train_sampling_strategy") ?? (trainer == .kto ? "sequential" : "random")
    switch order {
    case "sequential":
      set("shuffle", false)
      if take("shuffle_dataset") == true {
        refuse(
          "'shuffle_dataset: true' has no equal with rows in their order: rows are shuffled every epoch or never"
        )
      }
    case "random": break
    default:
      refuse("'train_sampling_strategy: \(plain(order))' has no equal: rows come in their order or at random")
    }
    if take("group_by_length") == true {
      refuse("'group_by_length: true' has no equal: rows come in their order or at random")
    }
    if case .string(let mode)? = take("truncation_mode") { set("truncation_mode", .string(mode)) }
    if let configuration = take("accelerator_config") {
      for key in ["split_batches", "gradient_accumulation_kwargs"] {
        guard let value = configuration[key], value != .null, value != false else { continue }
        refuse("'accelerator_config: {\(key): \(value)}' has no equal: one process trains on one machine")
      }
    }
  }

  /// Steps between two events; below 1 a share of all steps, which must be known then.
  private mutating func interval(_ key: String, _ strategy: String, _ fallback: Double) -> Double? {
    if key == "logging_steps", let kind = take(strategy), kind != "steps" {
      if kind != "no" {
        refuse("'\(strategy): \(plain(kind))' has no equal: lines are logged every 'logging_steps' steps")
      }
      return nil
    }
    let steps = number(key) ?? fallback
    guard steps < 1 else { return steps.rounded(.up) }
    guard let total = number("max_steps"), total > 0 else {
      refuse("'\(key): \(JSONValue.spelling(of: steps))' is a share of all steps; write how many steps it is")
      return nil
    }
    return (steps * total).rounded(.up)
  }

  private func plain(_ value: JSONValue) -> String {
    if case .string(let text) = value { text } else { "\(value)" }
  }
}

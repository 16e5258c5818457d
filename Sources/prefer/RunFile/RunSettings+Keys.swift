// The one table of a run file's keys: name, type, default, range, meaning. `train --help` prints it.

import Configuration

extension RunSettings {
  /// Every key, in the order in which the help lists them; nested keys are spelled with a dot.
  static let keys = Schema<RunSettings>(
    model + optimization + sequences + reporting + moving + objective)

  private static let model: [Field<RunSettings>] = [
    Field(
      "model_name_or_path", \.model, "Directory of the model to train: config.json, safetensors, tokenizer."),
    Field(
      "dtype", \.computeType,
      "Precision of matrix products (bfloat16x2: 16 bits of each number); weights and optimizer stay in float32."
    ),
    Field(
      "dataset.path", \.rows,
      "Rows to learn from, JSON Lines or a JSON array; - reads standard input. A list mixes several files."),
    Field(
      "dataset.fraction", \.rowFractions,
      "Shares of the files in the mixture; no row is taken twice. Without, every row is taken."),
    Field(
      "dataset.eval_path", \.evaluationRows, "Held-out rows; a list takes every row of several files."),
    Field(
      "dataset.eval_fraction", \.evaluationFraction, .optional(.within(0..<1)),
      "Share of the rows to hold out."),
    Field("dataset.format", \.formats, "How rows are written; found out from the first rows unless given."),
    Field(
      "dataset.date", \.templateDay,
      "Day that chat templates see, as 2024-07-06; the day of the start unless given."),
    Field(
      "dataset.max_dropped_fraction", \.maximumDroppedFraction, .within(0...1),
      "Share of unusable rows above which the run stops."),
    Field("references", \.references, "Reference models: 'base' (the start weights) or directories."),
    Field("loss", \.loss, "The objective, as an expression: dpo(beta=0.1), 0.7*ipo + 0.3*sft, …"),
    Field("output_dir", \.outputDirectory, "The run directory."),
    Field("seed", \.seed, .atLeast(0), "Seed of the order of rows and of losses that draw numbers."),
  ]

  private static let optimization: [Field<RunSettings>] = [
    Field("learning_rate", \.learningRate, .nonnegative, "Largest learning rate of the schedule."),
    Field("lr_scheduler_type", \.schedule, "How the learning rate moves over the run."),
    Field(
      "lr_scheduler_kwargs.power", \.schedulePower, .optional(.positive),
      "Power of polynomial; 1 unless given."
    ),
    Field(
      "lr_scheduler_kwargs.lr_end", \.scheduleEnd, .optional(.nonnegative),
      "Learning rate at the end of polynomial; 1e-7 unless given."),
    Field(
      "lr_scheduler_kwargs.min_lr", \.scheduleFloor, .optional(.nonnegative),
      "Lowest learning rate of cosine_with_min_lr."),
    Field(
      "lr_scheduler_kwargs.min_lr_rate", \.scheduleFloorShare, .optional(.within(0...1)),
      "The same as a share of learning_rate."),
    Field(
      "lr_scheduler_kwargs.num_cycles", \.scheduleCycles, .optional(.positive),
      "Waves of a cosine, 0.5 unless given, or starts of cosine_with_restarts, 1 unless given."),
    Field(
      "lr_scheduler_kwargs.timescale", \.scheduleTimescale, .optional(.positive),
      "Steps of inverse_sqrt; those of the warm-up unless given."),
    Field(
      "warmup_steps", \.warmupSteps, .nonnegative, "Steps of linear warm-up; below 1, a share of all steps."),
    Field("warmup_ratio", \.warmupRatio, .optional(.within(0...1)), "Share of all steps that warm up."),
    Field("num_train_epochs", \.epochs, .positive, "How many times the rows are gone through."),
    Field("max_steps", \.maximumSteps, .atLeast(-1), "Optimizer steps; -1 leaves it to the epochs."),
    Field("per_device_train_batch_size", \.batchSize, .atLeast(1), "Rows of a batch."),
    Field(
      "per_device_eval_batch_size", \.evaluationBatchSize, .optional(.atLeast(1)), "Rows of a held-out batch."
    ),
    Field("gradient_accumulation_steps", \.accumulationSteps, .atLeast(1), "Batches of one optimizer step."),
    Field(
      "max_grad_norm", \.maximumGradientNorm, .nonnegative, "Norm to which gradients are clipped; 0 never."),
    Field("weight_decay", \.weightDecay, .nonnegative, "Decoupled weight decay, biases and norms spared."),
    Field("optim", \.optimizer, "adamw (adamw_torch), sgd, or an expression: adamw(beta2=0.95)."),
    Field("adam_beta1", \.beta1, .within(0..<1), "Decay of AdamW's first moment."),
    Field("adam_beta2", \.beta2, .within(0..<1), "Decay of AdamW's second moment."),
    Field("adam_epsilon", \.epsilon, .positive, "AdamW's ε."),
  ]

  private static let sequences: [Field<RunSettings>] = [
    Field(
      "max_length", \.maximumLength, .optional(.atLeast(2)),
      "Tokens of prompt and completion together; null has no limit."),
    Field("truncation_mode", \.truncation, "Which end of a sequence that is too long survives."),
    Field("shuffle", \.shuffles, "Whether rows are put in a new order every epoch."),
    Field(
      "micro_batch_tokens", \.microBatchTokens, .optional(.atLeast(1)),
      "Most tokens scored at a time; chosen from the machine's memory unless given."),
    Field("threads", \.threads, .optional(.atLeast(1)), "Threads; all processors unless given."),
  ]

  private static let reporting: [Field<RunSettings>] = [
    Field("logging_steps", \.loggingSteps, .atLeast(1), "Steps between two lines of the log."),
    Field(
      "eval_steps", \.evaluationSteps, .optional(.atLeast(0)),
      "Steps between two evaluations; null or 0 never."),
    Field(
      "save_steps", \.saveSteps, .optional(.atLeast(0)), "Steps between two checkpoints; null or 0 never."),
    Field("save_total_limit", \.saveLimit, .optional(.atLeast(1)), "Checkpoints kept; all unless given."),
  ]

  private static let moving: [Field<RunSettings>] = [
    Field(
      "precompute_ref_log_probs", \.precomputesReferences,
      "Keep what references say on disk: true ahead of step 1, false never; as steps go unless given."),
    Field("sync_ref_model", \.syncsReference, "Let the reference follow the policy."),
    Field("ref_model_mixup_alpha", \.referenceMixup, .within(0...1), "Weight of the policy in each blend."),
    Field("ref_model_sync_steps", \.referenceSyncSteps, .atLeast(1), "Steps between two blends."),
    Field(
      "gradient_checkpointing", \.checkpointsActivations,
      "Compute activations twice, to hold few; same results."),
    Field("use_peft", \.usesAdapter, "Train a low-rank adapter and leave the weights; 'lora' implies it."),
    Field("lora.r", \.adapterRank, .atLeast(1), "Rank of the adapter's matrices."),
    Field("lora.alpha", \.adapterAlpha, .positive, "The adapter's part is scaled by alpha/r."),
    Field(
      "lora.dropout", \.adapterDropout, .within(0..<1),
      "Share of the adapter's inputs left out in training; 0 unless given where not only pairs are trained."),
    Field(
      "lora.target_modules", \.adapterTargets,
      "Adapted layers, a regular expression, or all-linear: all but the head; q_proj and v_proj unless given."
    ),
    Field("lora.use_rslora", \.usesRankStabilizedScale, "Scale by alpha/√r instead."),
    Field(
      "lora.use_dora", \.decomposesWeights, "Learn the length of each row of the weights by itself: DoRA."),
    Field(
      "lora.bias", \.adapterBiases, "Biases that are trained too: none, all, or lora_only: adapted layers'."),
    Field(
      "lora.modules_to_save", \.adapterModules, "Modules trained as a whole, by how their names end: lm_head."
    ),
    Field("lora.exclude_modules", \.adapterExclusions, "Layers that are left out of target_modules."),
    Field(
      "lora.layers_to_transform", \.adapterBlocks,
      "Numbers of the blocks whose layers are adapted; all unless given."),
    Field("lora.rank_pattern", \.adapterRanks, "Other ranks: {pattern: r}, for names that end in a match."),
    Field("lora.alpha_pattern", \.adapterAlphas, "Other alphas: {pattern: alpha}."),
    Field("lora.adapter", \.adapterStart, "An adapter to go on from, with its own shape; a PEFT directory."),
    Field("plugins", \.plugins, "Shared libraries with losses."),
    Field(
      "losses", \.definitionFiles,
      "Names for losses of your own, {name: expression}, or files with such objects."),
  ]

  private static let objective: [Field<RunSettings>] = [
    Field("loss_type", \.lossType, "TRL's names of losses, in place of 'loss'."),
    Field("loss_weights", \.lossWeights, "TRL: a weight for each of loss_type."),
    Field("beta", \.beta, .optional(.positive), "TRL: β of every loss of loss_type."),
    Field("label_smoothing", \.labelSmoothing, .optional(.within(0..<0.5)), "TRL: share of flipped labels."),
    Field("use_weighting", \.usesWeighting, "TRL: WPO's weights."),
    Field("ld_alpha", \.lengthAlpha, .optional(.within(0...1)), "TRL: LD-DPO's α."),
    Field(
      "f_divergence_type", \.divergence, "TRL: reverse_kl, js_divergence, alpha_divergence or forward_kl."),
    Field("f_alpha_divergence_coef", \.divergenceAlpha, .optional(.positive), "TRL: α of alpha_divergence."),
    Field("discopop_tau", \.discopopTau, .optional(.positive), "TRL: DiscoPOP's τ."),
  ]
}

extension RunSettings {
  /// The table of keys as help shows it.
  static var listing: String {
    let defaults = RunSettings()
    let names = keys.fields.map { field -> String in
      field.read(defaults) == .word("")
        ? field.name + " (required)" : field.name + "=" + field.read(defaults).description
    }
    let types = keys.fields.map { $0.range.isEmpty ? $0.typeName : $0.typeName + " " + $0.range }
    let (first, second) = (names.map(\.count).max() ?? 0, types.map(\.count).max() ?? 0)
    return zip(zip(names, types), keys.fields).map { words, field in
      "  " + Numbers.padded(words.0, first) + "  " + Numbers.padded(words.1, second) + "  "
        + field.documentation
    }.joined(separator: "\n")
  }
}

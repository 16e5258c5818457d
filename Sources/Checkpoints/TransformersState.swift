// `trainer_state.json`, key by key as transformers writes it, so that its plotting scripts work.

import PreferenceCore

/// The text of `trainer_state.json`.
enum TransformersState {
  /// - Parameters:
  ///   - state: where the run stands.
  ///   - plan: how long it is and how often it logs, evaluates and saves.
  ///   - settings: the run file, for epochs and batch size.
  ///   - epoch: how often the data has been gone through.
  static func page(
    _ state: TrainerState, _ plan: RunPlan, _ settings: [String: SettingValue], epoch: Double
  ) -> String {
    SettingValue.object([
      "best_global_step": .null, "best_metric": .null, "best_model_checkpoint": .null,
      "epoch": .number(epoch), "eval_steps": plan.evaluationSteps.map { .integer($0) } ?? .null,
      "global_step": .integer(state.step), "is_hyper_param_search": false, "is_local_process_zero": true,
      "is_world_process_zero": true, "log_history": .array(state.history.map(\.value)),
      "logging_steps": .integer(plan.loggingSteps), "max_steps": .integer(plan.totalSteps),
      "num_input_tokens_seen": .integer(state.tokenCount),
      "num_train_epochs": settings["num_train_epochs"] ?? .null,
      "save_steps": plan.savingSteps.map { .integer($0) } ?? .null, "stateful_callbacks": .object([:]),
      "total_flos": 0, "train_batch_size": settings["per_device_train_batch_size"] ?? .null,
      "trial_name": .null, "trial_params": .null,
    ]).page
  }
}

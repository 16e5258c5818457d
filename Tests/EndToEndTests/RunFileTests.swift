// Run files: what is read, what is refused and in which words.

import BuiltinLosses
import Optimizers
import PreferenceCore
import Testing

@testable import prefer

@Suite struct RunFileTests {
  static let smallest = "model_name_or_path: 'm', dataset: 'rows.jsonl'"

  static func settings(_ more: String = "", overrides: [(String, String)] = []) throws(RunFileError)
    -> RunSettings
  {
    var file = try RunFile(text: "{\(smallest), \(more)}")
    for (key, value) in overrides { file.override(key, with: value) }
    return try file.settings()
  }

  @Test func `defaults are TRL's`() throws {
    let settings = try Self.settings()
    #expect(settings.model == "m" && settings.rows == ["rows.jsonl"])
    #expect(settings.learningRate == 1e-6 && settings.schedule == .linear && settings.epochs == 3)
    #expect(settings.maximumLength == 1024 && settings.loggingSteps == 10 && settings.saveSteps == 500)
    #expect(settings.maximumGradientNorm == 1 && settings.batchSize == 8 && settings.weightDecay == 0)
    #expect(
      settings.beta1 == 0.9 && settings.beta2 == 0.999 && settings.epsilon == 1e-8 && settings.seed == 42)
  }

  @Test func `nested keys, lists, null and dotted overrides`() throws {
    let settings = try Self.settings(
      "references: 'base', save_steps: null, eval_steps: 0, loss_type: ['sigmoid', 'sft'], loss_weights: [1, 0.5]",
      overrides: [
        ("dataset.eval_fraction", "0.1"), ("learning_rate", "1e-4"), ("output_dir", "2024"),
        ("shuffle", "false"),
      ])
    #expect(settings.references == ["base"] && settings.saveSteps == nil && settings.evaluationSteps == 0)
    #expect(settings.lossType == ["sigmoid", "sft"] && settings.lossWeights == [1, 0.5])
    #expect(settings.evaluationFraction == 0.1 && settings.learningRate == 1e-4)
    #expect(settings.outputDirectory == "2024" && !settings.shuffles && settings.rows == ["rows.jsonl"])
  }

  @Test func `files are mixed as a list of paths or of objects`() throws {
    let plain = try RunFile(text: "{model_name_or_path: 'm', dataset: ['a.jsonl', 'b.jsonl']}").settings()
    #expect(plain.rows == ["a.jsonl", "b.jsonl"] && plain.rowFractions == nil && plain.formats == nil)
    let shares = try RunFile(
      text:
        "{model_name_or_path: 'm', datasets: [{path: 'a', fraction: 0.7}, {path: 'b', fraction: 0.3, format: 'alpaca'}]}"
    ).settings()
    #expect(shares.rows == ["a", "b"] && shares.rowFractions == [0.7, 0.3])
    #expect(shares.formats == ["none", "alpaca"])
    let flat = try RunFile(
      text: "{model_name_or_path: 'm', dataset: {path: ['a', 'b'], fraction: [1, 3], format: 'paired'}}"
    ).settings()
    #expect(flat.rowFractions == [1, 3] && flat.formats == ["paired"])
  }

  @Test(arguments: [
    (
      "[{path: 'a', fraction: 0.5}, 'b']",
      "'dataset.fraction' gives one share for 2 files; give every file a fraction, or none"
    ),
    (
      "[{path: 'a', fraction: 0}, {path: 'b', fraction: 1}]",
      "'dataset.fraction' must be positive, not 0.0; leave a file out that takes no part"
    ),
    (
      "{path: ['a', 'b'], format: ['alpaca', 'paired', 'ranked']}",
      "'dataset.format' gives 3 formats for 2 files; give one, or one for each"
    ),
    ("['-', '-']", "'dataset.path' reads standard input twice"),
    ("{path: []}", "'dataset.path' names no file"),
    ("{path: 'a', date: '2024-13-01'}", "'dataset.date' must be a day such as 2024-07-06, not '2024-13-01'"),
  ]) func `a mixture that does not fit together is refused`(_ dataset: String, _ sentence: String) {
    #expect(throws: RunFileError([sentence])) {
      try RunFile(text: "{model_name_or_path: 'm', dataset: \(dataset)}").settings()
    }
  }

  @Test func `a loss may be written as objects`() throws {
    let settings = try Self.settings(
      "loss: [{name: 'dpo', beta: 0.2, weight: 0.7}, {name: 'sft', weight: 0.3}]")
    #expect(settings.loss == "0.7*dpo(beta=0.2) + 0.3*sft")
  }

  @Test(arguments: [
    ("learning_rat: 1", "unknown key 'learning_rat'; did you mean 'learning_rate'?"),
    ("max_lenght: 5", "unknown key 'max_lenght'; did you mean 'max_length'?"),
    ("adam_beta1: 1", "'adam_beta1' must be in [0, 1), not 1"),
    ("per_device_train_batch_size: 0", "'per_device_train_batch_size' must be ≥ 1, not 0"),
    ("max_steps: 0", "'max_steps' must be -1 or ≥ 1, not 0"),
    (
      "warmup_steps: 3, warmup_ratio: 0.1",
      "'warmup_steps' and 'warmup_ratio' both say how long to warm up; keep one"
    ),
    (
      "loss: 'dpo', loss_type: 'sigmoid'",
      "'loss' and 'loss_type' both state the objective; write it all in 'loss', as in \"dpo(beta=0.1)\", or leave "
        + "'loss' out"
    ),
    (
      "loss: 'dpo', beta: 0.2",
      "'loss' and 'beta' both state the objective; write it all in 'loss', as in \"dpo(beta=0.1)\", or leave "
        + "'loss' out"
    ),
    ("use_peft: false, lora: {r: 8}", "'use_peft: false' and 'lora.r' contradict each other; keep one"),
    ("lora: {r: 0}", "'lora.r' must be ≥ 1, not 0"),
    ("lora: {rank: 8}", "unknown key 'lora.rank'; did you mean 'lora.r'?"),
    (
      "lora: {adapter: 'a', alpha: 3}",
      "'lora.adapter' brings its own shape; leave out 'lora.alpha'"
    ),
    (
      "use_peft: true, sync_ref_model: true",
      "'sync_ref_model' moves all weights of a reference, but only an adapter is trained; leave one out"
    ),
    ("ref_model_sync_steps: 4", "'ref_model_sync_steps' is read only with 'sync_ref_model: true'"),
    ("optim: 'sgd', adam_beta1: 0.8", "'adam_beta1' is not read by optim 'sgd'"),
    ("eval_steps: 5", "'eval_steps' needs held-out rows: 'dataset.eval_path' or 'dataset.eval_fraction'"),
    (
      "lr_scheduler_type: 'constant', warmup_steps: 5",
      "lr_scheduler_type 'constant' has no warm-up; use 'constant_with_warmup'"
    ),
    (
      "lr_scheduler_type: 'cosine', lr_scheduler_kwargs: {power: 2}",
      "'lr_scheduler_kwargs.power' is not read by lr_scheduler_type 'cosine'"
    ),
    (
      "lr_scheduler_type: 'polynomial', learning_rate: 1e-8",
      "lr_scheduler_type 'polynomial' ends at 1e-07, which must be below 'learning_rate'; set "
        + "'lr_scheduler_kwargs.lr_end'"
    ),
    (
      "lr_scheduler_type: 'cosine_with_min_lr'",
      "lr_scheduler_type 'cosine_with_min_lr' needs one of 'lr_scheduler_kwargs.min_lr' and "
        + "'lr_scheduler_kwargs.min_lr_rate'"
    ),
    (
      "lr_scheduler_type: 'cosine_with_min_lr', lr_scheduler_kwargs: {min_lr: 1}",
      "'lr_scheduler_kwargs.min_lr' must not be above 'learning_rate'"
    ),
  ])
  func `refuses`(_ lines: String, _ sentence: String) {
    #expect(throws: RunFileError([sentence])) { try Self.settings(lines) }
  }

  @Test func `knobs of a schedule are learning rates, as transformers spells them`() throws {
    let file = try RunFile(
      text: """
        {model_name_or_path: 'm', dataset: 'd', learning_rate: 1e-2, lr_scheduler_type: 'polynomial',
         lr_scheduler_kwargs: {power: 2, lr_end: 1e-3}}
        """)
    let schedule = try RunRequest(file, in: .builtin).schedule
    for (step, rate) in [1e-2, 0.0060625, 0.00325, 0.0015625].enumerated() {
      #expect(abs(schedule.learningRate(step: step, of: 4) - rate) < 1e-15)
    }
  }

  @Test func `names every mistake at once`() {
    let error = #expect(throws: RunFileError.self) {
      try RunFile(text: "{model: 'm', learning_rate: 'fast', seed: -1, warmup_steps: 1, warmup_ratio: 0.5}")
        .settings()
    }
    #expect(error?.problems.count == 6)
    #expect("\(error.map(String.init(describing:)) ?? "")".hasPrefix("6 mistakes\n  - "))
  }

  @Test func `says where the JSON breaks`() {
    let error = #expect(throws: RunFileError.self) {
      try RunFile(text: "{\n  a: 1,\n  b 2\n}", path: "run.json5")
    }
    #expect(error?.description == "run.json5: not JSON5: line 3, column 5: ':' is missing behind 'b'")
  }
}

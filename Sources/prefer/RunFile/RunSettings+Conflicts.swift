// Rules across several keys: what excludes, what needs, and what would never be read.

import ChatTemplates
import Configuration
import Optimizers
import PreferenceData

extension RunSettings {
  /// Every conflict between the keys that were given, each a sentence.
  func conflicts(given: Set<String>) -> [String] {
    missing(given) + mixture(given) + exclusive(given) + unread(given) + scheduleConflicts(given: given)
      + adapterConflicts(given: given)
  }

  private func missing(_ given: Set<String>) -> [String] {
    ["model_name_or_path", "dataset.path"].filter { !given.contains($0) }.map { "'\($0)' is missing" }
  }

  /// What does not fit together in a mixture of files.
  private func mixture(_ given: Set<String>) -> [String] {
    guard given.contains("dataset.path") else { return [] }
    var problems: [String] = []
    if rows.isEmpty { problems.append("'dataset.path' names no file") }
    let files = rows.count == 1 ? "one file" : "\(rows.count) files"
    if let shares = rowFractions, shares.count != rows.count {
      problems.append(
        "'dataset.fraction' gives \(shares.count == 1 ? "one share" : "\(shares.count) shares") for \(files); give "
          + "every file a fraction, or none")
    }
    if evaluationRows?.isEmpty == true { problems.append("'dataset.eval_path' names no file") }
    if let share = rowFractions?.first(where: { !($0 > 0 && $0.isFinite) }) {
      problems.append(
        "'dataset.fraction' must be positive, not \(share); leave a file out that takes no part")
    }
    if let formats, formats.count != 1, formats.count != rows.count {
      problems.append(
        "'dataset.format' gives \(formats.count) formats for \(files); give one, or one for each")
    }
    if let day = templateDay, TemplateDate(day: day) == nil {
      problems.append("'dataset.date' must be a day such as 2024-07-06, not '\(day)'")
    }
    if (rows + (evaluationRows ?? [])).count(where: { $0 == "-" }) > 1 {
      problems.append("'dataset.path' reads standard input twice")
    }
    return problems
  }

  private func exclusive(_ given: Set<String>) -> [String] {
    var problems: [String] = []
    if given.isSuperset(of: ["warmup_steps", "warmup_ratio"]) {
      problems.append("'warmup_steps' and 'warmup_ratio' both say how long to warm up; keep one")
    }
    if given.isSuperset(of: ["dataset.eval_path", "dataset.eval_fraction"]) {
      problems.append("'dataset.eval_path' and 'dataset.eval_fraction' both say what is held out; keep one")
    }
    let spelledByTRL = given.intersection(Self.objectiveKeys).sorted()
    if given.contains("loss"), !spelledByTRL.isEmpty {
      let quoted = spelledByTRL.map { "'\($0)'" }.joined(separator: ", ")
      problems.append(
        "'loss' and \(quoted) both state the objective; write it all in 'loss', as in \"dpo(beta=0.1)\", or "
          + "leave 'loss' out")
    }
    if maximumSteps == 0 { problems.append("'max_steps' must be -1 or ≥ 1, not 0") }
    if syncsReference, precomputesReferences == true {
      problems.append(
        "'precompute_ref_log_probs' needs references that stand still; 'sync_ref_model' moves them")
    }
    return problems
  }

  /// Knobs that nothing would read under the other settings.
  private func unread(_ given: Set<String>) -> [String] {
    var problems: [String] = []
    if !syncsReference {
      for key in ["ref_model_mixup_alpha", "ref_model_sync_steps"] where given.contains(key) {
        problems.append("'\(key)' is read only with 'sync_ref_model: true'")
      }
    }
    if schedule == .constant, warmupSteps > 0 || (warmupRatio ?? 0) > 0 {
      problems.append(
        "lr_scheduler_type 'constant' has no warm-up; use 'constant_with_warmup'")
    }
    if optimizer.hasPrefix("sgd") {
      for key in ["adam_beta1", "adam_beta2", "adam_epsilon"] where given.contains(key) {
        problems.append("'\(key)' is not read by optim '\(optimizer)'")
      }
    }
    if (evaluationSteps ?? 0) > 0, evaluationRows == nil, (evaluationFraction ?? 0) == 0 {
      problems.append("'eval_steps' needs held-out rows: 'dataset.eval_path' or 'dataset.eval_fraction'")
    }
    if (saveSteps ?? 0) == 0, given.contains("save_total_limit") {
      problems.append("'save_total_limit' is not read when 'save_steps' is 0")
    }
    return problems
  }

  /// TRL's spelling of the objective.
  static let objectiveKeys: Set<String> = [
    "loss_type", "loss_weights", "beta", "label_smoothing", "use_weighting", "ld_alpha", "f_divergence_type",
    "f_alpha_divergence_coef", "discopop_tau",
  ]

  /// Whether any of TRL's keys was given.
  var spellsObjectiveAsTRL: Bool { !objectiveKeysGiven.isEmpty }

  /// TRL's keys that were given, quoted.
  var objectiveKeysGiven: String {
    let defaults = RunSettings()
    return Self.keys.fields.filter { field in
      Self.objectiveKeys.contains(field.name) && field.read(self) != field.read(defaults)
    }.map { "'\($0.name)'" }.joined(separator: ", ")
  }

  /// The objective as TRL spells it, where it was given so.
  var objective: TRLObjective {
    var objective = TRLObjective()
    if let lossType { objective.lossTypes = lossType }
    (objective.lossWeights, objective.beta, objective.labelSmoothing) = (lossWeights, beta, labelSmoothing)
    (objective.usesWeighting, objective.lengthAlpha) = (usesWeighting, lengthAlpha)
    (objective.divergence, objective.divergenceAlpha) = (divergence, divergenceAlpha)
    objective.discopopTau = discopopTau
    return objective
  }
}

// The loss a run minimises, however it was spelled.

import Configuration
import PreferenceCore

/// A resolved loss with its canonical spelling.
struct Objective: Sendable {
  /// What is minimised.
  let loss: any PreferenceLoss
  /// Every hyperparameter written out.
  let expression: Expression
  /// How TRL's spelling was understood, where it was used.
  let translation: String?

  /// Resolves an expression.
  ///
  /// - Throws: `ConfigurationError` for every mistake in it.
  init(_ text: String, in registry: LossRegistry) throws(ConfigurationError) {
    loss = try registry.resolve(text)
    expression = try registry.canonical(text, includingDefaults: true)
    translation = nil
  }

  /// Resolves what a run file says: `loss`, or TRL's keys, or neither, which is `dpo`.
  ///
  /// - Throws: `RunFileError` with a sentence for each mistake.
  init(_ settings: RunSettings, in registry: LossRegistry) throws(RunFileError) {
    let isTRL = settings.loss == nil && settings.spellsObjectiveAsTRL
    let text =
      isTRL
      ? try settings.objective.expression(known: Set(registry.entries.keys)).get() : settings.loss ?? "dpo"
    do throws(ConfigurationError) {
      loss = try registry.resolve(text)
      expression = try registry.canonical(text, includingDefaults: true)
    } catch {
      throw RunFileError(error.problems.map(\.description))
    }
    translation = isTRL ? "TRL's \(settings.objectiveKeysGiven) means loss: \"\(text)\"" : nil
  }

  /// The references to load: those that were asked for, or as many as the loss needs.
  ///
  /// - Throws: `RunFileError` when the loss takes another number.
  func references(_ asked: [String]?) throws(RunFileError) -> [String] {
    let takes = loss.requirements.references
    let names = asked ?? (takes.lowerBound == 0 ? [] : ["base"])
    guard takes.contains(names.count) else {
      let mismatch = TrainingError.referenceCount(
        loss: type(of: loss).card.name, takes: takes, given: names.count)
      throw RunFileError(["\(mismatch); name them in 'references'"])
    }
    return names
  }
}

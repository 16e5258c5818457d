// What a run file asks for, with every expression resolved: nothing has been opened yet.

import Configuration
import Optimizers
import PreferenceCore

/// A checked run file.
struct RunRequest: Sendable {
  /// Every key.
  let settings: RunSettings
  /// What is minimised.
  let objective: Objective
  /// `base` or directories, as many as the loss takes.
  let references: [String]
  /// How gradients move weights.
  let optimizer: any Optimizer
  /// The optimizer's canonical spelling.
  let optimizerText: String

  /// Resolves a run file.
  ///
  /// - Throws: `RunFileError` with every mistake: of keys, of values, of the loss, of the optimizer.
  init(_ file: RunFile, in registry: LossRegistry) throws(RunFileError) {
    var (settings, problems) = file.read()
    var objective: Objective?
    var references: [String] = []
    do throws(RunFileError) {
      let registry = try registry.defining(settings, from: "this run")
      let resolved = try Objective(settings, in: registry)
      objective = resolved
      references = try resolved.references(settings.references)
    } catch {
      problems += error.problems.map { problem in (error.path.map { $0 + ": " } ?? "") + problem }
    }
    var optimizer: (rule: any Optimizer, text: String)?
    do throws(RunFileError) {
      optimizer = try Self.optimizer(settings, given: Set(file.given.keys))
    } catch {
      problems += error.problems
    }
    guard problems.isEmpty, let objective, let optimizer else {
      throw RunFileError(problems, path: file.path)
    }
    if settings.references == nil { settings.references = references }
    (self.settings, self.objective, self.references) = (settings, objective, references)
    (self.optimizer, optimizerText) = (optimizer.rule, optimizer.text)
  }

  /// transformers' names for AdamW.
  private static let namesOfAdamW: Set<String> = ["adamw", "adamw_torch", "adamw_torch_fused", "adamw_hf"]

  /// The optimizer with the run file's own keys put into its expression.
  private static func optimizer(
    _ settings: RunSettings, given: Set<String>
  ) throws(RunFileError) -> (rule: any Optimizer, text: String) {
    do {
      var expression = try Expression(parsing: settings.optimizer)
      if case .named(let name, var arguments) = expression {
        let isAdamW = namesOfAdamW.contains(name)
        var keys = [("weight_decay", "weight_decay", settings.weightDecay)]
        if isAdamW {
          keys += [
            ("adam_beta1", "beta1", settings.beta1), ("adam_beta2", "beta2", settings.beta2),
            ("adam_epsilon", "epsilon", settings.epsilon),
          ]
        }
        for (key, argument, value) in keys {
          if !arguments.contains(where: { $0.name == argument }) {
            arguments.append(Argument(argument, .number(value)))
          } else if given.contains(key) {
            throw RunFileError(["'\(key)' and optim '\(settings.optimizer)' both set \(argument); keep one"])
          }
        }
        expression = .named(isAdamW ? "adamw" : name, arguments)
      }
      return (try OptimizerRegistry().resolve(expression.description), expression.description)
    } catch let error as RunFileError {
      throw error
    } catch {
      throw RunFileError(["'optim': \(error)"])
    }
  }

  /// How many optimizer steps the run has.
  ///
  /// - Parameter stepsPerEpoch: steps that go through the rows once.
  func totalSteps(stepsPerEpoch: Int) -> Int {
    if settings.maximumSteps > 0 { return settings.maximumSteps }
    return max(1, Int((settings.epochs * Double(stepsPerEpoch)).rounded(.up)))
  }
}

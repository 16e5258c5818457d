// What the process tells the shell, decided in one place for every kind of error.

import Checkpoints
import CommandLineTool
import Configuration
import Foundation
import LossConformance
import PluginLoading
import PreferenceCore
import PreferenceData

/// The exit codes of `prefer`.
enum ExitCode: Int32, Sendable, CaseIterable {
  /// Done.
  case success = 0
  /// Failed while running.
  case failure = 1
  /// Wrong command line or run file.
  case usage = 2
  /// Data rejected.
  case rejectedRows = 3
  /// Loss or gradient not finite.
  case notFinite = 4
  /// Checkpoint or resume mismatch.
  case mismatch = 5
  /// A conformance law is broken.
  case brokenLaw = 6
  /// A plugin library cannot be loaded.
  case plugin = 7
  /// Interrupted by SIGINT, after the checkpoint was saved.
  case interrupted = 130
  /// Interrupted by SIGTERM, after the checkpoint was saved.
  case terminated = 143
}

/// A command that ended otherwise than asked, with the sentence that goes to standard error.
struct CommandFailure: Error, Sendable, CustomStringConvertible {
  let code: ExitCode
  let description: String

  init(_ code: ExitCode, _ description: String) { (self.code, self.description) = (code, description) }
}

/// Every kind of error the package throws, as an exit code and a sentence.
enum Failure {
  /// The exit code of `error`.
  static func code(_ error: any Error) -> ExitCode {
    switch error {
    case let failure as CommandFailure: failure.code
    case is UsageError, is RunFileError, is ConfigurationError, is HyperparameterError, is SyntaxError: .usage
    case is DataError: .rejectedRows
    case is ConformanceFailure: .brokenLaw
    case is PluginLoadingError: .plugin
    case CheckpointError.mismatch: .mismatch
    case let error as TrainingError: code(of: error)
    default: .failure
    }
  }

  private static func code(of error: TrainingError) -> ExitCode {
    switch error {
    case .unsupported, .referenceCount, .notRefreshable: .usage
    case .notFinite: .notFinite
    case .empty: .rejectedRows
    case .state: .mismatch
    case .stopped(_, let reason): code(reason)
    case .scoring: .failure
    }
  }

  /// The sentence for `error`.
  static func sentence(_ error: any Error) -> String {
    // Errors of this package describe themselves; those of Foundation are best read localized.
    if type(of: error) is NSError.Type || error is CocoaError {
      return (error as NSError).localizedDescription
    }
    return "\(error)"
  }
}

// `output_dir`: what a run leaves on disk while it goes on and when it is over.

public import Foundation
import Optimizers
public import PreferenceCore
import Safetensors

/// A run's folder.
///
/// Holds `run.json`, `trainer_log.jsonl`, `trainer_state.json`, `checkpoint-N/` and whatever the caller puts beside
/// them. Everything in it appears whole or not at all.
public struct RunDirectory: Sendable {
  /// Where it is.
  public let path: String
  /// What the run is made of.
  public let description: RunDescription
  /// How many checkpoints to keep; `nil` keeps all.
  public var limit: Int?

  /// Makes the folder where it is missing, removes what a killed run left unfinished, and writes `run.json`.
  ///
  /// - Throws: ``CheckpointError/notWritten(path:reason:)``.
  public init(
    _ path: String, description: RunDescription, keeping limit: Int? = nil
  ) throws(CheckpointError) {
    (self.path, self.description, self.limit) = (path, description, limit)
    try DurableFile.makeFolder(path)
    for name in DurableFile.names(in: path) where Self.isUnfinished(name) {
      try? FileManager.default.removeItem(atPath: path + "/" + name)
    }
  }

  /// Writes `run.json`; done once the run is known to be allowed to start or to go on.
  public func writeDescription() throws(CheckpointError) {
    try DurableFile.write(description.page, to: path + "/run.json")
  }

  /// Opens `trainer_log.jsonl` with the lines of `state` and nothing else.
  public func log(continuing state: TrainerState = TrainerState()) throws(CheckpointError) -> RunLog {
    try RunLog(path + "/trainer_log.jsonl", continuing: state.history)
  }

  /// Complete checkpoints by step, oldest first.
  public var checkpoints: [(step: Int, path: String)] {
    DurableFile.names(in: path).compactMap { name in
      guard name.hasPrefix("checkpoint-"), let step = Int(name.dropFirst("checkpoint-".count)) else {
        return nil
      }
      return (step, path + "/" + name)
    }
    .sorted { $0.step < $1.step }
  }

  /// Writes `checkpoint-<step>`, then removes the oldest ones beyond the limit.
  ///
  /// - Parameters:
  ///   - trainer: what is saved.
  ///   - plan: the run's, for `trainer_state.json`.
  ///   - epoch: how often the data has been gone through.
  ///   - writingModel: writes the model's own files into the given folder, weights under the names of the policy's
  ///     parameters. Those it does not store in full precision are added in `trained.safetensors`.
  /// - Returns: the checkpoint's path.
  /// - Throws: ``CheckpointError/notWritten(path:reason:)``; earlier checkpoints are then untouched.
  @discardableResult
  public func save(
    _ trainer: Trainer, plan: RunPlan, epoch: Double, writingModel: (URL) throws -> Void
  ) throws(CheckpointError) -> String {
    let step = trainer.state.step
    let writer = try CheckpointWriter(in: path, step: step)
    let destination = writer.destination.path
    do {
      try writingModel(writer.folder)
      try CheckpointTensors.write(trainer, to: writer.folder)
    } catch let error as CheckpointError { throw error } catch {
      throw .notWritten(path: destination, reason: "\(error)")
    }
    try writer.write(JSONText.of(savedState(of: trainer)), named: "prefer_state.json")
    try writer.write(statePage(trainer.state, plan, epoch), named: "trainer_state.json")
    try writer.commit()
    prune(keeping: step)
    return destination
  }

  /// Writes `trainer_state.json` at the end of the run.
  public func writeTrainerState(_ state: TrainerState, plan: RunPlan, epoch: Double) throws(CheckpointError) {
    try DurableFile.write(statePage(state, plan, epoch), to: path + "/trainer_state.json")
  }

  /// Writes `nonfinite-<step>.json` and returns its path.
  public func write(_ report: NonFiniteReport) throws(CheckpointError) -> String {
    let place = path + "/nonfinite-\(report.step).json"
    try DurableFile.write(JSONText.of(report), to: place)
    return place
  }

  /// Continues from the newest checkpoint: fills the policy's weights, the optimizer's buffers, references that
  /// follow the policy, and the trainer's state.
  ///
  /// - Returns: the checkpoint's path; `nil` where there is none yet, and the run starts from the beginning.
  /// - Throws: ``CheckpointError/mismatch(path:differences:)`` before anything was filled.
  @discardableResult
  public func resume(_ trainer: Trainer) throws(CheckpointError) -> String? {
    guard let newest = checkpoints.last else { return nil }
    let file = newest.path + "/prefer_state.json"
    let saved: SavedState = try JSONText.read(file)
    guard saved.format == SavedState.currentFormat
    else {
      throw .notRead(path: file, problem: "has format \(saved.format), which this version does not know")
    }
    var differences = description.differences(from: saved.description)
    let now = savedState(of: trainer)
    if trainer.options.refresh == nil {
      for (index, pair) in zip(saved.referenceFingerprints, now.referenceFingerprints).enumerated()
      where pair.0 != pair.1 {
        differences.append("the weights of reference \(index + 1) have changed")
      }
    }
    if saved.referenceFingerprints.count != now.referenceFingerprints.count {
      differences.append(
        "there were \(saved.referenceFingerprints.count) references, now there are "
          + "\(now.referenceFingerprints.count)")
    }
    guard differences.isEmpty else { throw .mismatch(path: newest.path, differences: differences) }
    try CheckpointTensors.read(into: trainer, from: newest.path)
    trainer.resume(from: saved.trainer)
    guard savedState(of: trainer).policyFingerprint == saved.policyFingerprint else {
      throw .notRead(path: newest.path, problem: "holds weights that are not the ones that were saved")
    }
    return newest.path
  }

  private func savedState(of trainer: Trainer) -> SavedState {
    SavedState(
      description: description, trainer: trainer.state,
      policyFingerprint: Self.digits(trainer.policy.parameters.fingerprint),
      referenceFingerprints: trainer.references.map { reference in
        (reference as? any RefreshableScorer).map { Self.digits($0.fingerprint) }
      })
  }

  private func statePage(_ state: TrainerState, _ plan: RunPlan, _ epoch: Double) -> String {
    TransformersState.page(state, plan, description.settings, epoch: epoch)
  }

  /// Removes the oldest checkpoints beyond the limit, never the one just written.
  private func prune(keeping step: Int) {
    guard let limit, limit > 0 else { return }
    let others = checkpoints.filter { $0.step != step }
    for checkpoint in others.dropLast(limit - 1) {
      try? FileManager.default.removeItem(atPath: checkpoint.path)
    }
  }

  private static func isUnfinished(_ name: String) -> Bool {
    name.hasSuffix(".partial") || name.contains(".partial-")
  }

  private static func digits(_ fingerprint: UInt64) -> String { String(fingerprint, radix: 16) }
}

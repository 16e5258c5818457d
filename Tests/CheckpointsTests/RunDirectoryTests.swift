// What is on disk during a run: whole checkpoints, a log by the line, and nothing half-done.

import Checkpoints
import Foundation
import Optimizers
import PreferenceCore
import PreferenceTestSupport
import Testing

@Suite struct RunDirectoryTests {
  @Test func `keeps the newest checkpoints and no others`() throws {
    let folder = try TemporaryFolder()
    try TinyRun(folder: folder.path, limit: 2).go()
    #expect(folder.names == ["checkpoint-10", "checkpoint-11", "run.json", "trainer_log.jsonl"])
  }

  @Test func `removes what a killed run left unfinished`() throws {
    let folder = try TemporaryFolder()
    for name in ["checkpoint-4.partial", "checkpoint-6.replaced.partial", "checkpoint-2"] {
      try FileManager.default.createDirectory(
        atPath: folder.path + "/" + name, withIntermediateDirectories: true)
    }
    try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path + "/run.json.partial-77"))
    let directory = try RunDirectory(folder.path, description: TinyRun.description)
    #expect(folder.names == ["checkpoint-2"])
    #expect(directory.checkpoints.map(\.step) == [2])
  }

  @Test func `a writer that is dropped leaves nothing behind`() throws {
    let folder = try TemporaryFolder()
    do {
      let writer = try CheckpointWriter(in: folder.path, step: 3)
      try writer.write("half", named: "a.json")
      #expect(folder.names == ["checkpoint-3.partial"])
    }
    #expect(folder.names == [])
    let writer = try CheckpointWriter(in: folder.path, step: 3)
    try writer.write("whole", named: "a.json")
    try writer.commit()
    #expect(folder.names == ["checkpoint-3"])
    #expect(folder.text("checkpoint-3/a.json") == "whole")
  }

  @Test func `a checkpoint of the same step is replaced whole`() throws {
    let folder = try TemporaryFolder()
    for text in ["old", "new"] {
      let writer = try CheckpointWriter(in: folder.path, step: 3)
      try writer.write(text, named: text + ".json")
      try writer.commit()
    }
    #expect(folder.names == ["checkpoint-3"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/checkpoint-3") == ["new.json"])
  }

  /// The disk is really full: temporary files of the checkpoint are links to a device that refuses every byte.
  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")),
    arguments: ["trained.safetensors", "optimizer.safetensors", "prefer_state.json", "trainer_state.json"])
  func `a full disk is told, and the checkpoint before is whole`(_ file: String) throws {
    let folder = try TemporaryFolder()
    var run = TinyRun(folder: folder.path)
    run.writingModel = { url, _ in
      guard url.lastPathComponent == "checkpoint-4.partial" else { return }
      let link = url.appendingPathComponent("\(file).partial-\(getpid())").path
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/dev/full")
    }
    var message = ""
    do { try run.go() } catch { message = "\(error)" }
    #expect(message.hasPrefix("'\(folder.path)/checkpoint-4"), "\(message)")
    #expect(message.contains("no space left on device"), "\(message)")
    #expect(
      message.hasSuffix("earlier checkpoints are untouched: make room, then continue with --resume"),
      "\(message)")
    #expect(folder.names == ["checkpoint-2", "run.json", "trainer_log.jsonl"])
    run.writingModel = { _, _ in }
    let alone = try TemporaryFolder()
    #expect(try run.go(resuming: true).scores == TinyRun(folder: alone.path).go().scores)
  }

  @Test func `a line of the log is on disk at once, in a fixed order`() throws {
    let folder = try TemporaryFolder()
    let log = try RunLog(folder.path + "/log.jsonl", continuing: [LogEntry(step: 1, values: ["loss": 0.5])])
    try log.append(LogEntry(step: 2, values: ["rewards/margins": 1, "loss": 0.25, "eval_x": .infinity]))
    #expect(
      folder.text("log.jsonl")
        == "{\"step\": 1, \"loss\": 0.5}\n{\"step\": 2, \"loss\": 0.25, \"eval_x\": null, \"rewards/margins\": 1.0}\n"
    )
  }

  @Test func `trainer_state.json has transformers' keys`() throws {
    let folder = try TemporaryFolder()
    try TinyRun(folder: folder.path).go()
    let text = folder.text("checkpoint-10/trainer_state.json")
    let read = try JSONDecoder().decode([String: SettingValue].self, from: Data(text.utf8))
    #expect(
      read.keys.sorted() == [
        "best_global_step", "best_metric", "best_model_checkpoint", "epoch", "eval_steps", "global_step",
        "is_hyper_param_search", "is_local_process_zero", "is_world_process_zero", "log_history",
        "logging_steps", "max_steps", "num_input_tokens_seen", "num_train_epochs", "save_steps",
        "stateful_callbacks", "total_flos", "train_batch_size", "trial_name", "trial_params",
      ])
    #expect(read["global_step"] == 10 && read["max_steps"] == 11 && read["num_train_epochs"] == 3)
    guard case .array(let history)? = read["log_history"], case .object(let first)? = history.first else {
      Issue.record("log_history is not a list of objects")
      return
    }
    #expect(history.count == 5)
    #expect(first["step"] == 3 && first["loss"] != nil && first["learning_rate"] != nil)
  }

  @Test func `run.json holds what the run was made of`() throws {
    let folder = try TemporaryFolder()
    try RunDirectory(folder.path, description: TinyRun.description).writeDescription()
    let read = try JSONDecoder().decode(RunDescription.self, from: Data(folder.text("run.json").utf8))
    #expect(read == TinyRun.description)
    #expect(read.differences(from: TinyRun.description) == [])
  }

  @Test(arguments: RunDescription.freeSettings.sorted())
  func `a resumed run may change`(_ setting: String) {
    var other = TinyRun.description
    other.settings[setting] = "else"
    #expect(other.differences(from: TinyRun.description) == [])
  }

  @Test func `what was not finite is written down with its numbers`() throws {
    let folder = try TemporaryFolder()
    let policy = TabularPolicy(tokens: 2, scores: [.nan, 0])
    let trainer = try Trainer(
      policy, references: [TabularPolicy(tokens: 2)], loss: RememberingLoss(), optimizer: SGD())
    let directory = try RunDirectory(folder.path, description: TinyRun.description)
    do {
      try trainer.step([TokenBatch(pairs: [TinyPair([0], [1], over: [0])])], learningRate: 0.1)
      Issue.record("not refused")
    } catch {
      guard case .notFinite(let report) = error else { throw error }
      #expect(try directory.write(report) == folder.path + "/nonfinite-1.json")
    }
    let text = folder.text("nonfinite-1.json")
    #expect(text.contains("\"log-probability\" : [\n          \"NaN\"\n        ]"), "\(text)")
    #expect(text.contains("\"tokens\" : [\n        1\n      ]"), "\(text)")
  }
}

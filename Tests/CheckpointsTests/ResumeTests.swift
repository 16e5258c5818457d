// A run that is killed anywhere and resumed ends with the same bytes as one that was left alone.

import Checkpoints
import Foundation
import Optimizers
import PreferenceCore
import PreferenceTestSupport
import Safetensors
import Testing

/// A folder that is gone when the test is.
final class TemporaryFolder {
  let path: String
  init() throws {
    // In memory where there is such a place: these tests wait for the disk hundreds of times otherwise.
    let memory = "/dev/shm/"
    let base = FileManager.default.isWritableFile(atPath: memory) ? memory : NSTemporaryDirectory()
    path = base + "prefer-\(UInt64.random(in: 0...UInt64.max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func text(_ name: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path + "/" + name) ?? Data(), as: UTF8.self)
  }
  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// DPO with a memory, so that a loss's state has to survive as well.
struct RememberingLoss: PairwiseLoss {
  static let card = LossCard("remembering", "DPO.", formula: "−log σ(β(h − m))", source: "these tests")
  static let hyperparameters: Schema<Self> = []
  func losses(_ pairs: ScoredPairs, _ context: inout LossContext) -> Tensor {
    context.remember("margin", stopGradient(pairs.margin), as: .moving(momentum: 0.9))
    return -logSigmoid(0.5 * (pairs.margin - (context.remembered("margin") ?? 0)))
  }
}

/// A run on a tabular policy, from nothing or from what is on disk.
struct TinyRun {
  /// Stands for SIGKILL: nothing more is written.
  struct Killed: Error {}
  private final class Killer: RunObserver {
    let step: Int?
    init(_ step: Int?) { self.step = step }
    func observe(_ event: RunEvent) throws {
      if case .stepped(let report) = event, report.step == step { throw Killed() }
    }
  }

  static let description = RunDescription(
    version: "0.1", settings: ["learning_rate": 0.05, "num_train_epochs": 3, "threads": 2],
    hashes: ["data": "aa", "model": "bb"], processor: ["avx2"])

  var folder: String
  var description = Self.description
  var refresh: ReferenceRefresh? = ReferenceRefresh(steps: 3, mixup: 0.5)
  var limit: Int?
  var optimizer: any Optimizer = AdamW()
  /// Writes the model's own files into a checkpoint.
  var writingModel: (URL, TabularPolicy) throws -> Void = { _, _ in }

  static func plan() -> RunPlan {
    var plan = RunPlan(totalSteps: 11, schedule: Schedule(.cosine, peak: 0.05, warmup: .steps(2)))
    (plan.loggingSteps, plan.evaluationSteps, plan.savingSteps) = (3, 5, 2)
    return plan
  }

  /// Trains, or goes on training; `kill` ends the process after that step, `stop` asks it to end.
  @discardableResult
  func go(resuming: Bool = false, kill: Int? = nil, stop: Int? = nil) throws -> TabularPolicy {
    let pairs = TinyPair.random(8, contexts: 3, tokens: 5, seed: 5)
    let batches = TinyBatches(pairs, perStep: 3, perMicroBatch: 2)
    let policy = TabularPolicy(contexts: 3, tokens: 5, scores: (0..<15).map { Float($0 % 4) / 3 })
    var options = TrainingOptions()
    options.refresh = refresh
    let directory = try RunDirectory(folder, description: description, keeping: limit)
    let relay = Relay()
    let trainer = try Trainer(
      policy, references: [policy.copy()], loss: RememberingLoss(), optimizer: optimizer, options: options,
      observers: [relay, Killer(kill)])
    if resuming { try directory.resume(trainer) }
    try directory.writeDescription()
    relay.log = try directory.log(continuing: trainer.state)
    let plan = Self.plan()
    try trainer.run(
      batches, plan: plan, evaluation: [TokenBatch(pairs: Array(pairs[0..<2]))],
      saving: { trainer in
        try directory.save(trainer, plan: plan, epoch: batches.epochs(after: trainer.state.step)) {
          try writingModel($0, policy)
        }
      },
      shouldStop: { trainer.state.step == stop })
    return policy
  }

  /// A log that can be opened after the trainer was made.
  private final class Relay: RunObserver {
    var log: RunLog?
    func observe(_ event: RunEvent) throws { try log?.observe(event) }
  }
}

@Suite struct ResumeTests {
  /// The log without its last line, which tells how long the run took.
  private func log(_ folder: TemporaryFolder) -> [Substring] {
    folder.text("trainer_log.jsonl").split(separator: "\n").filter { !$0.contains("train_runtime") }
  }

  @Test(arguments: [1, 2, 3, 5, 7, 8, 10])
  func `killed and resumed is the same run`(_ step: Int) throws {
    let (alone, killed) = (try TemporaryFolder(), try TemporaryFolder())
    let expected = try TinyRun(folder: alone.path).go()
    #expect(throws: TrainingError.self) { try TinyRun(folder: killed.path).go(kill: step) }
    #expect(throws: TrainingError.self) { try TinyRun(folder: killed.path).go(resuming: true, kill: 9) }
    let found = try TinyRun(folder: killed.path).go(resuming: true)
    #expect(found.scores.map(\.bitPattern) == expected.scores.map(\.bitPattern))
    #expect(log(killed) == log(alone))
    #expect(log(alone).count == 4 + 3)
    for name in ["trained", "optimizer", "reference-1"] {
      let file = "/checkpoint-11/\(name).safetensors"
      let (a, b) = (
        FileManager.default.contents(atPath: alone.path + file),
        FileManager.default.contents(atPath: killed.path + file)
      )
      #expect(a != nil && a == b, "\(name)")
    }
    #expect(killed.text("checkpoint-10/trainer_state.json") == alone.text("checkpoint-10/trainer_state.json"))
  }

  @Test func `stopped and resumed is the same run`() throws {
    let (alone, stopped) = (try TemporaryFolder(), try TemporaryFolder())
    let expected = try TinyRun(folder: alone.path, refresh: nil).go()
    try TinyRun(folder: stopped.path, refresh: nil).go(stop: 5)
    #expect(stopped.names.contains("checkpoint-5"))
    let found = try TinyRun(folder: stopped.path, refresh: nil).go(resuming: true)
    #expect(found.scores.map(\.bitPattern) == expected.scores.map(\.bitPattern))
    #expect(log(stopped) == log(alone))
  }

  @Test func `weights in the model's own files are not written twice`() throws {
    let folder = try TemporaryFolder()
    var run = TinyRun(folder: folder.path)
    run.writingModel = { url, policy in
      let weights = policy.parameters[0]
      try SafetensorsWriter.write(
        [SafetensorsTensor("scores", shape: weights.shape, floats: weights.values)],
        to: url.appendingPathComponent("model.safetensors").path)
    }
    let expected = try run.go()
    let saved = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/checkpoint-10").sorted()
    #expect(
      saved == [
        "model.safetensors", "optimizer.safetensors", "prefer_state.json", "reference-1.safetensors",
        "trainer_state.json",
      ])
    try FileManager.default.removeItem(atPath: folder.path + "/checkpoint-11")
    let found = try run.go(resuming: true)
    #expect(found.scores.map(\.bitPattern) == expected.scores.map(\.bitPattern))
  }

  @Test func `weights rounded by the model's own files are kept exactly beside them`() throws {
    let folder = try TemporaryFolder()
    var run = TinyRun(folder: folder.path)
    run.writingModel = { url, policy in
      let weights = policy.parameters[0]
      try SafetensorsWriter.write(
        [SafetensorsTensor("scores", shape: weights.shape, floats: weights.values, storedAs: .bfloat16)],
        to: url.appendingPathComponent("model.safetensors").path)
    }
    let expected = try run.go()
    try FileManager.default.removeItem(atPath: folder.path + "/checkpoint-11")
    #expect(try run.go(resuming: true).scores.map(\.bitPattern) == expected.scores.map(\.bitPattern))
  }

  @Test func `nothing to resume is a run from the beginning`() throws {
    let (alone, folder) = (try TemporaryFolder(), try TemporaryFolder())
    let expected = try TinyRun(folder: alone.path).go()
    #expect(try TinyRun(folder: folder.path).go(resuming: true).scores == expected.scores)
  }

  private func refusal(_ run: TinyRun) -> String {
    do {
      try run.go(resuming: true)
      return "accepted"
    } catch { return "\(error)" }
  }

  @Test func `refuses to continue another run, naming every difference`() throws {
    let folder = try TemporaryFolder()
    try TinyRun(folder: folder.path).go(stop: 4)
    var other = TinyRun(folder: folder.path)
    other.description = RunDescription(
      version: "0.2", settings: ["learning_rate": 0.1, "loss": "ipo", "threads": 7],
      hashes: ["data": "cc", "plugin libX.so": "dd"], processor: [])
    #expect(
      refusal(other)
        == "'\(folder.path)/checkpoint-4' was made by another run: prefer was 0.1, is now 0.2; "
        + "learning_rate was 0.05, is now 0.1; loss was not set, is now \"ipo\"; "
        + "num_train_epochs was 3, is now not set; the contents of the data have changed; "
        + "the run had a model, which is now missing; the run had no plugin libX.so; "
        + "put back what it was, or start over in another output_dir")
  }

  @Test func `a damaged checkpoint is noticed`() throws {
    let folder = try TemporaryFolder()
    try TinyRun(folder: folder.path).go(stop: 4)
    let path = folder.path + "/checkpoint-4/trained.safetensors"
    var bytes = try #require(FileManager.default.contents(atPath: path))
    bytes[bytes.count - 3] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    #expect(
      refusal(TinyRun(folder: folder.path))
        == "'\(folder.path)/checkpoint-4' holds weights that are not the ones that were saved; "
        + "remove that checkpoint to continue from the one before it")
    try bytes.prefix(bytes.count - 8).write(to: URL(fileURLWithPath: path))
    #expect(refusal(TinyRun(folder: folder.path)).contains("cannot be continued"))
  }

  @Test func `an optimizer with other buffers is noticed`() throws {
    let folder = try TemporaryFolder()
    try TinyRun(folder: folder.path, optimizer: SGD()).go(stop: 4)
    #expect(refusal(TinyRun(folder: folder.path)).contains("scores.exp_avg"))
  }
}
